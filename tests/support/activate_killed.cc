// `activate` that kills itself after the step of a switch whose number stands in the file
// /run/slipway-test-kill-step, and runs the program /run/slipway-test-step with the number of each
// step that is done: the same library, the same process in the same transient unit. For
// tests on real hosts alone; it is never installed.
#include <csignal>
#include <optional>
#include <string>

#include "activator/activate.h"
#include "base/file.h"
#include "base/process.h"
#include "base/tool.h"

int main(int argc, char** argv) {
  const auto observer = [](int step_done) {
    if (base::Exists("/run/slipway-test-step")) {
      base::Run({"/run/slipway-test-step", std::to_string(step_done)});
    }
    const std::optional<std::string> step = base::ReadFileIfThere("/run/slipway-test-kill-step");
    if (step && std::atoi(step->c_str()) == step_done) {
      ::raise(SIGKILL);
    }
  };
  return base::RunTool("activate", argc, argv, [&](const auto& arguments, const base::Io& io) {
    return activator::RunObservedActivate(arguments, io, observer);
  });
}

// Any text is a gate or an Error, and what is not granted in it is forbidden; so is any text that a
// client sends.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "activator/gate/gate.h"
#include "activator/gate/gate_command.h"
#include "base/error.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(data, data + size);
  try {
    for (const auto& [name, one] : activator::Gate::Parse(text, "gate.json").operators) {
      if (one.name != name || one.limits.max_bytes == 0 || one.Has("") || one.may.size() > 4) {
        std::abort();
      }
    }
  } catch (const base::Error&) {
  }
  try {
    const activator::GateCommand command = activator::ParseGateCommand(text);
    if (!text.starts_with("slipway-gate ") || command.protocol == 0 ||
        command.activation_id.find_first_of("-/ ") != std::string::npos ||
        command.application.starts_with('-') || command.report.size() > 3) {
      std::abort();
    }
  } catch (const base::Error&) {
  }
  return 0;
}

#include "builder/contents/program_machine.h"

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/machine.h"
#include "images/version/can_run.h"

namespace builder {
namespace {

constexpr size_t kLineBytes = 256;  // what Linux reads of a script
constexpr int kMaxInterpreters = 4;

// Of "#!/bin/sh -e"; "" where it is no script.
std::string InterpreterOf(std::string_view head) {
  constexpr std::string_view kBlanks = " \t";
  if (!head.starts_with("#!")) {
    return "";
  }
  std::string_view line = head.substr(2, head.find('\n') - 2);
  line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
  return std::string(line.substr(0, line.find_first_of(kBlanks)));
}

std::string MachineOfProgram(std::string path, const Tree& tree) {
  for (int i = 0; i <= kMaxInterpreters && path.starts_with('/'); ++i) {
    const Node* program = tree.Resolve(path);
    if (program == nullptr || program->kind != Node::Kind::kFile) {
      break;
    }
    const std::vector<uint8_t> head =
        program->Read(0, std::min<size_t>(kLineBytes, program->size_bytes));
    if (const base::Machine* machine = base::MachineOfProgram(head)) {
      return machine->name;
    }
    path = InterpreterOf(base::AsText(head));
  }
  return "";
}

}  // namespace

std::string MachineOfServices(const images::Services& services, const Tree& tree) {
  std::string out;
  std::string first;
  for (const auto& [name, service] : services) {
    const std::string machine =
        service.exec.empty() ? "" : MachineOfProgram(service.exec.front(), tree);
    if (machine.empty() || images::RunsProgramsOf(out, machine)) {
      continue;
    }
    if (!out.empty() && !images::RunsProgramsOf(machine, out)) {
      base::Fail(base::ExitCode::kUsage,
                 "services.{}.exec: {} is built for {}, that of services.{} for {}: an image is "
                 "for one kind of machine",
                 name, service.exec.front(), machine, first, out);
    }
    out = machine;
    first = name;
  }
  return out;
}

}  // namespace builder

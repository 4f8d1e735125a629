// The command line of `activate`, parsed.
#ifndef SLIPWAY_ACTIVATOR_COMMAND_LINE_H_
#define SLIPWAY_ACTIVATOR_COMMAND_LINE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "activator/choose.h"

namespace activator {

enum class Command { kHelp, kActivate, kRunSwitch, kList, kStatus, kPrune, kReceive, kBoot };

struct CommandLine {
  Command command = Command::kHelp;
  std::string help;  // kHelp: what to print, which may be the version
  std::string root;
  std::optional<Wanted> wanted;
  uint64_t number = 0;
  uint64_t timeout_seconds = 0;  // 0: what each service says
  bool json = false;
  uint64_t keep = 3;
  bool dry_run = false;
  std::string by;
  std::string activation_id;
  bool plain_directory = false;
};

// Throws Error{kUsage}, one line that says what to do.
CommandLine ParseCommandLine(std::vector<std::string> arguments);

// The arguments that make another process do the same request under an activation id.
std::vector<std::string> RunSwitchArguments(const CommandLine& line);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_COMMAND_LINE_H_

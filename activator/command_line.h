// The command line of `activate`, parsed.
#ifndef SLIPWAY_ACTIVATOR_COMMAND_LINE_H_
#define SLIPWAY_ACTIVATOR_COMMAND_LINE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "activator/choose.h"
#include "base/io.h"

namespace activator {

enum class Command { kActivate, kRunSwitch, kList, kStatus, kPrune, kReceive, kBoot, kRender };

struct CommandLine {
  Command command = Command::kActivate;
  std::string root;
  std::optional<Wanted> wanted;
  uint64_t number = 0;
  uint64_t timeout_seconds = 0;               // 0: what each service says
  std::optional<uint64_t> lock_wait_seconds;  // nullopt: what the command is used to
  bool json = false;
  uint64_t keep = 3;
  bool dry_run = false;
  bool adopt = false;
  std::string by;
  std::string activation_id;  // whoever asks for the same once more gives it again
  bool plain_directory = false;
  size_t host_jobs = 0;  // of `receive`
};

// Nothing: help or version was asked for and printed. Throws Error{kUsage}, one line that says what
// to do.
std::optional<CommandLine> ParseCommandLine(const std::vector<std::string>& arguments,
                                            const base::Io& io);

// The arguments that make another process do the same request under an activation id.
std::vector<std::string> RunSwitchArguments(const CommandLine& line);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_COMMAND_LINE_H_

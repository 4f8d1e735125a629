// The options and commands of `activate`, as --help shows them.
#ifndef SLIPWAY_ACTIVATOR_OPTIONS_H_
#define SLIPWAY_ACTIVATOR_OPTIONS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "activator/command.h"
#include "base/cli.h"

namespace activator {

// What options are read into before they become an ActivationTarget, numbers and dates.
struct Texts {
  uint64_t number = 0;
  std::string rollback;
  std::vector<std::string> set;
  std::vector<std::string> without;
  std::optional<std::string> since;
  std::optional<std::string> until;
  std::optional<std::string> at;
};

struct Parser {
  CLI::App app{"Switches this host between generations of applications.", "activate"};
  Texts texts;
  CLI::App* confirm = nullptr;
  CLI::App* list = nullptr;
  CLI::App* status = nullptr;
  CLI::App* logs = nullptr;
  CLI::App* diff = nullptr;
  CLI::App* history = nullptr;
  CLI::App* at = nullptr;
  CLI::App* verify = nullptr;
  CLI::App* prune = nullptr;
  CLI::App* remove = nullptr;
  CLI::App* render = nullptr;
  CLI::App* report = nullptr;
  CLI::App* receive = nullptr;
  CLI::App* gate = nullptr;
  CLI::App* boot = nullptr;
  CLI::App* after_boot = nullptr;
  CLI::App* uninstall = nullptr;
  CLI::App* secret = nullptr;
  CLI::App* run_switch = nullptr;
  CLI::App* digest = nullptr;
  CLI::App* host_files = nullptr;
  CLI::App* examine = nullptr;
  CLI::App* pull = nullptr;
  CLI::App* enroll = nullptr;
};

// Both must outlive the parsing.
void DescribeOptions(Parser& parser, CommandLine& out);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_OPTIONS_H_

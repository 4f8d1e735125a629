// imgpush's command line.
#ifndef SLIPWAY_PUSHER_ARGUMENTS_H_
#define SLIPWAY_PUSHER_ARGUMENTS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/io.h"
#include "hosts/host_list.h"
#include "hosts/sudo_password.h"
#include "pusher/protocol/rate_limit.h"

namespace CLI {
class App;
}

namespace pusher {

inline constexpr uint64_t kPauseSeconds = 10;

struct Arguments {
  std::optional<std::string> root;  // nullopt: what the list says of each host
  std::string agent_directory;      // likewise where empty
  bool gate = false;                // likewise where false
  std::string images = "build/images";
  std::string hosts_file = hosts::kHostsFile;
  std::string ssh;  // $SLIPWAY_SSH unless given
  size_t jobs = 8;
  size_t host_jobs = 0;                       // 0: as many as each host likes
  std::optional<uint64_t> lock_wait_seconds;  // nullopt: the agent's own patience
  std::optional<uint64_t> connect_timeout_seconds;
  std::shared_ptr<RateLimit> rate;  // of all connections together; null: none
  bool ask_sudo_password = false;
  std::shared_ptr<hosts::SudoPassword> sudo_password;  // no part of the command line; null: none
  uint64_t retries = 3;           // of a connection that fails before the host says a word
  bool older = false;             // have releases taken that are older than those that were
  bool override_channel = false;  // push what a channel of the host has, too
  std::string trust;              // directory of the files that say whom to trust; empty: push
  bool plan = false;              // say what a push would do, and do nothing
  bool activate = false;
  std::optional<uint64_t> confirm_within_seconds;  // of an activation
  bool yes = false;                                // activate without asking
  std::string waves;                      // --wave, or --canary as one; empty: all hosts at once
  std::optional<uint64_t> pause_seconds;  // between waves; nullopt: kPauseSeconds
  std::optional<bool> stop_on_failure;    // nullopt: with waves
  std::optional<bool> deltas;             // nullopt: to other machines, not into a folder
  bool json = false;
  bool doctor = false;             // look at the hosts instead
  std::string target = "zstd";     // of `doctor` without names: what is to run there
  std::string hosts_word;          // as written: names, ssh destinations, dir:PATH, @GROUP
  std::vector<std::string> names;  // of images; empty: all
  std::vector<std::string> words;  // all of the command line, as typed

  bool stops_on_failure() const { return stop_on_failure.value_or(!waves.empty()); }
};

// $SLIPWAY_SSH, or nothing.
std::string SshOfEnvironment();
// The options that say how hosts are reached, for each command that logs in on hosts. `out` must
// outlive the parsing.
void DescribeWayToHosts(CLI::App& app, Arguments& out);

// Nothing: --help or --version was answered. Throws Error{kUsage}.
std::optional<Arguments> ParseArguments(const std::vector<std::string>& arguments,
                                        const base::Io& io);

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_ARGUMENTS_H_

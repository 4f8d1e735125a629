// The command line of `activate`, parsed.
#ifndef SLIPWAY_ACTIVATOR_COMMAND_LINE_H_
#define SLIPWAY_ACTIVATOR_COMMAND_LINE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "activator/prune/prune_plan.h"
#include "activator/report/history_command.h"
#include "activator/report/verify.h"
#include "activator/stage/choose.h"
#include "base/io.h"

namespace activator {

enum class Command {
  kActivate,
  kRunSwitch,
  kList,
  kStatus,
  kDiff,
  kHistory,
  kVerify,
  kPrune,
  kReceive,
  kBoot,
  kHostFiles,
  kAfterBoot,
  kRender,
  kReport,
  kUninstall,
  kDigest,
  kExamine
};

struct CommandLine {
  Command command = Command::kActivate;
  std::string root;
  std::optional<ActivationTarget> target;     // of an activation
  uint64_t timeout_seconds = 0;               // 0: what each service says
  std::optional<uint64_t> lock_wait_seconds;  // nullopt: what the command is used to
  bool json = false;
  bool dry_run = false;
  bool adopt = false;
  bool stop = false;           // of `uninstall`: what runs
  std::vector<uint64_t> diff;  // the generations to compare: none, one or two
  HistoryOptions history;
  VerifyOptions verify;
  PruneOptions prune;
  std::string by;
  std::string activation_id;  // whoever asks for the same once more gives it again
  bool for_imgpush = false;   // an error is said as pusher/protocol/failure_line.h has it
  bool plain_directory = false;
  std::string host;             // where it is to be done; empty: here
  std::string ssh;              // program and options; $SLIPWAY_SSH unless given
  size_t host_jobs = 0;         // of `receive`
  std::string agent_directory;  // of `examine`
};

// Nothing: help or version was asked for and printed. Throws Error{kUsage}, one line that says what
// to do.
std::optional<CommandLine> ParseCommandLine(const std::vector<std::string>& arguments,
                                            const base::Io& io);

// The arguments that make another process do the same request under an activation id.
std::vector<std::string> RunSwitchArguments(const CommandLine& line);

// `arguments` without --host and --ssh and their values: what is left is for the host.
std::vector<std::string> WithoutHost(const std::vector<std::string>& arguments);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_COMMAND_LINE_H_

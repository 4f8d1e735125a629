// What a command line of `activate` asks for.
#ifndef SLIPWAY_ACTIVATOR_COMMAND_H_
#define SLIPWAY_ACTIVATOR_COMMAND_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "activator/prune/prune_plan.h"
#include "activator/report/history_command.h"
#include "activator/report/logs_command.h"
#include "activator/report/verify.h"
#include "activator/stage/choose.h"
#include "hosts/host_list.h"

namespace activator {

enum class Command {
  kActivate,
  kConfirm,
  kRunSwitch,
  kList,
  kStatus,
  kLogs,
  kDiff,
  kHistory,
  kAt,
  kVerify,
  kPrune,
  kReceive,
  kGate,
  kBoot,
  kHostFiles,
  kAfterBoot,
  kRender,
  kReport,
  kUninstall,
  kSecret,
  kDigest,
  kExamine,
  kPull,
  kEnroll
};

// `secret set NAME KEY`, `secret remove NAME KEY`, `secret list [NAME]`.
struct SecretOptions {
  std::string action;
  std::string name;
  std::string key;
  bool no_restart = false;
  std::string value{};              // for other hosts
  std::optional<uint64_t> bytes{};  // that it has, from another host; a lost link ends it early
};

struct CommandLine {
  Command command = Command::kActivate;
  std::string root;
  std::optional<ActivationTarget> target;          // of an activation
  uint64_t timeout_seconds = 0;                    // 0: what each service says
  std::optional<uint64_t> lock_wait_seconds;       // nullopt: what the command is used to
  std::optional<uint64_t> confirm_within_seconds;  // switch/confirmation.h
  bool confirms = false;  // asked again over another connection, which confirms it
  bool json = false;
  bool dry_run = false;
  bool adopt = false;
  bool stop = false;           // of `uninstall`: what runs
  std::vector<uint64_t> diff;  // the generations to compare: none, one or two
  bool check = false;          // of `status`: ask the checks of services
  LogsOptions logs;
  HistoryOptions history;
  SecretOptions secret;
  std::chrono::system_clock::time_point at{};  // of `at`
  VerifyOptions verify;
  PruneOptions prune;
  std::string by;
  std::string activation_id;      // whoever asks for the same once more gives it again
  bool for_imgpush = false;       // an error is said as pusher/protocol/failure_line.h has it
  bool until_input_ends = false;  // what is followed: from elsewhere (report/listener.h)
  bool plain_directory = false;
  std::string gate_operator;  // whom it is done for, by gate.json; empty: who may do all
  std::string host;           // where it is to be done, as typed: "web1,@berlin"; empty: here
  std::string hosts_file = hosts::kHostsFile;
  size_t jobs = 8;       // hosts at once
  std::string ssh;       // program and options; $SLIPWAY_SSH unless given
  size_t host_jobs = 0;  // of `receive`, as `older` and `set_trust`
  bool older = false;
  bool set_trust = false;
  bool overrides = false;   // of `receive` and of an activation: what channels have, too
  bool root_given = false;  // else the list of hosts may say another one
  bool ask_sudo_password = false;
  bool gate = false;            // the login of that host is one; else the list of hosts may say so
  std::string agent_directory;  // of `examine`
  bool end_overrides = false;   // of `pull`
  std::vector<std::string> channels;  // of `pull`
  bool remove = false;                // of `enroll`
};

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_COMMAND_H_

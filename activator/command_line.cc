#include "activator/command_line.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstdlib>
#include <sstream>
#include <string_view>

#include "activator/options.h"
#include "base/cli.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "images/name.h"
#include "images/version/host_layout.h"

namespace activator {
namespace {

void TakeVersions(const Texts& texts, ActivationTarget& out) {
  for (const std::string& text : texts.set) {
    const size_t equals = text.find('=');
    if (equals == std::string::npos) {
      base::Fail(base::ExitCode::kUsage, "--set takes NAME=ID, as in --set web=83bf2a6d6fb73136");
    }
    const std::string name = text.substr(0, equals);
    images::CheckName(name, "--set: application");
    out.versions[name] = images::ImageId::Parse(text.substr(equals + 1));
  }
  for (const std::string& name : texts.without) {
    images::CheckName(name, "application");
    if (!out.versions.emplace(name, std::nullopt).second) {
      base::Fail(base::ExitCode::kUsage, "{} is named twice", name);
    }
  }
}

std::optional<ActivationTarget> TargetOf(const Parser& parser) {
  const CLI::App& app = parser.app;
  const Texts& texts = parser.texts;
  ActivationTarget out;
  if (!texts.set.empty() || !texts.without.empty()) {
    if (app.count("--generation") + app.count("--rollback") + app.count("--latest") > 0) {
      base::Fail(base::ExitCode::kUsage, "'remove' excludes --generation, --rollback and --latest");
    }
    out.kind = TargetKind::kVersions;
    TakeVersions(texts, out);
  } else if (app.count("--generation") > 0) {
    out.kind = TargetKind::kNumber;
    out.number = texts.number;
  } else if (app.count("--rollback") > 0) {
    out.kind = TargetKind::kRollback;
    out.name = texts.rollback;
    if (!out.name.empty()) {
      images::CheckName(out.name, "--rollback: application");
    }
  } else if (app.count("--latest") > 0) {
    out.kind = TargetKind::kLatest;
  } else {
    return std::nullopt;
  }
  return out;
}

std::chrono::system_clock::time_point DateOf(const std::string& what, const std::string& text) {
  const auto date = base::ParseDate(text, base::SystemClock().Now());
  if (!date) {
    base::Fail(base::ExitCode::kUsage,
               "'{}' is no {}: use 2026-11-24, 2026-11-24T12:00 or 2026-11-24T12:00:30 (with a Z "
               "at the end: UTC), today or yesterday",
               text, what);
  }
  return *date;
}

void TakeDates(const Texts& texts, CommandLine& out) {
  if (texts.since) {
    uint64_t number = 0;
    const char* const end = texts.since->data() + texts.since->size();
    const auto read = std::from_chars(texts.since->data(), end, number);
    if (read.ec == std::errc() && read.ptr == end) {
      out.history.since = number;
    } else {
      out.history.from = DateOf("number of an event and no date", *texts.since);
    }
  }
  if (texts.until) {
    out.history.until = DateOf("date", *texts.until);
  }
  if (texts.at) {
    out.at = DateOf("date", *texts.at);
  }
}

void CheckDates(const Texts& texts, const CommandLine& out) {
  if (out.history.from && out.history.until && *out.history.from > *out.history.until) {
    base::Fail(base::ExitCode::kUsage, "--since '{}' is later than --until '{}'", *texts.since,
               *texts.until);
  }
  if (texts.at && out.at > base::SystemClock().Now()) {
    base::Fail(base::ExitCode::kUsage, "at '{}' is yet to come", *texts.at);
  }
}

// It becomes part of a unit's name.
void CheckId(const std::string& id) {
  if (id.size() > 64 ||
      !std::all_of(id.begin(), id.end(), [](unsigned char c) { return std::isalnum(c) != 0; })) {
    base::Fail(base::ExitCode::kUsage, "--id takes only letters and digits");
  }
}

Command CommandOf(const Parser& parser, const CommandLine& line) {
  const std::vector<std::pair<CLI::App*, Command>> commands = {
      {parser.confirm, Command::kConfirm},
      {parser.list, Command::kList},
      {parser.status, Command::kStatus},
      {parser.logs, Command::kLogs},
      {parser.diff, Command::kDiff},
      {parser.history, Command::kHistory},
      {parser.at, Command::kAt},
      {parser.verify, Command::kVerify},
      {parser.prune, Command::kPrune},
      {parser.remove, Command::kActivate},
      {parser.receive, Command::kReceive},
      {parser.gate, Command::kGate},
      {parser.boot, Command::kBoot},
      {parser.after_boot, Command::kAfterBoot},
      {parser.render, Command::kRender},
      {parser.report, Command::kReport},
      {parser.run_switch, Command::kRunSwitch},
      {parser.digest, Command::kDigest},
      {parser.host_files, Command::kHostFiles},
      {parser.examine, Command::kExamine},
      {parser.pull, Command::kPull},
      {parser.enroll, Command::kEnroll},
      {parser.secret, Command::kSecret},
      {parser.uninstall, Command::kUninstall}};
  for (const auto& [app, command] : commands) {
    if (!app->parsed()) {
      continue;
    }
    const bool fits = command == Command::kRunSwitch  ? line.target.has_value()
                      : command == Command::kActivate ? parser.texts.set.empty()
                      : command == Command::kRender
                          ? !line.target || line.target->kind == TargetKind::kNumber
                          : !line.target;
    if (!fits) {
      base::Fail(base::ExitCode::kUsage,
                 "'{}' excludes --generation, --rollback, --latest and --set", app->get_name());
    }
    return command;
  }
  if (!line.target) {
    base::Fail(
        base::ExitCode::kUsage,
        "say what to do, for example activate --latest or activate status; see activate --help");
  }
  return Command::kActivate;
}

void CheckDryRun(const CommandLine& line) {
  if (line.dry_run && line.command != Command::kActivate && line.command != Command::kPrune &&
      line.command != Command::kUninstall) {
    base::Fail(base::ExitCode::kUsage, "--dry-run is for an activation, a prune or an uninstall");
  }
}

// Links, units and the record of a switch hold the root's text: two spellings would be two roots.
std::string OneSpelling(const std::string& given) {
  std::string root;
  std::istringstream components(base::AbsolutePath(given));
  for (std::string component; std::getline(components, component, '/');) {
    if (!component.empty() && component != ".") {
      root += '/';
      root += component;
    }
  }
  if (!images::IsPlainAbsolutePath(root)) {
    base::Fail(base::ExitCode::kUsage, "--root '{}' is not possible: use a path without '..'",
               given);
  }
  return root;
}

void CheckOverride(const CommandLine& line) {
  constexpr std::array kAllowed = {Command::kActivate, Command::kRunSwitch, Command::kReceive};
  if (line.overrides && std::ranges::find(kAllowed, line.command) == kAllowed.end()) {
    base::Fail(base::ExitCode::kUsage, "--override is for an activation");
  }
}

void CheckSecret(const SecretOptions& secret) {
  const bool is_list = secret.action == "list";
  const bool is_set = secret.action == "set";
  if (!is_list && !is_set && secret.action != "remove") {
    base::Fail(base::ExitCode::kUsage, "secret '{}' is not possible: use set, list or remove",
               secret.action);
  }
  if (is_list ? !secret.key.empty() : secret.key.empty()) {
    base::Fail(base::ExitCode::kUsage, "use: activate secret {}",
               is_list ? "list [NAME]" : secret.action + " NAME KEY");
  }
  if (secret.no_restart && !is_set) {
    base::Fail(base::ExitCode::kUsage, "--no-restart is for secret set");
  }
  if (!secret.name.empty()) {
    images::CheckName(secret.name, "secret: application");
  }
  if (!is_list && !images::IsSecretName(secret.key)) {
    base::Fail(base::ExitCode::kUsage,
               "secret '{}' is not possible: use letters, digits, '-', '_' and '.', and no '.' at "
               "the start",
               secret.key);
  }
}

void CheckConfirmation(const CommandLine& line) {
  const bool is_switch =
      (line.command == Command::kActivate && !line.dry_run) || line.command == Command::kRunSwitch;
  if (line.confirm_within_seconds && !is_switch) {
    base::Fail(base::ExitCode::kUsage, "--confirm-within is for an activation");
  }
  if (line.command == Command::kConfirm && !line.host.empty()) {
    base::Fail(base::ExitCode::kUsage,
               "confirm is for a new login on the host itself; whoever activates with --host and "
               "--confirm-within need not");
  }
}

void CheckHost(const CommandLine& line) {
  if (!line.host.empty() && !line.root.starts_with('/')) {
    base::Fail(base::ExitCode::kUsage, "--root '{}' of another host must be an absolute path",
               line.root);
  }
}

}  // namespace

std::optional<CommandLine> ParseCommandLine(const std::vector<std::string>& arguments,
                                            const base::Io& io) {
  CommandLine out;
  out.root = images::kDefaultRoot;
  if (const char* ssh = std::getenv("SLIPWAY_SSH"); ssh != nullptr) {
    out.ssh = ssh;
  }
  Parser parser;
  DescribeOptions(parser, out);
  if (!base::ParseArguments(parser.app, arguments, io)) {
    return std::nullopt;
  }
  CheckHost(out);
  out.root_given = parser.app.count("--root") > 0;
  out.root = OneSpelling(out.root);
  CheckId(out.activation_id);
  TakeDates(parser.texts, out);
  if (out.host.empty()) {  // else the host reads them, by its own clock and time zone
    CheckDates(parser.texts, out);
  }
  out.target = TargetOf(parser);
  out.command = CommandOf(parser, out);
  CheckDryRun(out);
  CheckOverride(out);
  CheckConfirmation(out);
  out.history.json = out.logs.json = out.json;
  out.history.until_input_ends = out.logs.until_input_ends = out.until_input_ends;
  if (out.command == Command::kSecret) {
    CheckSecret(out.secret);
  }
  if (out.command == Command::kLogs) {
    images::CheckName(out.logs.name, "logs: application");
  }
  return out;
}

std::vector<std::string> RunSwitchArguments(const CommandLine& line) {
  std::vector<std::string> out = {"--root", line.root};
  if (line.timeout_seconds > 0) {
    out.insert(out.end(), {"--timeout", std::to_string(line.timeout_seconds)});
  }
  if (line.lock_wait_seconds) {
    out.insert(out.end(), {"--lock-wait", std::to_string(*line.lock_wait_seconds)});
  }
  if (line.confirm_within_seconds) {
    out.insert(out.end(), {"--confirm-within", std::to_string(*line.confirm_within_seconds)});
  }
  if (line.adopt) {
    out.emplace_back("--adopt");
  }
  if (line.overrides) {
    out.emplace_back("--override");
  }
  if (line.for_imgpush) {
    out.emplace_back("--for-imgpush");
  }
  if (!line.gate_operator.empty()) {
    out.insert(out.end(), {"--gate-operator", line.gate_operator});
  }
  if (base::CurrentLogLevel() != base::kDefaultLogLevel) {  // the unit gets no variable of ours
    out.insert(out.end(), {"--log-level", base::ToText(base::CurrentLogLevel())});
  }
  const std::vector<std::string> target = ToArguments(*line.target);
  out.insert(out.end(), target.begin(), target.end());
  out.insert(out.end(), {"run-switch", "--id", line.activation_id, "--by", line.by});
  return out;
}

std::vector<std::string> WithoutHost(const std::vector<std::string>& arguments) {
  static constexpr std::array<std::string_view, 4> kOurs = {"--host", "--hosts", "--jobs", "--ssh"};
  std::vector<std::string> out;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    const std::string name = argument.substr(0, argument.find('='));
    if (name == "--ask-sudo-password" || name == "--gate") {
      continue;
    }
    if (std::ranges::find(kOurs, name) == kOurs.end()) {
      out.push_back(argument);
    } else if (name == argument) {
      ++i;
    }
  }
  return out;
}

}  // namespace activator

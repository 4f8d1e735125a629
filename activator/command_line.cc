#include "activator/command_line.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <sstream>
#include <string_view>

#include "base/cli.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/version.h"
#include "images/name.h"
#include "images/version/host_layout.h"

namespace activator {
namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  activate --latest                     switch to what was pushed last\n"
    "  activate --latest --dry-run           say what that would change\n"
    "  activate --generation 7               switch to generation 7\n"
    "  activate --rollback                   back to what was healthy before\n"
    "  activate --rollback web               the same for the application web only\n"
    "  activate --set web=83bf2a6d6fb73136   change only web, to this version\n"
    "  activate remove web                   run everything but web\n"
    "  activate status                       what runs, and whether it is healthy\n"
    "  activate history --since 41 --follow --json\n"
    "  activate prune --keep 3               free the space of old versions\n"
    "  activate report --debug               for a bug report, without secrets\n"
    "  activate --host root@web1 status      the same on another host, over ssh\n"
    "\n"
    "Exit codes: 0 done; 1 failed, nothing changed; 2 usage; 3 rolled back, services\n"
    "run as before; 4 needs attention; 5 busy; 6 verification failed; 7 host not\n"
    "reached; 8 the plan is stale; 130 interrupted";

// What the options are read into before they become an ActivationTarget.
struct Texts {
  uint64_t number = 0;
  std::string rollback;
  std::vector<std::string> set;
  std::vector<std::string> without;
};

struct Parser {
  CLI::App app{"Switches this host between generations of applications.", "activate"};
  Texts texts;
  CLI::App* list = nullptr;
  CLI::App* status = nullptr;
  CLI::App* diff = nullptr;
  CLI::App* history = nullptr;
  CLI::App* verify = nullptr;
  CLI::App* prune = nullptr;
  CLI::App* remove = nullptr;
  CLI::App* render = nullptr;
  CLI::App* report = nullptr;
  CLI::App* receive = nullptr;
  CLI::App* boot = nullptr;
  CLI::App* after_boot = nullptr;
  CLI::App* uninstall = nullptr;
  CLI::App* run_switch = nullptr;
  CLI::App* digest = nullptr;
  CLI::App* host_files = nullptr;
  CLI::App* examine = nullptr;
};

CLI::Validator IsGeneration() {
  return {[](const std::string& text) {
            const bool digits = !text.empty() && text.find_first_not_of("0123456789") == text.npos;
            return digits && text.find_first_not_of('0') != text.npos
                       ? std::string()
                       : "'" + text +
                             "' is not a generation: they are numbered 1, 2, ... (see `activate "
                             "list`)";
          },
          ""};
}

void AddWish(CLI::App& app, Texts& out) {
  auto* number = app.add_option("--generation", out.number, "Activate generation N")
                     ->type_name("N")
                     ->check(IsGeneration());
  auto* rollback = app.add_option("--rollback", out.rollback,
                                  "Activate the generation that was healthy before the active one; "
                                  "with NAME, go back only with that application")
                       ->type_name("[NAME]")
                       ->expected(0, 1);
  auto* latest = app.add_flag("--latest")->description("Activate the newest staged generation");
  auto* set = app.add_option("--set", out.set,
                             "Activate this version of an application, the others unchanged")
                  ->type_name("NAME=ID")
                  ->allow_extra_args(false);
  app.add_option("--without", out.without)->allow_extra_args(false)->group("");
  number->excludes(rollback)->excludes(latest)->excludes(set);
  rollback->excludes(latest)->excludes(set);
  latest->excludes(set);
}

void AddCommon(CLI::App& app, CommandLine& out) {
  app.add_option("--timeout", out.timeout_seconds,
                 "Seconds that a service may take to be up, instead of its own setting")
      ->type_name("S")
      ->check(CLI::Range(1, 3600));
  app.add_option("--root", out.root, "The host's root directory")
      ->type_name("DIR")
      ->capture_default_str();
  app.add_flag("--dry-run", out.dry_run, "Only say what a switch or a prune would do");
  app.add_flag("--json", out.json, "Report as JSON");
  base::AddSeconds(app, "--lock-wait", out.lock_wait_seconds,
                   "How long to wait for the host's lock: 60, 60s or 1m");
  app.add_flag("--adopt", out.adopt, "Take the place of a package's unit of the same name");
  app.add_option("--host", out.host, "Run on this host, over ssh")
      ->type_name("HOST")
      ->check([](const std::string& host) {
        return host.empty() ? "'' is not a host: use a destination of ssh, such as web1" : "";
      });
  app.add_option("--ssh", out.ssh, "ssh program and options, instead of $SLIPWAY_SSH")
      ->type_name("TEXT");
  app.add_option("--by", out.by)->group("");  // what imgpush adds
  app.add_option("--id", out.activation_id)->group("");
  app.add_flag("--for-imgpush", out.for_imgpush)->group("");
}

void AddPrune(CLI::App& prune, PruneOptions& out) {
  prune.add_option("--keep", out.keep, "Generations to keep, including the active one")
      ->type_name("N")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  prune
      .add_option("--staged", out.staged,
                  "Staged generations to keep of those that change the same applications")
      ->type_name("N")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  prune
      .add_option("--older-than", out.older_than_seconds,
                  "Of the others, remove only those left longer ago than this, such as 30d or 12h")
      ->type_name("AGE")
      ->transform(CLI::AsNumberWithUnit(
          std::map<std::string, uint64_t>{{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}},
          CLI::AsNumberWithUnit::CASE_SENSITIVE));
  prune
      .add_option("--max-bytes", out.max_bytes,
                  "Keep fewer if the versions take more than this, such as 2GB")
      ->type_name("S")
      ->transform(CLI::AsSizeValue(true));
  prune.add_option("--pin", out.pin, "Never remove generation N")
      ->type_name("N")
      ->check(IsGeneration())
      ->allow_extra_args(false);
  prune.add_option("--unpin", out.unpin, "Undo --pin for generation N")
      ->type_name("N")
      ->check(IsGeneration())
      ->allow_extra_args(false);
}

// What of the options above goes with each command; they are taken before and after its name.
void NameCommonOptions(Parser& parser) {
  const auto name = [](CLI::App* command, const std::string& options) {
    command->footer("Also: " + options + ".\nSee activate --help.");
  };
  const std::string report = "--json, --root DIR, --host HOST, --ssh TEXT";
  name(parser.list, report);
  name(parser.status, report);
  name(parser.diff, report);
  name(parser.history, report);
  name(parser.verify, report + "; with --repair: --lock-wait S");
  name(parser.prune, "--dry-run, --lock-wait S, " + report);
  name(parser.remove, "--dry-run, --timeout S, --lock-wait S, --adopt,\n" + report);
  name(parser.render, "--generation N (default: the active one),\n" + report);
  name(parser.report, "--root DIR, --host HOST, --ssh TEXT");
  name(parser.receive, "--root DIR, --lock-wait S");
  name(parser.boot, "--root DIR, --lock-wait S");
  name(parser.uninstall, "--timeout S, --lock-wait S, --root DIR, --host HOST,\n--ssh TEXT");
}

void AddCommands(Parser& parser, CommandLine& out) {
  CLI::App& app = parser.app;
  parser.list = app.add_subcommand("list", "Show the generations of this host");
  parser.status =
      app.add_subcommand("status", "Show the active generation, its services, and drift");
  parser.diff = app.add_subcommand("diff", "Show how two generations differ");
  parser.diff
      ->add_option("GENERATION", out.diff,
                   "Two: from A to B. One: from the active one to it. None: from the active one to "
                   "the newest staged one")
      ->expected(0, 2)
      ->check(IsGeneration());
  parser.history = app.add_subcommand("history", "Show what happened on this host");
  parser.history
      ->add_option("--since", out.history.since,
                   "Show events after number N; default: the last hundred")
      ->type_name("N");
  parser.history->add_flag("--follow", out.history.follow, "Keep showing new events");
  parser.verify = app.add_subcommand("verify", "Read every image and compare it with its manifest");
  parser.verify->add_option("NAME", out.verify.names, "Applications to verify; default: all");
  parser.verify->add_flag("--repair", out.verify.repair,
                          "Mark damaged versions: the next push of each repairs it");
  parser.prune = app.add_subcommand("prune", "Remove old generations and versions");
  AddPrune(*parser.prune, out.prune);
  parser.remove = app.add_subcommand("remove", "Activate a generation without these applications");
  parser.remove->add_option("NAME", parser.texts.without, "Applications to remove")->required();
  parser.render = app.add_subcommand("render", "Print the units of a generation");
  parser.report = app.add_subcommand("report", "Print what a report of a fault needs");
  parser.report->add_flag("--debug")
      ->description(
          "Versions, kernel, systemd, status, history, what systemd said of the units; "
          "no environment values, no credentials, nothing that a service wrote")
      ->required();
  parser.receive = app.add_subcommand("receive", "The host's side of a push, started by imgpush");
  parser.receive->add_flag("--dir", out.plain_directory, "The host is a folder; nothing runs");
  parser.receive->add_option("--host-jobs", out.host_jobs)
      ->description(
          "Threads that decode deltas, as many as fit into 64 MiB of memory; 0: half of the cores")
      ->type_name("N")
      ->check(CLI::Range(0, 1000));
  parser.boot = app.add_subcommand("boot", "Start the current generation; run by the boot unit");
  parser.after_boot = app.add_subcommand("after-boot", "")->group("");
  parser.uninstall = app.add_subcommand("uninstall", "Remove all of Slipway's from this host");
  parser.uninstall->add_flag("--stop", out.stop, "Stop the applications that run, first");
  parser.run_switch = app.add_subcommand("run-switch", "")->group("");
  parser.digest = app.add_subcommand("digest", "")->group("");
  parser.host_files = app.add_subcommand("host-files", "")->group("");
  parser.examine = app.add_subcommand("examine", "")->group("");
  parser.examine->add_option("DIR", out.agent_directory)->required();
  NameCommonOptions(parser);
}

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

// It becomes part of a unit's name.
void CheckId(const std::string& id) {
  if (id.size() > 64 ||
      !std::all_of(id.begin(), id.end(), [](unsigned char c) { return std::isalnum(c) != 0; })) {
    base::Fail(base::ExitCode::kUsage, "--id takes only letters and digits");
  }
}

Command CommandOf(const Parser& parser, const CommandLine& line) {
  const std::vector<std::pair<CLI::App*, Command>> commands = {
      {parser.list, Command::kList},
      {parser.status, Command::kStatus},
      {parser.diff, Command::kDiff},
      {parser.history, Command::kHistory},
      {parser.verify, Command::kVerify},
      {parser.prune, Command::kPrune},
      {parser.remove, Command::kActivate},
      {parser.receive, Command::kReceive},
      {parser.boot, Command::kBoot},
      {parser.after_boot, Command::kAfterBoot},
      {parser.render, Command::kRender},
      {parser.report, Command::kReport},
      {parser.run_switch, Command::kRunSwitch},
      {parser.digest, Command::kDigest},
      {parser.host_files, Command::kHostFiles},
      {parser.examine, Command::kExamine},
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
  if (line.dry_run && line.command != Command::kActivate && line.command != Command::kPrune) {
    base::Fail(base::ExitCode::kUsage, "--dry-run is for an activation or a prune");
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

void CheckHost(const CommandLine& line) {
  const bool plain = std::all_of(line.host.begin(), line.host.end(),
                                 [](unsigned char c) { return c > ' ' && c != 0x7f; });
  if (line.host.starts_with('-') || line.host.starts_with("dir:") || !plain) {
    base::Fail(
        base::ExitCode::kUsage,
        "--host '{}' is not a host: use a destination of ssh, such as web1 or root@web1; for "
        "a folder use --root",
        line.host);
  }
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
  parser.app.set_version_flag("--version", std::string("activate ") + base::kVersion);
  parser.app.footer(kExamples);
  parser.app.fallthrough();
  AddWish(parser.app, parser.texts);
  AddCommon(parser.app, out);
  AddCommands(parser, out);
  if (!base::ParseArguments(parser.app, arguments, io)) {
    return std::nullopt;
  }
  CheckHost(out);
  out.root = OneSpelling(out.root);
  CheckId(out.activation_id);
  out.target = TargetOf(parser);
  out.command = CommandOf(parser, out);
  CheckDryRun(out);
  out.history.json = out.json;
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
  if (line.adopt) {
    out.emplace_back("--adopt");
  }
  if (line.for_imgpush) {
    out.emplace_back("--for-imgpush");
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
  std::vector<std::string> out;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument == "--host" || argument == "--ssh") {
      ++i;
    } else if (!argument.starts_with("--host=") && !argument.starts_with("--ssh=")) {
      out.push_back(argument);
    }
  }
  return out;
}

}  // namespace activator

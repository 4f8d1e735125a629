#include "activator/command_line.h"

#include <algorithm>
#include <cctype>
#include <sstream>

#include "base/cli.h"
#include "base/error.h"
#include "base/file.h"
#include "base/version.h"
#include "images/host_layout.h"
#include "images/name.h"

namespace activator {
namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  activate --latest                 switch to what was pushed last\n"
    "  activate --generation 7           switch to generation 7\n"
    "  activate --rollback               go back to what was healthy before\n"
    "  activate status                   what runs, and whether a switch was cut off\n"
    "  activate prune --keep 3           free the space of old versions\n"
    "Exit codes: 0 done; 1 failed, nothing changed; 2 usage; 3 rolled back, service as before;\n"
    "  4 needs attention; 5 busy; 6 verification failed; 8 the plan is stale; 130 interrupted";

void AddChoice(CLI::App& app, CommandLine& out) {
  auto* number = app.add_option("--generation", out.number, "Activate generation N")
                     ->type_name("N")
                     ->check(CLI::PositiveNumber);
  auto* rollback =
      app.add_flag("--rollback")
          ->description("Activate the generation that was healthy before the active one");
  auto* latest = app.add_flag("--latest")->description("Activate the newest staged generation");
  number->excludes(rollback)->excludes(latest);
  rollback->excludes(latest);
  app.add_option("--timeout", out.timeout_seconds,
                 "Seconds that a service may take to be up, in place of its own setting")
      ->type_name("S")
      ->check(CLI::Range(1, 3600));
}

void TakeChoice(CLI::App& app, CommandLine& out) {
  if (app.count("--generation") > 0) {
    out.wanted = Wanted::kNumber;
  } else if (app.count("--rollback") > 0) {
    out.wanted = Wanted::kRollback;
  } else if (app.count("--latest") > 0) {
    out.wanted = Wanted::kLatest;
  }
}

struct Parser {
  CLI::App app{"Switches this host between generations of applications.", "activate"};
  CLI::App* list = nullptr;
  CLI::App* status = nullptr;
  CLI::App* prune = nullptr;
  CLI::App* render = nullptr;
  CLI::App* receive = nullptr;
  CLI::App* boot = nullptr;
  CLI::App* run_switch = nullptr;
};

void Describe(Parser& parser, CommandLine& out) {
  CLI::App& app = parser.app;
  app.set_version_flag("--version", std::string("activate ") + base::kVersion);
  app.footer(kExamples);
  app.fallthrough();
  app.add_option("--root", out.root, "The host's root directory")
      ->type_name("DIR")
      ->capture_default_str();
  base::AddSeconds(app, "--lock-wait", out.lock_wait_seconds,
                   "How long to wait for whoever holds the host's lock");
  AddChoice(app, out);
  app.add_flag("--adopt", out.adopt, "Take the place of a package's unit of the same name");
  app.add_option("--by", out.by)->group("");  // what imgpush adds
  app.add_option("--id", out.activation_id)->group("");
  parser.list = app.add_subcommand("list", "The generations of this host");
  parser.list->add_flag("--json", out.json, "As JSON");
  parser.status = app.add_subcommand("status", "The active generation and its services");
  parser.status->add_flag("--json", out.json, "As JSON");
  parser.prune = app.add_subcommand("prune", "Remove old generations and versions");
  parser.prune->add_option("--keep", out.keep, "Generations to keep, the active one among them")
      ->type_name("N")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  parser.prune->add_flag("--dry-run", out.dry_run, "Only say what would go");
  parser.prune->add_flag("--json", out.json, "As JSON");
  parser.render = app.add_subcommand("render", "Print the units of a generation (--generation N)");
  parser.render->add_flag("--json", out.json, "As JSON");
  parser.receive = app.add_subcommand("receive", "The host's side of a push, started by imgpush");
  parser.receive->add_flag("--dir", out.plain_directory, "The host is a folder: nothing runs");
  parser.receive->add_option("--host-jobs", out.host_jobs)
      ->description(
          "Threads that rebuild chunks of deltas; 0: half of the cores. At most those that "
          "fit 64 MiB of memory")
      ->type_name("N")
      ->check(CLI::Range(0, 1000));
  parser.boot = app.add_subcommand("boot", "Start the current generation; run by the boot unit");
  parser.run_switch = app.add_subcommand("run-switch", "")->group("");
}

// It becomes part of a unit's name.
void CheckId(const std::string& id) {
  if (id.size() > 64 ||
      !std::all_of(id.begin(), id.end(), [](unsigned char c) { return std::isalnum(c) != 0; })) {
    base::Fail(base::Code::kUsage, "--id takes letters and digits alone");
  }
}

Command CommandOf(const Parser& parser, const CommandLine& line) {
  const std::vector<std::pair<CLI::App*, Command>> commands = {
      {parser.list, Command::kList},           {parser.status, Command::kStatus},
      {parser.prune, Command::kPrune},         {parser.receive, Command::kReceive},
      {parser.boot, Command::kBoot},           {parser.render, Command::kRender},
      {parser.run_switch, Command::kRunSwitch}};
  for (const auto& [app, command] : commands) {
    if (app->parsed()) {
      const bool may_choose = command == Command::kRender && line.wanted == Wanted::kNumber;
      if (!may_choose && line.wanted.has_value() != (command == Command::kRunSwitch)) {
        base::Fail(base::Code::kUsage,
                   "'{}' does not go together with --generation, --rollback or --latest",
                   app->get_name());
      }
      return command;
    }
  }
  if (!line.wanted) {
    base::Fail(base::Code::kUsage,
               "say what to do: --generation N, --rollback, --latest, list, status or prune (see "
               "activate --help)");
  }
  return Command::kActivate;
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
    base::Fail(base::Code::kUsage, "--root '{}' is not possible: use a path without '..'", given);
  }
  return root;
}

}  // namespace

std::optional<CommandLine> ParseCommandLine(const std::vector<std::string>& arguments,
                                            const base::Io& io) {
  CommandLine out;
  out.root = images::kDefaultRoot;
  Parser parser;
  Describe(parser, out);
  if (!base::ParseArguments(parser.app, arguments, io)) {
    return std::nullopt;
  }
  out.root = OneSpelling(out.root);
  CheckId(out.activation_id);
  TakeChoice(parser.app, out);
  out.command = CommandOf(parser, out);
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
  if (line.wanted == Wanted::kNumber) {
    out.insert(out.end(), {"--generation", std::to_string(line.number)});
  } else {
    out.emplace_back(line.wanted == Wanted::kRollback ? "--rollback" : "--latest");
  }
  out.insert(out.end(), {"run-switch", "--id", line.activation_id, "--by", line.by});
  return out;
}

}  // namespace activator

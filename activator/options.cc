#include "activator/options.h"

#include "base/version.h"

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
    "  activate at 2026-11-24T12:00          what ran then\n"
    "  activate prune --keep 3               free the space of old versions\n"
    "  activate secret set web db-password < password\n"
    "  activate report --debug               for a bug report, without secrets\n"
    "  activate --host root@web1 status      the same on another host, over ssh\n"
    "  activate --host @web status --check   on every host of group web in hosts.json\n"
    "  activate logs web --follow            what the units of web write\n"
    "\n"
    "Exit codes: 0 done; 1 failed, nothing changed; 2 usage; 3 rolled back, services\n"
    "run as before; 4 needs attention; 5 busy; 6 verification failed; 7 host not\n"
    "reached; 8 the plan is stale; 130 interrupted. Several hosts: the worst";

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
      ->transform(base::Seconds(1, 3600));
  app.add_option("--root", out.root, "The host's root directory")
      ->type_name("DIR")
      ->capture_default_str();
  app.add_flag("--dry-run", out.dry_run, "Only say what a switch, prune or uninstall would do");
  app.add_flag("--json", out.json, "Report as JSON");
  base::AddSeconds(app, "--lock-wait", out.lock_wait_seconds,
                   "How long to wait for the host's lock: 60, 60s or 1m");
  base::AddSeconds(app, "--confirm-within", out.confirm_within_seconds,
                   "Go back unless somebody confirms from a new login, so soon after all is "
                   "healthy, that the host can be reached: `activate confirm`; --host does it",
                   5, 3600);
  app.add_flag("--adopt", out.adopt, "Take the place of a package's unit of the same name");
  app.add_flag("--override", out.overrides,
               "Keep what this activates for 24 hours, whatever the channels of the host have");
  auto* host =
      app.add_option("--host", out.host,
                     "Run on this host, over ssh, or on several, separated by commas: destinations "
                     "of ssh, names and @GROUP of the list of hosts")
          ->type_name("HOST")
          ->check([](const std::string& text) {
            return text.empty() ? "'' is not a host: use a destination of ssh, such as web1" : "";
          });
  app.add_option("--hosts", out.hosts_file, "The list of hosts")
      ->type_name("FILE")
      ->capture_default_str()
      ->needs(host);
  app.add_option("--jobs", out.jobs, "Hosts to work on at once")
      ->transform(base::Number(1, 1000))
      ->capture_default_str()
      ->needs(host);
  app.add_option("--ssh", out.ssh, "ssh program and options, instead of $SLIPWAY_SSH")
      ->type_name("TEXT")
      ->needs(host);
  app.add_flag("--gate", out.gate,
               "The login there is a gate (`activate gate`), which takes status, list, "
               "--generation N and --rollback NAME alone; default: what the list of hosts says")
      ->needs(host);
  app.add_flag("--ask-sudo-password", out.ask_sudo_password,
               "Ask once, on the terminal, for the password that sudo wants on the hosts")
      ->needs(host);
  app.add_option("--by", out.by)->group("");  // what imgpush adds
  app.add_option("--id", out.activation_id)->group("");
  app.add_flag("--for-imgpush", out.for_imgpush)->group("");
  app.add_option("--bytes", out.secret.bytes)->group("");
  app.add_flag("--confirm", out.confirms)->group("");
  app.add_option("--gate-operator", out.gate_operator)->group("");  // what `gate` adds
  app.add_flag("--until-input-ends", out.until_input_ends)->group("");
}

void AddPrune(CLI::App& prune, PruneOptions& out) {
  prune.add_option("--keep", out.keep, "Generations to keep, including the active one")
      ->type_name("N")
      ->transform(base::Number(1, 1000))
      ->capture_default_str();
  prune
      .add_option("--staged", out.staged,
                  "Staged generations to keep of those that change the same applications")
      ->type_name("N")
      ->transform(base::Number(1, 1000))
      ->capture_default_str();
  prune
      .add_option("--older-than", out.older_than_seconds,
                  "Of the others, remove only those left longer ago than this, such as 30d or 12h")
      ->type_name("AGE")
      ->transform(
          base::Number(0, base::kNoLimit, {{"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}},
                       "no age: use days, hours, minutes or seconds, as in 30d, 12h, 90m or 60s"));
  prune
      .add_option("--max-bytes", out.max_bytes,
                  "Keep fewer if the versions take more than this, such as 2GB")
      ->type_name("S")
      ->transform(base::Number(0, base::kNoLimit, base::SizeUnits(),
                               "no size: use bytes, as in 500MB or 2GB"));
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
  const std::string report =
      "--json, --root DIR, --host HOST, --hosts FILE, --jobs N,\n--ssh TEXT, --ask-sudo-password";
  name(parser.confirm, "--root DIR");
  name(parser.list, report);
  name(parser.logs, report);
  name(parser.status, report);
  name(parser.diff, report);
  name(parser.history, report);
  name(parser.at, report);
  name(parser.verify, report + "; with --repair: --lock-wait S");
  name(parser.prune, "--dry-run, --lock-wait S,\n" + report);
  name(parser.remove, "--dry-run, --timeout S, --lock-wait S, --adopt,\n" + report);
  name(parser.render, "--generation N (default: the active one),\n" + report);
  name(parser.report,
       "--root DIR, --host HOST, --hosts FILE, --jobs N,\n--ssh TEXT, --ask-sudo-password");
  name(parser.receive, "--override, --root DIR, --lock-wait S");
  name(parser.gate, "--root DIR");
  name(parser.pull,
       "--json, --root DIR, --lock-wait S, --host HOST, --hosts FILE,\n--jobs N, --ssh TEXT, "
       "--ask-sudo-password");
  name(parser.enroll, "--root DIR");
  name(parser.boot, "--root DIR, --lock-wait S");
  name(parser.secret, "--timeout S, --lock-wait S,\n" + report);
  name(parser.uninstall,
       "--dry-run, --timeout S, --lock-wait S,\n--json, --root DIR, --host HOST, --hosts FILE, "
       "--ssh TEXT,\n"
       "--ask-sudo-password");
}

void AddReceive(Parser& parser, CommandLine& out) {
  parser.receive =
      parser.app.add_subcommand("receive", "The host's side of a push, started by imgpush");
  parser.receive->add_flag("--dir", out.plain_directory, "The host is a folder; nothing runs");
  parser.receive->add_flag("--older", out.older,
                           "Take releases that are older than those that were taken; recorded");
  parser.receive->add_flag("--trust", out.set_trust,
                           "Take the files of ROOT/trust instead, from imgpush --trust");
  parser.receive->add_option("--host-jobs", out.host_jobs)
      ->description(
          "Threads that decode deltas, as many as fit into 64 MiB of memory; 0: half of the cores")
      ->type_name("N")
      ->transform(base::Number(0, 1000));
}

void AddGate(Parser& parser, CommandLine& out) {
  parser.gate = parser.app.add_subcommand(
      "gate", "The forced command of a key that may deploy some applications");
  parser.gate->add_option("OPERATOR", out.gate_operator, "Whose key it is, as gate.json names them")
      ->required();
}

void AddPull(Parser& parser, CommandLine& out) {
  parser.pull =
      parser.app.add_subcommand("pull", "Poll the channels of this host now, as its timer does");
  parser.pull->add_option("CHANNEL", out.channels, "Channels to poll; default: all of the host's");
  parser.pull->add_flag("--end-overrides", out.end_overrides,
                        "Give these channels back what --override keeps from them");
  parser.enroll = parser.app.add_subcommand(
      "enroll", "The host's side of imgpush channel enroll: pull from channels");
  parser.enroll->add_flag("--remove", out.remove, "Pull no more; the applications run on");
}

void AddSecret(Parser& parser, SecretOptions& out) {
  parser.secret = parser.app.add_subcommand(
      "secret", "Keep the secrets of applications, each read by its services as a credential");
  parser.secret
      ->add_option("ACTION", out.action,
                   "set (the value comes from standard input), list or remove")
      ->required();
  parser.secret->add_option("NAME", out.name, "The application; for list, default: all");
  parser.secret->add_option("KEY", out.key,
                            "The secret, as \"secrets\" of the definition names it");
  parser.secret->add_flag("--no-restart", out.no_restart,
                          "Leave the services that read it as they run");
}

void AddCommands(Parser& parser, CommandLine& out) {
  CLI::App& app = parser.app;
  parser.confirm = app.add_subcommand(
      "confirm", "Say that this host can still be reached: of a switch with --confirm-within");
  parser.confirm->add_option("ID", out.activation_id, "Of the switch; default: the one that waits");
  parser.list = app.add_subcommand("list", "Show the generations of this host");
  parser.status =
      app.add_subcommand("status", "Show the active generation, its services, and drift");
  parser.status->add_flag("--check", out.check,
                          "Ask the checks of services now; exit 4 for whatever is not as it "
                          "should be, drift included");
  parser.logs = app.add_subcommand("logs", "Show what the units of an application wrote");
  parser.logs->add_option("NAME", out.logs.name, "The application")->required();
  parser.logs->add_flag("-f,--follow", out.logs.follow, "Keep showing what is added");
  parser.logs
      ->add_option("--since", out.logs.since,
                   "Show what was written since then, as journalctl takes it: '1 hour "
                   "ago', '2026-11-24 12:00'")
      ->type_name("TIME");
  parser.logs
      ->add_option("-n,--lines", out.logs.lines,
                   "Show the last N lines; default: 100, or with --since all")
      ->type_name("N")
      ->transform(base::Number(0, 1000000));
  parser.diff = app.add_subcommand("diff", "Show how two generations differ");
  parser.diff
      ->add_option("GENERATION", out.diff,
                   "Two: from A to B. One: from the active one to it. None: from the active one to "
                   "the newest staged one")
      ->expected(0, 2)
      ->check(IsGeneration());
  parser.history = app.add_subcommand("history", "Show what happened on this host");
  parser.history
      ->add_option("--since", parser.texts.since,
                   "Show events after number N, or from a date on (2026-11-24T12:00); default: the "
                   "last hundred")
      ->type_name("N|DATE");
  auto* until =
      parser.history->add_option("--until", parser.texts.until, "Show events before a date")
          ->type_name("DATE");
  parser.history->add_flag("--follow", out.history.follow, "Keep showing new events")
      ->excludes(until);
  parser.at = app.add_subcommand("at", "Show what ran at a time, by the history");
  parser.at
      ->add_option("DATE", parser.texts.at,
                   "2026-11-24 (its first moment), 2026-11-24T12:00 or 2026-11-24T12:00:30, in the "
                   "host's time zone or with a Z in UTC; today; yesterday")
      ->required();
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
  AddReceive(parser, out);
  AddGate(parser, out);
  AddPull(parser, out);
  parser.boot = app.add_subcommand("boot", "Start the current generation; run by the boot unit");
  parser.after_boot = app.add_subcommand("after-boot", "")->group("");
  parser.uninstall = app.add_subcommand("uninstall", "Remove all of Slipway's from this host");
  parser.uninstall->add_flag("--stop", out.stop, "Stop the applications that run, first");
  AddSecret(parser, out.secret);
  parser.run_switch = app.add_subcommand("run-switch", "")->group("");
  parser.digest = app.add_subcommand("digest", "")->group("");
  parser.host_files = app.add_subcommand("host-files", "")->group("");
  parser.examine = app.add_subcommand("examine", "")->group("");
  parser.examine->add_option("DIR", out.agent_directory)->required();
  NameCommonOptions(parser);
}

}  // namespace

void DescribeOptions(Parser& parser, CommandLine& out) {
  parser.app.set_version_flag("--version", std::string("activate ") + base::kVersion);
  parser.app.footer(kExamples);
  parser.app.fallthrough();
  AddWish(parser.app, parser.texts);
  AddCommon(parser.app, out);
  AddCommands(parser, out);
}

}  // namespace activator

#include "pusher/arguments.h"

#include <algorithm>
#include <cstdlib>

#include "base/cli.h"
#include "base/version.h"
#include "pusher/wave_ends.h"

namespace pusher {
namespace {

constexpr uint64_t kLeastRate = 8000;  // 8K
constexpr uint64_t kMostRate = uint64_t{1} << 40;

constexpr const char* kExamples = R"(
Examples:
  imgpush web1                       all images of build/images to host web1
  imgpush root@10.0.0.5 nginx        the newest build of nginx
  imgpush web1,web2 nginx redis      both as one generation, on two hosts
  imgpush --plan web1 nginx          what that would send and change
  imgpush @web                       every host of the group web in hosts.json
  imgpush --activate @web nginx      plans, asks, pushes and switches
  imgpush --activate --canary 1 @web  one host, and if it stays up the others
  imgpush --trust trust web1         from now on it takes signed images alone
  imgpush doctor web1                what works there, and what to mend
  imgpush dir:/srv/images nginx      into a folder: no ssh, nothing runs from it
  imgpush publish s3://apps web nginx  into a store, from which hosts pull
  imgpush channel show s3://apps web   what the channel web has there
  SLIPWAY_SSH="ssh -F cfg" imgpush web1

A host is any destination of ssh that runs systemd. The login is root, or has
sudo or doas. imgpush stages a generation there, and says how to
activate it.

Exit codes: 0 done; 1 failed, nothing changed; 2 usage; 3 rolled back, services
run as before; 4 needs attention; 5 busy; 6 verification failed; 7 host not
reached or connection lost; 130 interrupted. Several hosts: the worst.
)";

constexpr const char* kDoctorExamples = R"(
Examples:
  imgpush doctor web1                what works there, for zstd images
  imgpush doctor @web nginx          for the newest build of nginx
  imgpush doctor --target lz4 web1   for lz4 images

Nothing is installed or changed there. The agent is run from a folder that is
gone afterwards, unless a push stored it there before.

Exit codes: 0 a push and an activation would work on every host; 1 not, or it
could not be found out; 2 usage; 7 host not reached; 130 interrupted.
)";

// The hosts and the way to them.
void DescribeHosts(CLI::App& app, Arguments& out) {
  DescribeWayToHosts(app, out);
  app.add_flag("--gate", out.gate,
               "The login is a gate: it runs `activate gate`, which takes some applications from "
               "whoever is not root there; default: what the list says");
  app.add_option("--images", out.images, "Folder of the built images")
      ->type_name("DIR")
      ->capture_default_str();
  app.add_flag("--json", out.json, "Report as JSON");
}

// Of two flags that say the opposite of each other.
void AddChoice(CLI::App& app, std::optional<bool>& out, const std::string& yes,
               const std::string& yes_text, const std::string& no, const std::string& no_text) {
  auto* flag = app.add_flag_callback(
      yes, [&out] { out = true; }, yes_text);
  app.add_flag_callback(
         no, [&out] { out = false; }, no_text)
      ->excludes(flag);
}

void DescribeWaves(CLI::App& app, CLI::Option* activate, Arguments& out) {
  auto* wave = app.add_option("--wave", out.waves,
                              "With --activate: so many hosts, or so large a share of them, after "
                              "each wave, as in 1,25%,100%")
                   ->type_name("LIST")
                   ->check([](const std::string& list) {
                     return std::string(list.empty() ? "is empty: say how many, as in 1,25%" : "");
                   })
                   ->needs(activate);
  app.add_option_function<uint64_t>(
         "--canary", [&out](const uint64_t& hosts) { out.waves = std::to_string(hosts); },
         "N hosts first, then the others: as --wave N,100%")
      ->type_name("N")
      ->transform(base::Number(1, 1000))
      ->needs(activate)
      ->excludes(wave);
  base::AddSeconds(app, "--pause", out.pause_seconds,
                   "How long to wait between waves; then the hosts of the wave must still be "
                   "healthy; default: 10",
                   0, 86400);
  AddChoice(app, out.stop_on_failure, "--stop-on-failure",
            "Push to and switch no further host once one has failed. Default with waves", "--go-on",
            "Go on with the others. Default without waves");
}

// What a host takes, and from whom.
void DescribeTaking(CLI::App& app, CLI::Option* plan, CLI::Option* activate, Arguments& out) {
  app.add_flag("--older", out.older,
               "Have a host that takes signed images alone take releases that are older than those "
               "it took; the host records it");
  app.add_flag("--override", out.override_channel,
               "Push what a channel of the host has, too: for 24 hours the channel leaves these "
               "applications alone");
  app.add_flag("--yes", out.yes,
               "With --activate: do not plan and ask first; with --trust: do not ask");
  app.add_option("--trust", out.trust,
                 "Push no image, but the files signers, revoked and policy.json of DIR, which say "
                 "whose images the host takes; shows the difference and asks; the login is root")
      ->type_name("DIR")
      ->check([](const std::string& directory) {  // a variable that is not set would push
        return std::string(directory.empty() ? "is empty: say which directory" : "");
      })
      ->excludes(plan)
      ->excludes(activate);
}

void DescribePush(CLI::App& app, Arguments& out) {
  app.footer(kExamples);
  app.set_version_flag("--version", std::string("imgpush ") + base::kVersion);
  app.add_option("--host-jobs", out.host_jobs,
                 "Threads that each host decodes deltas with, as many as fit into 64 MiB of "
                 "memory; default: half of its cores")
      ->type_name("N")
      ->transform(base::Number(1, 1000));
  base::AddSeconds(app, "--lock-wait", out.lock_wait_seconds,
                   "How long to wait for a host's lock, which a switch holds: 60, 60s or 1m");
  auto* plan = app.add_flag("--plan", out.plan, "Say what a push would send and change, then stop");
  auto* activate =
      app.add_flag("--activate", out.activate,
                   "After the push, switch each host and follow the switch; not with --plan");
  activate->excludes(plan);
  base::AddSeconds(app, "--confirm-within", out.confirm_within_seconds,
                   "With --activate: each host goes back unless it is reached over a new "
                   "connection, so soon after all is healthy there",
                   5, 3600);
  DescribeTaking(app, plan, activate, out);
  DescribeWaves(app, activate, out);
  AddChoice(app, out.deltas, "--deltas",
            "Send deltas against an older version that both sides have. Default, except for a "
            "folder, where they cost more than they save",
            "--no-deltas", "Send chunks whole. Default for a folder");
  app.add_option(
         "HOST", out.hosts_word,
         "One host or several, separated by commas: a destination of ssh, @GROUP of the list, or "
         "dir:PATH for a folder")
      ->required();
  app.add_option("NAME", out.names,
                 "Names or directories of images; default: all that the host accepts");
}

void DescribeDoctor(CLI::App& app, Arguments& out) {
  app.footer(kDoctorExamples);
  auto* target = app.add_option("--target", out.target,
                                "Without NAME: the kind of images that are to run there")
                     ->type_name("TARGET")
                     ->capture_default_str();
  app.add_option("HOST", out.hosts_word,
                 "One host or several, separated by commas: a destination of ssh, or @GROUP of the "
                 "list")
      ->required();
  app.add_option("NAME", out.names, "Names or directories of images that are to run there")
      ->excludes(target);
}

}  // namespace

std::string SshOfEnvironment() {
  const char* value = std::getenv("SLIPWAY_SSH");
  return value == nullptr ? "" : value;
}

void DescribeWayToHosts(CLI::App& app, Arguments& out) {
  app.add_option("--root", out.root,
                 "The host's root directory; default: what the list of hosts says, or "
                 "/var/lib/images")
      ->type_name("DIR");
  app.add_option("--agent-dir", out.agent_directory,
                 "Directory of the agent on the host; default: what the list says, or bin below "
                 "--root")
      ->type_name("DIR");
  app.add_option("--hosts", out.hosts_file, "The list of hosts")
      ->type_name("FILE")
      ->capture_default_str();
  app.add_option("--ssh", out.ssh, "ssh program and options, instead of $SLIPWAY_SSH")
      ->type_name("TEXT");
  app.add_option("--jobs", out.jobs, "Hosts to work on at once")
      ->transform(base::Number(1, 1000))
      ->capture_default_str();
  base::AddSeconds(app, "--connect-timeout", out.connect_timeout_seconds,
                   "How long a login may take; default: 2m, of which 10 s until the host answers",
                   1);
  app.add_option("--retries", out.retries,
                 "Tries again of a connection that fails before the host answers")
      ->type_name("N")
      ->transform(base::Number(0, 100))
      ->capture_default_str();
  app.add_option_function<uint64_t>(
         "--bwlimit",
         [&out](const uint64_t& rate) {
           out.rate = std::make_shared<RateLimit>(rate);
           // Of several that share too little, each would look like a link that is dead.
           out.jobs = std::min<size_t>(out.jobs, std::max<uint64_t>(1, rate / kLeastRate));
         },
         "Send at most so many bytes a second, to all hosts together: 500K or 2M")
      ->type_name("RATE")
      ->transform(base::Number(kLeastRate, kMostRate, base::SizeUnits(),
                               "no rate: use bytes a second, as in 500K or 2M, 8K at least"));
  app.add_flag("--ask-sudo-password", out.ask_sudo_password,
               "Ask once, on the terminal, for the password that sudo wants on the hosts");
}

std::optional<Arguments> ParseArguments(const std::vector<std::string>& arguments,
                                        const base::Io& io) {
  Arguments out;
  out.words = arguments;
  out.ssh = SshOfEnvironment();
  out.doctor = !arguments.empty() && arguments.front() == "doctor";
  CLI::App app(out.doctor
                   ? "Says what works on hosts, and what to do about what does not."
                   : "Sends built images to hosts and stages them there as a new generation.",
               out.doctor ? "imgpush doctor" : "imgpush");
  DescribeHosts(app, out);
  (out.doctor ? DescribeDoctor : DescribePush)(app, out);
  if (!base::ParseArguments(app, {arguments.begin() + (out.doctor ? 1 : 0), arguments.end()}, io)) {
    return std::nullopt;
  }
  if (out.yes && !out.activate && out.trust.empty()) {
    base::Fail(base::ExitCode::kUsage, "--yes requires --activate or --trust");
  }
  if (!out.trust.empty() && !out.names.empty()) {
    base::Fail(base::ExitCode::kUsage, "--trust pushes no image: leave out {}", out.names.front());
  }
  if (!out.trust.empty() && !out.yes && !(io.in_is_terminal && io.err_is_terminal)) {
    base::Fail(base::ExitCode::kUsage,
               "--trust asks before it changes whom a host trusts, but there is no terminal: add "
               "--yes");
  }
  if (out.activate && !out.yes && !(io.in_is_terminal && io.err_is_terminal)) {
    base::Fail(base::ExitCode::kUsage,
               "--activate asks before it switches services, but there is no terminal: add --yes");
  }
  if (out.confirm_within_seconds && !out.activate) {
    base::Fail(base::ExitCode::kUsage, "--confirm-within requires --activate");
  }
  WaveEnds(out.waves, 1);  // what is wrong with however many hosts
  if (out.pause_seconds && out.waves.empty()) {
    base::Fail(base::ExitCode::kUsage, "--pause is between waves: add --wave or --canary");
  }
  return out;
}

}  // namespace pusher

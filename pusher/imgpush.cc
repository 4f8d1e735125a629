#include "pusher/imgpush.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <cstdlib>
#include <optional>

#include "base/cli.h"
#include "base/error.h"
#include "base/progress.h"
#include "base/version.h"
#include "images/host_layout.h"
#include "images/image_choice.h"
#include "images/json_fields.h"
#include "pusher/agent_binary.h"
#include "pusher/push_session.h"
#include "pusher/remote.h"

namespace pusher {
namespace {

constexpr const char* kExamples = R"(
Examples:
  imgpush web1                       all images of build/images to host web1
  imgpush root@10.0.0.5 nginx        the newest build of nginx
  imgpush web1,web2 nginx redis      both as one generation, on two hosts
  imgpush dir:/srv/images nginx      into a folder: no ssh, nothing runs from it
  SLIPWAY_SSH="ssh -F cfg" imgpush web1

A host is anything ssh understands, logged in as root, and runs systemd. imgpush stages a
generation there; activate it with: ssh HOST /var/lib/images/bin/activate --generation N
Exit codes: 0 done; 1 failed, nothing changed; 2 usage; 5 busy; 6 verification failed;
7 host not reachable or connection lost; 130 interrupted. Several hosts: the worst.
)";

struct Arguments {
  std::string root = images::kDefaultRoot;
  std::string images = "build/images";
  std::string ssh;
  bool json = false;
  std::vector<std::string> hosts;
  std::vector<std::string> names;
};

struct HostOutcome {
  std::string host;
  std::optional<base::Error> error;
  PushResult push;
  uint64_t sent_bytes = 0;
  uint64_t agent_bytes = 0;
  uint64_t image_bytes = 0;
  double seconds = 0;
};

std::string FromEnvironment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// Nothing: --help or --version was answered.
std::optional<Arguments> ParseArguments(std::vector<std::string> arguments, const base::Io& io) {
  Arguments out;
  out.ssh = FromEnvironment("SLIPWAY_SSH");
  CLI::App app("Sends built images to hosts and stages them there as a new generation.", "imgpush");
  app.footer(kExamples);
  app.set_version_flag("--version", std::string("imgpush ") + base::kVersion);
  app.add_option("--root", out.root, "Where images stand on the host")->capture_default_str();
  app.add_option("--images", out.images, "Where imgbuild put them")->capture_default_str();
  app.add_option("--ssh", out.ssh, "ssh program and options, instead of $SLIPWAY_SSH");
  app.add_flag("--json", out.json, "Report as JSON");
  std::string hosts;
  app.add_option("HOST", hosts, "Host, or several with commas; dir:PATH is a folder")->required();
  app.add_option("NAME", out.names, "Image name, or image directory; default: all that were built");
  if (!base::ParseArguments(app, arguments, io)) {
    return std::nullopt;
  }
  for (size_t at = 0; at <= hosts.size();) {
    const size_t comma = std::min(hosts.find(',', at), hosts.size());
    out.hosts.push_back(hosts.substr(at, comma - at));
    CheckHost(out.hosts.back());
    at = comma + 1;
  }
  return out;
}

// Who pushes, for the host's record: "anna@laptop", of harmless characters.
std::string WhoWeAre() {
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  const passwd* user = ::getpwuid(::getuid());
  std::string out = user == nullptr ? fmt::format("uid{}", ::getuid()) : user->pw_name;
  out += std::string("@") + name.data();
  std::ranges::replace_if(
      out,
      [](unsigned char c) {
        return std::isalnum(c) == 0 && c != '@' && c != '.' && c != '-' && c != '_';
      },
      '_');
  return out;
}

HostOutcome PushTo(const std::string& host, const Arguments& arguments, const AgentBinary& agent,
                   const std::vector<images::ImageDirectory>& images, const base::Io& io) {
  HostOutcome outcome;
  outcome.host = host;
  const auto start = std::chrono::steady_clock::now();
  for (const images::ImageDirectory& image : images) {
    outcome.image_bytes += image.manifest().image.size_bytes;
  }
  try {
    Remote remote(host, {arguments.ssh, arguments.root, WhoWeAre()}, agent);
    outcome.agent_bytes = remote.agent_bytes();
    try {
      outcome.push = Push(remote.wire(), images, io);
    } catch (const base::Error& error) {
      outcome.sent_bytes = remote.sent_bytes();
      throw remote.Explain(error);
    }
    outcome.sent_bytes = remote.sent_bytes();
    remote.Close();
  } catch (const base::Error& error) {
    outcome.error = error;
  } catch (const std::exception& error) {  // the other hosts must not pay for it
    outcome.error = base::Error(base::Code::kFailed, error.what());
  }
  outcome.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return outcome;
}

std::string Percent(uint64_t part, uint64_t whole) {
  return fmt::format(
      "{:.1f}%", whole == 0 ? 0.0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

std::string NextStep(const HostOutcome& outcome, const Arguments& arguments) {
  const Staged& staged = outcome.push.staged;
  if (staged.active) {
    return fmt::format("generation {} is active already; nothing to activate", staged.generation);
  }
  std::string out = fmt::format("generation {} {}", staged.generation,
                                staged.created ? "staged" : "was staged already");
  const std::string folder = FolderOf(outcome.host);
  if (folder.empty()) {
    out += fmt::format("; activate with: ssh {} {}/bin/activate --generation {}{}", outcome.host,
                       arguments.root, staged.generation,
                       arguments.root == images::kDefaultRoot ? "" : " --root " + arguments.root);
  } else {
    out += fmt::format("; activate with: activate --root {} --generation {}", folder,
                       staged.generation);
  }
  return out;
}

void PrintOutcome(const HostOutcome& outcome, const Arguments& arguments, const base::Io& io) {
  std::string line = outcome.host + ": ";
  for (const PushedImage& image : outcome.push.images) {
    if (image.already_there) {
      line += fmt::format("{} {} already there, ", image.name, image.id);
    }
  }
  io.Out("{}sent {} of {} ({}), {}\n", line, base::HumanBytes(outcome.sent_bytes),
         base::HumanBytes(outcome.image_bytes), Percent(outcome.sent_bytes, outcome.image_bytes),
         NextStep(outcome, arguments));
  if (outcome.agent_bytes > 0) {
    io.Err("imgpush: {}: the agent was installed first, {} once\n", outcome.host,
           base::HumanBytes(outcome.agent_bytes));
  }
}

images::Json ToJson(const HostOutcome& outcome) {
  images::Json out = {{"name", outcome.host},
                      {"sent_bytes", outcome.sent_bytes},
                      {"agent_bytes", outcome.agent_bytes},
                      {"image_bytes", outcome.image_bytes},
                      {"seconds", outcome.seconds}};
  if (outcome.error) {
    out["error"] = outcome.error->what();
    out["exit_code"] = static_cast<int>(outcome.error->code());
    return out;
  }
  uint64_t total = 0;
  uint64_t sent = 0;
  out["images"] = images::Json::array();
  for (const PushedImage& image : outcome.push.images) {
    out["images"].push_back(
        {{"name", image.name}, {"id", image.id}, {"already_there", image.already_there}});
    total += image.chunks_total;
    sent += image.chunks_sent;
  }
  out["generation"] = outcome.push.staged.generation;
  out["created"] = outcome.push.staged.created;
  out["active"] = outcome.push.staged.active;
  out["chunks"] = {{"total", total}, {"present", total - sent}, {"sent", sent}, {"as_delta", 0}};
  out["exit_code"] = 0;
  return out;
}

}  // namespace

int WorseOf(int a, int b) {
  static constexpr std::array kWorst = {130, 4, 3, 7};
  for (const int code : kWorst) {
    if (a == code || b == code) {
      return code;
    }
  }
  return a != 0 ? a : b;
}

int RunImgpush(const std::vector<std::string>& arguments, const base::Io& io) {
  const std::optional<Arguments> parsed = ParseArguments(arguments, io);
  if (!parsed) {
    return 0;
  }
  const std::vector<images::ImageDirectory> chosen =
      images::ChooseImages(parsed->images, parsed->names);
  const AgentBinary agent = FindAgent();
  images::Json report = images::Json::array();
  int exit_code = 0;
  for (const std::string& host : parsed->hosts) {
    const HostOutcome outcome = PushTo(host, *parsed, agent, chosen, io);
    if (outcome.error) {
      const std::string what = Printable(outcome.error->what());  // it may quote the host
      const bool named = what.starts_with(host) || what.starts_with("host " + host);
      io.Err("imgpush: error: {}{}\n", named ? "" : host + ": ", what);
      exit_code = WorseOf(exit_code, static_cast<int>(outcome.error->code()));
    } else if (!parsed->json) {
      PrintOutcome(outcome, *parsed, io);
    }
    report.push_back(ToJson(outcome));
    if (outcome.error && outcome.error->code() == base::Code::kInterrupted) {
      break;
    }
  }
  if (parsed->json) {
    io.Out("{}\n", report.dump(2, ' ', false, images::Json::error_handler_t::replace));
  }
  return exit_code;
}

}  // namespace pusher

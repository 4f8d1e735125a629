#include "pusher/enroll/enroll_verbs.h"

#include <fmt/ranges.h>

#include <map>
#include <utility>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/parallel_for.h"
#include "hosts/sudo_password.h"
#include "hosts/worst_code.h"
#include "images/channel/object_key.h"
#include "pusher/arguments.h"
#include "pusher/reach.h"
#include "pusher/report.h"
#include "pusher/ssh/agent_binary.h"
#include "pusher/targets.h"
#include "pusher/trust_command.h"

namespace pusher {
namespace {

constexpr uint64_t kMostDelaySeconds = 7 * 86'400;
constexpr uint64_t kUsualDelaySeconds = 60;

// The name under which a host reports: as listed, or what stands behind USER@.
std::string ReportNameOf(const Destination& target) {
  const std::string name = target.name.substr(target.name.rfind('@') + 1);
  if (!images::IsHostName(name)) {
    base::Fail(base::ExitCode::kUsage,
               "{}: no host reports under such a name: give it one in hosts.json", target.name);
  }
  return name;
}

// Two hosts that report as one would overwrite each other's report.
void CheckReportNames(const std::vector<HostResult>& hosts) {
  std::map<std::string, std::string> names;
  for (const HostResult& host : hosts) {
    const auto [found, is_new] = names.emplace(ReportNameOf(host.target), host.target.name);
    if (!is_new) {
      base::Fail(base::ExitCode::kUsage,
                 "{} and {} would both report as {}: give them names in hosts.json", found->second,
                 host.target.name, found->first);
    }
  }
}

void CheckIsHost(const Destination& target) {
  if (!FolderOf(target.destination).empty()) {
    base::Fail(base::ExitCode::kUsage, "nothing runs from the folder {}, so it pulls nothing",
               target.destination);
  }
  if (target.gate) {
    base::Fail(base::ExitCode::kUsage,
               "{} is a gate, and what a host pulls is for root's own login to say", target.name);
  }
}

std::string TextOf(const HostResult& host, const std::string& done) {
  std::string out = fmt::format("{}: {}", host.target.name, done);
  if (host.poll) {
    out += fmt::format("{}{}: {}", done.empty() ? "" : ", ",
                       host.poll->exit_code == 0
                           ? "it looked"
                           : fmt::format("its poll ended with {}", host.poll->exit_code),
                       host.poll->said.empty() ? "nothing to tell" : host.poll->said);
  }
  return out + "\n";
}

}  // namespace

void EnrollVerbs::Describe(CLI::App& app) {
  arguments_.ssh = SshOfEnvironment();
  app.add_option("--every", every_, "Of enroll: when the hosts poll, as OnCalendar= of systemd")
      ->type_name("TIME")
      ->capture_default_str();
  base::AddSeconds(app, "--random-delay", random_delay_seconds_,
                   "Of enroll: up to how much later, each host another time; default: 1m", 0,
                   kMostDelaySeconds);
  app.add_flag_callback(
      "--no-poll", [this] { polls_ = false; }, "Of enroll: do not have the hosts look at once");
  app.add_flag("--remove", removes_, "Of enroll: have the hosts pull no more");
  app.add_flag("--yes", arguments_.yes, "Of enroll, with --trust: do not ask");
  DescribeWayToHosts(app, arguments_);
}

std::vector<HostResult> EnrollVerbs::Choose(const std::vector<std::string>& hosts) {
  arguments_.hosts_word = hosts.empty() ? "@all" : fmt::format("{}", fmt::join(hosts, ","));
  std::vector<HostResult> out;
  for (Destination& target : ChooseHosts(arguments_)) {
    CheckIsHost(target);
    out.emplace_back().target = std::move(target);
  }
  return out;
}

int EnrollVerbs::ForEach(std::vector<HostResult> hosts, const std::string& doing, const Work& work,
                         const std::string& done, hosts::ProgressDisplay& board,
                         const base::Io& io) {
  std::vector<char> begun(hosts.size());
  base::ParallelFor(hosts.size(), arguments_.jobs, [&](size_t i) {
    HostResult& host = hosts[i];
    if (host.error) {
      return;  // it was said
    }
    begun[i] = 1;
    {
      hosts::ProgressDisplay::Line line(board);
      line.Show(fmt::format("{}: {}", host.target.name, doing));
      try {
        Reach(host.target, arguments_, board, board.IoFor(line),
              [&](const RemoteOptions& options) { work(host, options); });
      } catch (const base::Error& error) {
        host.error = error;
      } catch (const std::exception& error) {
        host.error = base::Error(base::ExitCode::kFailed, error.what());
      }
    }
    if (host.error) {
      board.WriteErr(ErrorLineOf(host.target.name, *host.error));
    } else if (!arguments_.json) {
      board.WriteOut(TextOf(host, done));
    }
  });
  int exit_code = 0;
  for (size_t i = 0; i < hosts.size(); ++i) {
    if (!hosts[i].error && !begun[i]) {
      hosts[i].error = base::Error(base::ExitCode::kInterrupted, "interrupted before it began");
    }
    exit_code = hosts::WorseOf(exit_code, hosts[i].exit_code());
  }
  if (arguments_.json) {
    io.WriteOut(ResultsJson(hosts));
  }
  return exit_code;
}

// One after the other, for each may be asked about.
void EnrollVerbs::SetTrust(std::vector<HostResult>& hosts, const std::string& trust,
                           hosts::ProgressDisplay& board, const base::Io& io) {
  Arguments arguments = arguments_;
  arguments.trust = trust;
  const images::TrustTexts texts = CheckedTrust(trust);
  const Agents agents = FindAgents();
  for (size_t i = 0; i < hosts.size() && !base::Interrupted(); ++i) {
    hosts[i].error = TellTrust(hosts[i].target, texts, arguments, agents, board, io).error;
  }
}

int EnrollVerbs::Enroll(const Subscription& subscription, const std::vector<std::string>& hosts,
                        bool json, const base::Io& io) {
  arguments_.json = json;
  if (!subscription.ca_file.empty()) {
    CheckHostPath(subscription.ca_file, "--ca-file");
  }
  if (!subscription.trust.empty() && !arguments_.yes &&
      !(io.in_is_terminal && io.err_is_terminal)) {
    base::Fail(base::ExitCode::kUsage,
               "--trust asks before it changes whom a host trusts, but there is no terminal: add "
               "--yes");
  }
  std::vector<HostResult> chosen = Choose(hosts);
  CheckReportNames(chosen);
  const Agents agents = FindAgents();
  const Agents fetchers = FindFetchers();
  if (arguments_.ask_sudo_password) {
    arguments_.sudo_password = hosts::AskSudoPassword(io);
  }
  hosts::ProgressDisplay board(io);
  if (!subscription.trust.empty()) {
    SetTrust(chosen, subscription.trust, board, io);
  }
  const Schedule schedule{every_, random_delay_seconds_.value_or(kUsualDelaySeconds)};
  const auto work = [&](HostResult& host, const RemoteOptions& options) {
    const EnrollRequest request{[&](const base::Sha256& fetch) {
                                  return EnrollDocument(subscription, schedule,
                                                        ReportNameOf(host.target),
                                                        host.target.groups, fetch);
                                },
                                polls_};
    host.poll = pusher::Enroll(host.target, options, agents, fetchers, request);
  };
  return ForEach(std::move(chosen), "enrolling", work,
                 fmt::format("pulls {}", fmt::join(subscription.channels, ", ")), board, io);
}

int EnrollVerbs::Remove(const std::vector<std::string>& hosts, bool json, const base::Io& io) {
  arguments_.json = json;
  std::vector<HostResult> chosen = Choose(hosts);
  const Agents agents = FindAgents();
  if (arguments_.ask_sudo_password) {
    arguments_.sudo_password = hosts::AskSudoPassword(io);
  }
  hosts::ProgressDisplay board(io);
  const auto work = [&](HostResult& host, const RemoteOptions& options) {
    Unenroll(host.target, options, agents);
  };
  return ForEach(std::move(chosen), "removing", work, "pulls nothing; what runs there runs on",
                 board, io);
}

int EnrollVerbs::Poke(const std::vector<std::string>& hosts, bool json, const base::Io& io) {
  arguments_.json = json;
  std::vector<HostResult> chosen = Choose(hosts);
  if (arguments_.ask_sudo_password) {
    arguments_.sudo_password = hosts::AskSudoPassword(io);
  }
  hosts::ProgressDisplay board(io);
  const auto work = [&](HostResult& host, const RemoteOptions& options) {
    host.poll = pusher::Poke(host.target, options);
  };
  return ForEach(std::move(chosen), "looking", work, "", board, io);
}

}  // namespace pusher

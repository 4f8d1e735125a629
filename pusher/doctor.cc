#include "pusher/doctor.h"

#include <fmt/ranges.h>

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/json_fields.h"
#include "base/parallel_for.h"
#include "chunker/codec_table.h"
#include "hosts/sudo_password.h"
#include "hosts/worst_code.h"
#include "pusher/diagnosis.h"
#include "pusher/protocol/protocol.h"
#include "pusher/reach.h"
#include "pusher/report.h"
#include "pusher/ssh/agent_binary.h"
#include "pusher/ssh/examination.h"
#include "pusher/targets.h"

namespace pusher {
namespace {

struct Examined {
  Destination target;
  std::string release;  // of its system: "Debian GNU/Linux 12 (bookworm)"
  std::vector<Finding> findings;
  std::optional<base::Error> error{
      base::Error(base::ExitCode::kInterrupted, "interrupted before it began")};

  bool is_ready() const { return !error && IsReady(findings); }
  int exit_code() const {
    return error ? static_cast<int>(error->code())
                 : (is_ready() ? 0 : static_cast<int>(base::ExitCode::kFailed));
  }
};

std::vector<Destination> HostsToExamine(const Arguments& arguments, const base::Io& io) {
  std::vector<Destination> out =
      arguments.names.empty() ? ChooseHosts(arguments) : ChooseTargets(arguments, io);
  for (const Destination& target : out) {
    if (!FolderOf(target.destination).empty()) {
      base::Fail(base::ExitCode::kUsage, "nothing runs from the folder {}: doctor looks at hosts",
                 target.destination);
    }
  }
  return out;
}

// What is to run on the host.
std::vector<images::Manifest> ImagesFor(const Destination& target, const Arguments& arguments) {
  std::vector<images::Manifest> out;
  if (!target.images) {
    out.emplace_back().image.required_features = {chunker::CodecOfTarget(arguments.target).feature};
    return out;
  }
  for (const images::ImageDirectory& image : *target.images) {
    out.push_back(image.manifest());
  }
  return out;
}

std::string WhatIsToRun(const Arguments& arguments) {
  return arguments.names.empty() ? arguments.target + " images"
                                 : fmt::format("{}", fmt::join(arguments.names, ", "));
}

std::string TableOf(const Examined& host, const Arguments& arguments) {
  constexpr size_t kTextColumn = 25;
  std::string out = fmt::format("{}: {}\n", host.target.name, host.release);
  std::vector<std::string> obstacles;
  for (const Finding& finding : host.findings) {
    out += fmt::format("  {:<14} {:<7} {}\n", finding.name, ToText(finding.verdict), finding.text);
    if (!finding.advice.empty()) {
      out += fmt::format("{}{}\n", std::string(kTextColumn, ' '), finding.advice);
    }
    if (!IsReady({finding})) {
      obstacles.push_back(finding.name);
    }
  }
  return out + (obstacles.empty()
                    ? fmt::format("{}: ready for {}\n", host.target.name, WhatIsToRun(arguments))
                    : fmt::format("{}: not ready for {}: see {}\n", host.target.name,
                                  WhatIsToRun(arguments), fmt::join(obstacles, ", ")));
}

base::Json ToJson(const Examined& host) {
  base::Json out = {{"name", host.target.name}, {"exit_code", host.exit_code()}};
  if (host.error) {
    out["error"] = host.error->what();
    return out;
  }
  out["release"] = host.release;
  out["ready"] = host.is_ready();
  out["findings"] = base::Json::array();
  for (const Finding& finding : host.findings) {
    out["findings"].push_back({{"name", finding.name},
                               {"verdict", ToText(finding.verdict)},
                               {"text", finding.text},
                               {"advice", finding.advice}});
  }
  return out;
}

void ExamineOne(Examined& host, const Arguments& arguments, const Agents& agents,
                hosts::ProgressDisplay& board) {
  host.error.reset();
  hosts::ProgressDisplay::Line line(board);
  line.Show(host.target.name + ": looking");
  try {
    Reach(host.target, arguments, board, board.IoFor(line), [&](const RemoteOptions& options) {
      const Examination found = Examine(host.target, options, agents);
      host.release = found.Fact("release");
      host.findings = Diagnose(found, ImagesFor(host.target, arguments));
    });
  } catch (const base::Error& error) {
    host.error = error;
  } catch (const std::exception& error) {
    host.error = base::Error(base::ExitCode::kFailed, error.what());
  }
}

}  // namespace

int RunDoctor(Arguments arguments, const base::Io& io) {
  chunker::CodecOfTarget(arguments.target);  // a wrong one is told before anything is asked
  std::vector<Examined> hosts;
  for (const Destination& target : HostsToExamine(arguments, io)) {
    hosts.emplace_back().target = target;
  }
  if (arguments.ask_sudo_password) {
    arguments.sudo_password = hosts::AskSudoPassword(io);
  }
  const Agents agents = FindAgents();
  hosts::ProgressDisplay board(io);
  base::ParallelFor(hosts.size(), arguments.jobs, [&](size_t i) {
    ExamineOne(hosts[i], arguments, agents, board);
    if (hosts[i].error) {
      board.WriteErr(ErrorLineOf(hosts[i].target.name, *hosts[i].error));
    } else if (!arguments.json) {
      board.WriteOut(TableOf(hosts[i], arguments));
    }
  });
  int exit_code = 0;
  base::Json all = base::Json::array();
  for (const Examined& host : hosts) {
    exit_code = hosts::WorseOf(exit_code, host.exit_code());
    all.push_back(ToJson(host));
  }
  if (arguments.json) {
    io.WriteOut(all.dump(2, ' ', false, base::Json::error_handler_t::replace) + "\n");
  }
  return exit_code;
}

}  // namespace pusher

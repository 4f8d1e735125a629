#include "activator/many_hosts.h"

#include <fmt/ranges.h>

#include <exception>
#include <sstream>
#include <utility>

#include "activator/host_table.h"
#include "activator/remote.h"
#include "base/error.h"
#include "base/parallel_for.h"
#include "base/printable.h"
#include "base/progress.h"
#include "hosts/choose_hosts.h"
#include "hosts/destination.h"
#include "hosts/progress_display.h"

namespace activator {
namespace {

using std::chrono::milliseconds;

bool IsForOneHost(const CommandLine& line) {
  switch (line.command) {
    case Command::kReceive:
    case Command::kBoot:
    case Command::kAfterBoot:
    case Command::kRunSwitch:
    case Command::kHostFiles:
    case Command::kDigest:
    case Command::kUninstall:  // too much for one typing error
      return true;
    default:
      return false;
  }
}

bool Follows(const CommandLine& line) { return line.history.follow || line.logs.follow; }

// A folder that is named is an error; one of a group is left out.
std::vector<RemoteHost> HostsOf(const CommandLine& line, const base::Io& io) {
  const hosts::HostList list = hosts::HostList::Load(line.hosts_file);
  std::vector<RemoteHost> out;
  std::vector<std::string> left_out;
  std::vector<std::pair<std::string, std::string>> once;
  for (const auto& [host, by_group] : hosts::ChooseHosts(hosts::SplitAtCommas(line.host), list)) {
    if (const std::string folder = hosts::FolderOf(host.ssh); folder.empty()) {
      out.push_back(
          {host.name, host.ssh, line.root_given || host.root.empty() ? line.root : host.root});
      once.emplace_back(host.name, host.ssh);
    } else if (by_group) {
      left_out.push_back(host.name);
    } else {
      base::Fail(base::ExitCode::kUsage, "{} is a folder: use activate --root {}", host.name,
                 folder);
    }
  }
  hosts::CheckOnce(once);
  if (out.empty()) {
    base::Fail(base::ExitCode::kUsage, "all of {} are folders, where nothing runs", line.host);
  }
  if (!left_out.empty()) {
    io.Err("activate: left out, because they are folders: {}\n", fmt::join(left_out, ", "));
  }
  return out;
}

// What is left of the command line for this host.
std::vector<std::string> WordsFor(const CommandLine& line, const RemoteHost& host,
                                  const std::vector<std::string>& arguments) {
  std::vector<std::string> out = WithoutHost(arguments);
  if (!line.root_given && host.root != line.root) {
    out.insert(out.begin(), {"--root", host.root});
  }
  return out;
}

int RunOnOne(const CommandLine& line, const std::vector<std::string>& arguments,
             const RemoteHost& host, const base::Io& io, milliseconds patience) {
  const RemoteOutput output = {[&](std::string_view piece) { io.WriteOut(piece); }, nullptr,
                               [&](const std::string& text) { io.Err("{}\n", text); }};
  try {
    return RunOnHost(line, WordsFor(line, host, arguments), host, output, patience);
  } catch (const base::Error& error) {
    if (error.code() == base::ExitCode::kInterrupted && line.logs.follow) {
      return 0;  // as on the host itself
    }
    throw;
  }
}

// What several hosts print is held in memory: one of them must not fill it.
constexpr size_t kMostBytes = 64 << 20;

void CheckSize(size_t size) {
  if (size > kMostBytes) {
    base::Fail(base::ExitCode::kFailed, "it prints more than {}", base::HumanBytes(kMostBytes));
  }
}

// Hands on the whole lines of what comes in pieces.
class Lines {
 public:
  explicit Lines(std::function<void(const std::string& line)> tell) : tell_(std::move(tell)) {}
  void Add(std::string_view piece) {
    rest_ += piece;
    CheckSize(rest_.size());
    for (size_t end = 0; (end = rest_.find('\n')) != std::string::npos;) {
      tell_(rest_.substr(0, end));
      rest_.erase(0, end + 1);
    }
  }
  void End() {
    if (!rest_.empty()) {
      tell_(std::exchange(rest_, ""));
    }
  }

 private:
  const std::function<void(const std::string& line)> tell_;
  std::string rest_;
};

class ManyHosts {
 public:
  ManyHosts(const CommandLine& line, const std::vector<std::string>& arguments,
            std::vector<RemoteHost> hosts, const base::Io& io, milliseconds patience)
      : line_(line), hosts_(std::move(hosts)), io_(io), patience_(patience), display_(io) {
    for (const RemoteHost& host : hosts_) {
      HostReport& report = reports_.emplace_back();
      report.name = host.name;
      words_.push_back(WordsFor(line, host, arguments));
      if (MakesTable() && !line.json) {
        words_.back().emplace_back("--json");
      }
    }
  }

  int Run() {
    const size_t jobs = Follows(line_) ? hosts_.size() : line_.jobs;
    base::ParallelFor(hosts_.size(), jobs, [this](size_t i) { RunOne(i); });
    if (!Follows(line_)) {
      display_.WriteOut(Report());
    }
    Tell();
    return ExitCodeOf(reports_);
  }

 private:
  bool MakesTable() const { return line_.command == Command::kStatus || IsSwitch(line_); }
  std::string Report() const {
    return line_.json                          ? ReportsJson(reports_)
           : line_.command == Command::kStatus ? StatusTable(reports_)
           : IsSwitch(line_)                   ? SwitchTable(reports_)
                                               : LinesTable(reports_);
  }
  void RunOne(size_t i);
  void TakeLine(HostReport& report, const std::string& line);
  void Tell();

  const CommandLine& line_;
  const std::vector<RemoteHost> hosts_;
  const base::Io io_;
  const milliseconds patience_;
  hosts::ProgressDisplay display_;
  std::vector<std::vector<std::string>> words_;
  std::vector<HostReport> reports_;  // each used by one thread
};

void ManyHosts::TakeLine(HostReport& report, const std::string& line) {
  if (Follows(line_)) {
    display_.WriteOut(line_.json ? LineJson(report.name, line)
                                 : HostLine(report.name, NameWidth(reports_), line));
  } else {
    report.out += line + "\n";
    CheckSize(report.out.size());
  }
}

void ManyHosts::RunOne(size_t i) {
  HostReport& report = reports_[i];
  report.begun = true;
  hosts::ProgressDisplay::Line progress(display_);
  if (!Follows(line_)) {
    progress.Show(report.name + ": connecting");
  }
  size_t said_bytes = 0;
  Lines out([&](const std::string& line) { TakeLine(report, line); });
  Lines err([&](const std::string& line) {
    report.said.push_back(base::Printable(line));
    CheckSize(said_bytes += report.said.back().size() + sizeof(std::string));
    if (!Follows(line_)) {
      progress.Show(report.name + ": " + report.said.back());
    }
  });
  const RemoteOutput output = {[&](std::string_view piece) { out.Add(piece); },
                               [&](std::string_view piece) { err.Add(piece); },
                               [&](const std::string& text) { err.Add(text + "\n"); }};
  const auto end = [&] {
    out.End();
    err.End();
  };
  try {
    report.exit_code = RunOnHost(line_, words_[i], hosts_[i], output, patience_);
    end();
  } catch (const base::Error& error) {
    end();
    const bool is_wanted_end = error.code() == base::ExitCode::kInterrupted && line_.logs.follow;
    report.exit_code = is_wanted_end ? 0 : static_cast<int>(error.code());
    if (!is_wanted_end) {
      report.said.push_back(base::Printable(error.what()));
    }
  } catch (const std::exception& error) {
    end();
    report.exit_code = static_cast<int>(base::ExitCode::kFailed);
    report.said.push_back(base::Printable(error.what()));
  }
}

// What the reports do not hold: notes of hosts that did well, which of several failed.
void ManyHosts::Tell() {
  std::vector<std::string> failed;
  for (const HostReport& report : reports_) {
    const bool is_well = report.begun && report.exit_code == 0;
    if (!is_well) {
      failed.push_back(report.name);
    }
    const bool is_told = line_.json || (!Follows(line_) && !is_well) ||
                         (!Follows(line_) && line_.command == Command::kStatus);
    for (const std::string& text : is_told ? std::vector<std::string>() : report.said) {
      display_.WriteErr(fmt::format("{}: {}\n", report.name, text));
    }
  }
  if (!failed.empty()) {
    display_.WriteErr(fmt::format("activate: {} of {} hosts did not do well: {}\n", failed.size(),
                                  reports_.size(), fmt::join(failed, ", ")));
  }
}

}  // namespace

int RunOnHosts(const CommandLine& line, const std::vector<std::string>& arguments,
               const base::Io& io, milliseconds patience) {
  std::vector<RemoteHost> hosts = HostsOf(line, io);
  if (!hosts::NamesSeveral(line.host)) {
    return RunOnOne(line, arguments, hosts.front(), io, patience);
  }
  if (IsForOneHost(line)) {
    base::Fail(
        base::ExitCode::kUsage,
        "this command is for one host at a time: name one with --host, no group and no list");
  }
  return ManyHosts(line, arguments, std::move(hosts), io, patience).Run();
}

}  // namespace activator

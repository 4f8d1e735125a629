#include "activator/many_hosts.h"

#include <fmt/ranges.h>

#include <atomic>
#include <cerrno>
#include <exception>
#include <string_view>
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
    case Command::kConfirm:
    case Command::kReceive:
    case Command::kEnroll:
    case Command::kGate:
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

// Nothing else ends what is followed.
bool IsWantedEnd(const CommandLine& line, const base::Error& error) {
  return Follows(line) &&
         (error.code() == base::ExitCode::kInterrupted || error.error_number() == EPIPE);
}

// A folder that is named is an error; one of a group is left out.
std::vector<RemoteHost> HostsOf(const CommandLine& line, const base::Io& io) {
  std::vector<RemoteHost> out;
  std::vector<std::string> left_out;
  std::vector<std::pair<std::string, std::string>> once;
  for (const auto& [host, by_group] : hosts::ChooseHosts(line.host, line.hosts_file)) {
    if (const std::string folder = hosts::FolderOf(host.ssh); folder.empty()) {
      out.push_back({host.name, host.ssh,
                     line.root_given || host.root.empty() ? line.root : host.root,
                     line.gate || host.gate});
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
                               [&](const std::string& text) { io.Err("{}\n", text); }, io.out,
                               io.in_is_terminal && io.err_is_terminal};
  try {
    return RunOnHost(line, WordsFor(line, host, arguments), host, output, patience);
  } catch (const base::Error& error) {
    if (IsWantedEnd(line, error)) {
      return 0;  // as on the host itself
    }
    throw;
  }
}

// Hands on the whole lines of what comes in pieces.
class Lines {
 public:
  explicit Lines(std::function<void(const std::string& line)> tell) : tell_(std::move(tell)) {}
  void Add(std::string_view piece) {
    for (size_t end = 0; (end = piece.find('\n')) != std::string_view::npos;) {
      const std::string line = std::exchange(rest_, "").append(piece.substr(0, end));
      piece.remove_prefix(end + 1);
      tell_(line);
    }
    rest_ += piece;
  }
  void End() {
    if (!rest_.empty()) {
      tell_(std::exchange(rest_, ""));
    }
  }
  size_t size() const { return rest_.size(); }
  void Drop() { std::string().swap(rest_); }

 private:
  const std::function<void(const std::string& line)> tell_;
  std::string rest_;
};

// What several hosts print is held in memory: all together must not fill it.
constexpr size_t kMostBytes = 64 << 20;

// What the threads of all hosts share.
struct Shared {
  const CommandLine& line;
  hosts::ProgressDisplay& display;
  size_t name_width = 0;
  std::atomic<size_t> held_bytes = 0;
};

// Takes what one host prints: into its report, or told at once where it is followed.
class HostOutput {
 public:
  HostOutput(Shared& shared, HostReport& report)
      : shared_(shared), report_(report), progress_(shared.display) {
    if (!Follows(shared_.line)) {
      progress_.Show(report_.name + ": connecting");
    }
  }
  RemoteOutput AsRemote(int listener) {
    return {[this](std::string_view piece) { Take(out_, piece); },
            [this](std::string_view piece) { Take(err_, piece); },
            [this](const std::string& text) { Take(err_, text + "\n"); }, listener};
  }
  // Its last lines; then `why` it failed, unless that is empty. Does not throw for a reader who is
  // gone.
  void End(const std::string& why);

 private:
  void Take(Lines& lines, std::string_view piece);
  void TakeOut(const std::string& line);
  void Say(const std::string& line);
  void Drop();

  Shared& shared_;
  HostReport& report_;
  hosts::ProgressDisplay::Line progress_;
  Lines out_{[this](const std::string& line) { TakeOut(line); }};
  Lines err_{[this](const std::string& line) { Say(line); }};
  size_t said_bytes_ = 0;
  size_t held_bytes_ = 0;
  bool dropped_ = false;
};

void HostOutput::Take(Lines& lines, std::string_view piece) {
  lines.Add(piece);
  const size_t before =
      std::exchange(held_bytes_, report_.out.size() + said_bytes_ + out_.size() + err_.size());
  // One that became smaller adds what wraps around to less.
  if ((shared_.held_bytes += held_bytes_ - before) > kMostBytes) {
    Drop();
  }
}

// The room is for the other hosts. Where the host may be changed meanwhile, the end of what it
// prints tells the most.
void HostOutput::Drop() {
  dropped_ = true;
  std::string().swap(report_.out);
  std::vector<std::string>().swap(report_.said);
  out_.Drop();
  err_.Drop();
  said_bytes_ = 0;
  shared_.held_bytes -= std::exchange(held_bytes_, 0);
  if (!MayChange(shared_.line)) {
    base::Fail(base::ExitCode::kFailed,
               "too long: the hosts together may print {}; ask for less, or ask fewer hosts",
               base::HumanBytes(kMostBytes));
  }
}

void HostOutput::TakeOut(const std::string& line) {
  if (!Follows(shared_.line)) {
    report_.out += line + "\n";
    return;
  }
  shared_.display.WriteOut(shared_.line.json ? LineJson(report_.name, line)
                                             : HostLine(report_.name, shared_.name_width, line));
}

void HostOutput::Say(const std::string& line) {
  const std::string text = base::Printable(line);
  if (Follows(shared_.line)) {
    shared_.display.WriteErr(fmt::format("{}: {}\n", report_.name, text));
    return;
  }
  said_bytes_ += text.size() + sizeof(std::string);
  report_.said.push_back(text);
  progress_.Show(report_.name + ": " + text);
}

void HostOutput::End(const std::string& why) {
  for (Lines* lines : {&out_, &err_}) {
    try {
      lines->End();
    } catch (const base::Error&) {  // of which `why` tells
    }
  }
  if (!why.empty()) {
    Say(why);
  } else if (dropped_) {
    Say("what it printed before is left out: it was too long");
  }
}

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
        words_.back().insert(words_.back().begin(), "--json");  // in front of a --
      }
    }
    shared_.name_width = NameWidth(reports_);
  }

  int Run() {
    const size_t jobs = Follows(line_) ? hosts_.size() : line_.jobs;
    base::ParallelFor(hosts_.size(), jobs, [this](size_t i) { RunOne(i); });
    for (HostReport& report : reports_) {  // interrupted before its turn: the wanted end, too
      report.begun = report.begun || Follows(line_);
    }
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
  void Tell();

  const CommandLine& line_;
  const std::vector<RemoteHost> hosts_;
  const base::Io io_;
  const milliseconds patience_;
  hosts::ProgressDisplay display_;
  Shared shared_{line_, display_};
  std::vector<std::vector<std::string>> words_;
  std::vector<HostReport> reports_;  // each used by one thread
};

void ManyHosts::RunOne(size_t i) {
  HostReport& report = reports_[i];
  report.begun = true;
  HostOutput output(shared_, report);
  bool is_wanted_end = false;
  try {
    report.exit_code = RunOnHost(line_, words_[i], hosts_[i], output.AsRemote(io_.out), patience_);
    output.End("");
  } catch (const base::Error& error) {
    is_wanted_end = IsWantedEnd(line_, error);
    report.exit_code = is_wanted_end ? 0 : static_cast<int>(error.code());
    output.End(is_wanted_end ? "" : error.what());
  } catch (const std::exception& error) {
    report.exit_code = static_cast<int>(base::ExitCode::kFailed);
    output.End(error.what());
  }
  if (Follows(line_) && !is_wanted_end) {  // the others go on
    display_.WriteErr(
        fmt::format("{}: {}\n", report.name, IsWell(report) ? "it ended" : Failure(report)));
  }
}

// What the reports do not hold: notes of hosts that did well, which of several failed.
void ManyHosts::Tell() {
  std::vector<std::string> failed;
  for (const HostReport& report : reports_) {
    if (!IsWell(report)) {
      failed.push_back(report.name);
    }
    const bool is_told = line_.json || line_.command == Command::kStatus || !IsWell(report) ||
                         (IsSwitch(line_) && !IsSwitched(report));
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
  const bool several = hosts::NamesSeveral(line.host);
  if (several && IsForOneHost(line)) {
    base::Fail(
        base::ExitCode::kUsage,
        "this command is for one host at a time: name one with --host, no group and no list");
  }
  if (line.ask_sudo_password) {
    const auto password = hosts::AskSudoPassword(io);
    for (RemoteHost& host : hosts) {
      host.sudo_password = password;
    }
  }
  if (!several) {
    return RunOnOne(line, arguments, hosts.front(), io, patience);
  }
  return ManyHosts(line, arguments, std::move(hosts), io, patience).Run();
}

}  // namespace activator

#include "activator/os/systemd.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <sstream>
#include <string_view>

#include "activator/os/process_root.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/process.h"

namespace activator {
namespace {

// A reload reads every unit of the host; the other calls answer at once unless systemd is stuck.
constexpr std::chrono::seconds kCallTimeout{90};
constexpr std::chrono::seconds kLogTimeout{5};
constexpr std::chrono::milliseconds kJobPatience{1000};
constexpr std::chrono::seconds kReconnect{30};
constexpr std::chrono::milliseconds kReconnectPause{100};
constexpr int kEndedBySignal = 128;                     // and more
constexpr std::string_view kRefused = "Failed to ";     // and not "Job for ... failed"
constexpr const char* kMostLogEntries = "--lines=500";  // a unit may say one thing all the time
constexpr std::chrono::minutes kRecentEnds{10};

std::string OneLine(const std::string& lines) {
  std::string out;
  for (const char c : lines) {
    out += c == '\n' ? std::string(" | ") : std::string(1, c);
  }
  return out;
}

// On systemd's monotonic clock.
std::chrono::microseconds Now() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
      base::SystemClock().Monotonic().time_since_epoch());
}

// journalctl's option for a time on the monotonic clock.
std::string Since(std::chrono::microseconds monotonic) {
  const auto ago = Now() - monotonic;
  const auto at = std::chrono::duration_cast<std::chrono::microseconds>(
                      base::SystemClock().Now().time_since_epoch() - ago)
                      .count();
  return fmt::format("--since=@{}.{:06}", at / 1000000, at % 1000000);
}

base::ProcessResult RunSystemctl(const std::vector<std::string>& arguments, const UnitNames& units,
                                 std::chrono::milliseconds timeout) {
  std::vector<std::string> argv = {"systemctl", "--no-pager", "--no-ask-password"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  if (!units.empty()) {
    argv.emplace_back("--");
    argv.insert(argv.end(), units.begin(), units.end());
  }
  base::ProcessOptions options;
  options.timeout = timeout;
  options.environment = {{"LC_ALL", "C"}, {"SYSTEMD_COLORS", "0"}};
  options.log_name = fmt::format("systemctl {}{}{}", arguments.front(), units.empty() ? "" : " ",
                                 fmt::join(units, " "));
  return base::Run(argv, options);
}

[[noreturn]] void FailCall(const std::string& command, const base::ProcessResult& result) {
  base::Fail(base::ExitCode::kFailed, "systemctl {}: {}", command,
             OneLine(base::LastLines(result.err, 5)));
}

// Whether systemctl lost systemd, which is away for a moment while it executes itself anew (apt
// does that when systemd or libc is upgraded), and for good while the host goes down.
bool LostSystemd(const base::ProcessResult& result) {
  constexpr std::array<std::string_view, 9> kWords = {"Transport endpoint is not connected",
                                                      "disconnected from message bus",
                                                      "Could not activate remote peer",
                                                      "Connection refused",
                                                      "Connection reset by peer",
                                                      "Connection terminated",
                                                      "Remote peer disconnected",
                                                      "Failed to connect to bus",
                                                      "Broken pipe"};
  return !result.ok() && std::any_of(kWords.begin(), kWords.end(), [&](std::string_view words) {
    return result.err.find(words) != std::string::npos;
  });
}

// For calls that may be made twice: where the first was heard, the second changes nothing more.
base::ProcessResult RunUntilHeard(const std::vector<std::string>& arguments, const UnitNames& units,
                                  std::chrono::milliseconds timeout) {
  base::Clock& clock = base::SystemClock();
  const auto until = clock.Monotonic() + kReconnect;
  for (;;) {
    base::ProcessResult result = RunSystemctl(arguments, units, timeout);
    if (!LostSystemd(result) || clock.Monotonic() > until) {
      return result;
    }
    clock.Sleep(kReconnectPause);
  }
}

std::string Systemctl(const std::vector<std::string>& arguments, const UnitNames& units = {}) {
  const base::ProcessResult result = RunUntilHeard(arguments, units, kCallTimeout);
  if (result.timed_out) {
    base::Fail(base::ExitCode::kFailed, "systemctl {} did not answer within {} s",
               arguments.front(), kCallTimeout.count());
  }
  if (!result.ok()) {
    FailCall(arguments.front(), result);
  }
  return result.out;
}

}  // namespace

std::map<std::string, UnitState> RealSystemd::Show(const UnitNames& units) {
  if (units.empty()) {
    return {};
  }
  std::map<std::string, UnitState> out =
      ParseShow(Systemctl({"show", std::string("--property=") + kShownProperties}, units));
  for (const std::string& unit : units) {
    if (!out.contains(unit)) {
      base::Fail(base::ExitCode::kFailed, "systemctl show says nothing about {}", unit);
    }
  }
  AskAgainForLost(out);
  return out;
}

UnitNames RealSystemd::InMemory(const UnitNames& units) {
  UnitNames out;
  if (units.empty()) {
    return out;
  }
  // With patterns, as here, it lists what is loaded and loads nothing.
  const std::string text =
      Systemctl({"list-units", "--all", "--full", "--plain", "--no-legend"}, units);
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    at = end + 1;
    if (const std::string name = line.substr(0, line.find(' ')); !name.empty()) {
      out.push_back(name);
    }
  }
  return out;
}

namespace {

// Whether the job is seen to be done; what came of a start is for others to say.
bool IsDone(const std::string& command, std::chrono::microseconds when, const UnitState& state) {
  if (command == "stop") {
    return state.IsDown();
  }
  return state.started >= when || (command == "start" && !state.IsDown());
}

}  // namespace

void RealSystemd::NoteJobs(const std::string& command, const UnitNames& units,
                           std::chrono::microseconds when) {
  for (const std::string& unit : units) {
    jobs_[unit] = {command, when};
  }
}

// A job that ended without a trace, such as one whose dependency failed, is asked for twice, too;
// it ends the same way.
void RealSystemd::AskAgainForLost(std::map<std::string, UnitState>& states) {
  for (auto& [name, state] : states) {
    const auto asked = jobs_.find(name);
    const bool goes_on =
        state.has_job || state.active == "activating" || state.active == "deactivating";
    if (asked == jobs_.end() || goes_on) {
      continue;
    }
    const Job job = asked->second;
    jobs_.erase(asked);
    if (IsDone(job.command, job.when, state) || state.load != "loaded") {
      continue;
    }
    Systemctl({job.command, "--no-block"}, {name});
    state.has_job = true;
  }
}

// Whether all jobs are known to be done well. Throws where systemd takes no job.
bool RealSystemd::RunJobs(const std::string& command, const UnitNames& units, Jobs jobs) {
  if (units.empty()) {
    return true;
  }
  for (const std::string& unit : units) {
    jobs_.erase(unit);
  }
  const std::chrono::microseconds before = Now();
  if (jobs == Jobs::kQueue) {
    Systemctl({command, "--no-block"}, units);
    NoteJobs(command, units, before);
    return false;
  }
  const base::ProcessResult result = RunSystemctl({command}, units, kJobPatience);
  if (result.ok()) {
    return true;
  }
  if (result.timed_out || result.exit_code >= kEndedBySignal || LostSystemd(result)) {
    // Its jobs go on; but it may have been ended before it had handed in all of them.
    UnitNames left;
    for (const auto& [name, state] : Show(units)) {
      if (!IsDone(command, before, state) && !state.has_job) {
        left.push_back(name);
      }
    }
    NoteJobs(command, units, before);
    RunJobs(command, left, Jobs::kQueue);
  } else if (result.err.find(kRefused) != std::string::npos) {
    FailCall(command, result);
  }
  return false;
}

void RealSystemd::DaemonReload() { Systemctl({"daemon-reload"}); }

void RealSystemd::NoteStart(const UnitNames& units) {
  for (const std::string& unit : units) {
    asked_.try_emplace(unit, Now());
  }
}

void RealSystemd::Start(const UnitNames& units, Jobs jobs) {
  NoteStart(units);
  RunJobs("start", units, jobs);
}

bool RealSystemd::Stop(const UnitNames& units, Jobs jobs) { return RunJobs("stop", units, jobs); }

void RealSystemd::Restart(const UnitNames& units, Jobs jobs) {
  NoteStart(units);
  RunJobs("restart", units, jobs);
}

void RealSystemd::CancelJobs(const UnitNames& units) {
  constexpr std::string_view kKey = "Job=";
  UnitNames jobs;
  if (units.empty()) {
    return;
  }
  std::istringstream lines(Systemctl({"show", "--property=Job"}, units));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(kKey) && line != "Job=" && line != "Job=0") {
      jobs.push_back(line.substr(kKey.size()));
    }
  }
  try {
    if (!jobs.empty()) {
      Systemctl({"cancel"}, jobs);
    }
  } catch (const base::Error& error) {  // one that was done meanwhile
    if (error.code() == base::ExitCode::kInterrupted) {
      throw;
    }
  }
}

// Whoever resets it is about to start it anew.
void RealSystemd::ResetFailed(const UnitNames& units) {
  if (units.empty()) {
    return;
  }
  for (const std::string& unit : units) {
    asked_.erase(unit);
  }
  try {
    Systemctl({"reset-failed"}, units);
  } catch (const base::Error& error) {  // what systemd has not loaded has nothing to reset
    if (error.code() == base::ExitCode::kInterrupted) {
      throw;
    }
  }
}

void RealSystemd::Kill(const std::string& unit) { Systemctl({"kill", "--signal=SIGKILL"}, {unit}); }

namespace {

// What the journal has of this boot, as JSON; empty on a host without one. Throws only where we are
// interrupted.
std::string ReadJournalEntries(const std::string& fields, const std::vector<std::string>& matches) {
  std::vector<std::string> argv = {"journalctl",    "--no-pager",    "--quiet",
                                   "--output=json", kMostLogEntries, "--output-fields=" + fields,
                                   "--boot"};
  argv.insert(argv.end(), matches.begin(), matches.end());
  base::ProcessOptions options;
  options.timeout = kLogTimeout;
  try {
    // What a process wrote before it ended may still be on its way there.
    base::Run({"journalctl", "--sync"}, options);
    return base::Run(argv, options).out;
  } catch (const base::Error& error) {
    if (error.code() == base::ExitCode::kInterrupted) {
      throw;
    }
    return "";
  }
}

}  // namespace

UnitLog RealSystemd::ReadLog(const std::string& unit, const UnitState& state) {
  // Not by the invocation's id: the journal does not know it for what a process wrote that had
  // ended when the journal looked.
  std::vector<std::string> matches = {"--unit=" + unit};
  // Of one that systemd starts again the runs before tell more than the one that begins; but no
  // run of another generation, nor of another application that had a unit of the name.
  const bool restarts = state.restarts > 0 || state.sub.starts_with("auto-restart");
  const auto asked = asked_.find(unit);
  const std::chrono::microseconds first =
      asked == asked_.end() ? std::chrono::microseconds(0) : asked->second;
  const std::chrono::microseconds since = restarts ? first : std::max(first, state.started);
  if (since.count() > 0) {
    matches.push_back(Since(since));
  }
  return ParseUnitLog(ReadJournalEntries(
      "MESSAGE,MESSAGE_ID,PRIORITY,_PID,UNIT_RESULT,EXIT_STATUS,JOB_RESULT", matches));
}

// By systemd's own fields: no other process can send one with its _PID.
std::optional<std::vector<std::chrono::microseconds>> RealSystemd::BadEnds(
    const std::string& unit) {
  return ParseBadEnds(ReadJournalEntries(
      "MESSAGE_ID",
      {Since(Now() - kRecentEnds), "_PID=1", "UNIT=" + unit,
       std::string("MESSAGE_ID=") + kEndedWell, std::string("MESSAGE_ID=") + kEndedBadly}));
}

std::optional<RunEnd> RealSystemd::LastEnd(const std::string& unit) {
  return ParseLastEnd(ReadJournalEntries(
      "MESSAGE_ID,UNIT_RESULT,EXIT_STATUS",
      {"_PID=1", "UNIT=" + unit, std::string("MESSAGE_ID=") + kEndedWell,
       std::string("MESSAGE_ID=") + kEndedBadly, std::string("MESSAGE_ID=") + kProcessEnded}));
}

bool RealSystemd::RunsFrom(const UnitState& state, const std::string& image_path) {
  return state.main_pid == 0 || image_path.empty() || RunsFromImage(state.main_pid, image_path);
}

std::vector<std::string> RealSystemd::RootImages() {
  constexpr std::string_view kKey = "RootImage=";
  std::istringstream lines(Systemctl({"show", "--property=RootImage"}, {"*.service"}));
  std::vector<std::string> out;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(kKey) && line.size() > kKey.size()) {
      out.push_back(line.substr(kKey.size()));
    }
  }
  return out;
}

std::string RealSystemd::Verify(const std::vector<std::string>& files) {
  std::vector<std::string> argv = {"systemd-analyze", "verify", "--man=no",
                                   "--recursive-errors=no"};
  argv.insert(argv.end(), files.begin(), files.end());
  base::ProcessOptions options;
  options.timeout = kCallTimeout;
  options.environment = {{"LC_ALL", "C"}, {"SYSTEMD_COLORS", "0"}};
  try {
    const base::ProcessResult result = base::Run(argv, options);
    if (result.timed_out) {
      return "systemd-analyze verify did not answer";
    }
    return result.ok() ? "" : OneLine(base::LastLines(result.err, 5));
  } catch (const base::Error& error) {
    if (error.error_number() == ENOENT) {
      return "";
    }
    throw;
  }
}

bool HasSystemd() {
  const std::optional<struct stat> found = base::LstatIfThere("/run/systemd/system");
  return found && S_ISDIR(found->st_mode);
}

}  // namespace activator

#include "activator/os/journal.h"

#include <poll.h>

#include <array>
#include <cerrno>
#include <sstream>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/process.h"
#include "base/sys.h"

namespace activator {
namespace {

constexpr std::chrono::seconds kJournalTimeout{20};
constexpr int kPollMs = 200;

std::string OutputOf(const std::vector<std::string>& argv) {
  base::ProcessOptions options;
  options.timeout = kJournalTimeout;
  options.environment = {{"LC_ALL", "C"}};
  const base::ProcessResult result = base::Run(argv, options);
  if (!result.ok()) {
    base::Fail(base::ExitCode::kFailed, "{} ended with {}: {}", argv.front(), result.exit_code,
               base::LastLines(result.err, 1));
  }
  return result.out;
}

}  // namespace

std::string MessagesAbout(const UnitNames& units, size_t lines) {
  // --unit= would add all that the unit's own processes wrote. UNIT= alone would trust them: any
  // process may send the journal a message with that field, none one with another's _PID.
  std::vector<std::string> argv = {
      "journalctl", "--no-pager", "--quiet", "--output=short-iso", fmt::format("--lines={}", lines),
      "_PID=1"};
  for (const std::string& unit : units) {
    argv.push_back("UNIT=" + unit);
  }
  std::istringstream messages(OutputOf(argv));
  std::string out;
  for (std::string line; std::getline(messages, line);) {
    // systemd quotes a line of an EnvironmentFile= that it cannot use, value and all.
    if (line.find("nvironment") == std::string::npos) {
      out += line + "\n";
    }
  }
  return out;
}

namespace {

std::vector<std::string> CommandOf(const JournalQuery& query) {
  std::vector<std::string> out = {"journalctl", "--no-pager", "--quiet",
                                  query.json ? "--output=json" : "--output=short-iso",
                                  "--no-hostname"};
  for (const std::string& unit : query.units) {
    out.push_back("--unit=" + unit);
  }
  if (!query.since.empty()) {
    out.push_back("--since=" + query.since);
  }
  out.push_back(query.most ? fmt::format("--lines={}", *query.most) : "--lines=all");
  if (query.follow) {
    out.emplace_back("--follow");
  }
  return out;
}

}  // namespace

void CheckSince(const std::string& since) {
  base::ProcessOptions options;
  options.timeout = kJournalTimeout;
  options.environment = {{"LC_ALL", "C"}};
  const base::ProcessResult result =
      base::Run({"journalctl", "--quiet", "--no-pager", "--lines=0", "--since=" + since}, options);
  if (!result.ok() && result.err.find("parse timestamp") != std::string::npos) {
    base::Fail(base::ExitCode::kUsage,
               "--since '{}' is no time: use 2026-11-24, '2026-11-24 12:00', today, yesterday, -2h "
               "or what else `man systemd.time` has",
               since);
  }
}

void ReadJournal(const JournalQuery& query, const std::function<void(std::string_view lines)>& tell,
                 const std::function<bool()>& wanted) {
  base::Child journal(CommandOf(query));
  journal.CloseTo();
  std::array<char, 16 << 10> buffer{};
  std::string rest;
  for (;;) {
    base::ThrowIfInterrupted();
    if (query.follow && !wanted()) {
      return;  // which ends journalctl
    }
    pollfd from{journal.from(), POLLIN, 0};
    if (::poll(&from, 1, kPollMs) <= 0) {
      continue;
    }
    const ssize_t size = base::TheSys().Read(journal.from(), buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) {
      continue;
    }
    if (size <= 0) {
      break;
    }
    rest.append(buffer.data(), static_cast<size_t>(size));
    const size_t end = rest.rfind('\n') + 1;  // 0 where no line is whole
    if (end > 0) {
      tell(std::string_view(rest).substr(0, end));
      rest.erase(0, end);
    }
  }
  const int exit_code = journal.Wait();
  if (query.follow) {  // the terminal interrupts it as well, perhaps before us
    base::InterruptedWithinASecond();
  }
  base::ThrowIfInterrupted();
  if (exit_code != 0) {
    base::Fail(base::ExitCode::kFailed, "journalctl ended with {}", exit_code);
  }
}

std::string SystemdVersion() {
  const std::string text = OutputOf({"systemctl", "--version"});
  return text.substr(0, text.find('\n'));
}

}  // namespace activator

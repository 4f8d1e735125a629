#include "activator/os/journal.h"

#include <sstream>

#include "base/error.h"
#include "base/process.h"

namespace activator {
namespace {

constexpr std::chrono::seconds kJournalTimeout{20};

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

std::string SystemdVersion() {
  const std::string text = OutputOf({"systemctl", "--version"});
  return text.substr(0, text.find('\n'));
}

}  // namespace activator

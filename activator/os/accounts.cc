#include "activator/os/accounts.h"

#include <unistd.h>

#include <cerrno>
#include <sstream>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"

namespace activator {
namespace {

constexpr std::chrono::seconds kTimeout{60};
constexpr int kNoSuchKey = 2;  // getent(1)

base::ProcessResult RunProgram(const std::vector<std::string>& argv, const std::string& input) {
  base::ProcessOptions options;
  options.timeout = kTimeout;
  options.input = input;
  // Not systemd's dynamic users, who are gone with their service: one that gets a user of the
  // same name would find nobody.
  options.environment = {{"LC_ALL", "C"}, {"SYSTEMD_NSS_DYNAMIC_BYPASS", "1"}};
  base::ProcessResult result = base::Run(argv, options);
  if (result.timed_out) {
    base::Fail(base::ExitCode::kFailed, "{} did not answer within {} s", argv.front(),
               kTimeout.count());
  }
  return result;
}

std::string FirstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

// The local file alone, for a host without getent.
std::optional<std::string> LookUpInFile(const std::string& file, const std::string& key) {
  std::istringstream lines(base::ReadFileIfThere(file).value_or(""));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string name;
    std::string password;
    std::string number;
    std::getline(fields, name, ':');
    std::getline(fields, password, ':');
    std::getline(fields, number, ':');
    if (key == name || key == number) {
      return line;
    }
  }
  return std::nullopt;
}

std::optional<std::string> LookUp(const std::string& database, const std::string& key) {
  try {
    const base::ProcessResult result = RunProgram({"getent", database, key}, "");
    if (result.exit_code == kNoSuchKey) {
      return std::nullopt;
    }
    if (!result.ok()) {
      base::Fail(base::ExitCode::kFailed, "getent {} {}: {}", database, key,
                 base::LastLines(result.err, 1));
    }
    return FirstLine(result.out);
  } catch (const base::Error& error) {
    if (error.error_number() != ENOENT) {
      throw;
    }
    return LookUpInFile("/etc/" + database, key);
  }
}

}  // namespace

std::optional<std::string> RealAccounts::User(const std::string& key) {
  return LookUp("passwd", key);
}

std::optional<std::string> RealAccounts::Group(const std::string& key) {
  return LookUp("group", key);
}

std::string RealAccounts::WhyNone() {
  try {
    RunProgram({"systemd-sysusers", "--version"}, "");
  } catch (const base::Error& error) {
    if (error.error_number() == ENOENT) {
      return "this host has no systemd-sysusers";
    }
    throw;
  }
  return ::access("/etc", W_OK) == 0 ? "" : "/etc cannot be written on this host";
}

void RealAccounts::Make(const std::string& fragment) {
  const base::ProcessResult result = RunProgram({"systemd-sysusers", "-"}, fragment);
  if (!result.ok()) {
    base::Fail(base::ExitCode::kFailed, "systemd-sysusers: {}", base::LastLines(result.err, 1));
  }
}

}  // namespace activator

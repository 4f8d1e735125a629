#include "activator/state/systemd_creds.h"

#include <chrono>
#include <vector>

#include "base/error.h"
#include "base/process.h"

namespace activator {
namespace {

constexpr std::chrono::seconds kLimit{60};

std::string RunCreds(std::vector<std::string> words, const std::string& name,
                     const std::string& input) {
  const std::string verb = words.front();
  words.insert(words.begin(), "systemd-creds");
  words.insert(words.end(), {"--name=" + name, "-", "-"});
  const base::ProcessResult result = base::Run(
      words, {.environment = {}, .timeout = kLimit, .input = input, .log_name = "systemd-creds"});
  if (!result.ok()) {
    base::Fail(base::ExitCode::kFailed, "systemd-creds {} ended with {}: {}", verb,
               result.exit_code, base::LastLines(result.err, 1));
  }
  return result.out;
}

}  // namespace

bool CanEncryptCredentials() {
  const std::string name = "slipway-probe";
  try {
    return DecryptCredential(name, EncryptCredential(name, name)) == name;
  } catch (const base::Error& error) {
    if (error.code() == base::ExitCode::kInterrupted) {
      throw;
    }
    return false;
  }
}

std::string EncryptCredential(const std::string& name, const std::string& value) {
  // With a TPM, systemd would tie it to the state of Secure Boot: an update of that is no reason to
  // lose all secrets.
  return RunCreds({"encrypt", "--with-key=host"}, name, value);
}

std::string DecryptCredential(const std::string& name, const std::string& encrypted) {
  return RunCreds({"decrypt"}, name, encrypted);
}

}  // namespace activator

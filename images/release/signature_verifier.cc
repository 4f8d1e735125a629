#include "images/release/signature_verifier.h"

#include <fcntl.h>
#include <fmt/chrono.h>

#include <cerrno>
#include <cstdlib>

#include "base/error.h"
#include "base/log.h"
#include "base/printable.h"
#include "images/release/release.h"

namespace images {
namespace {

constexpr const char* kSignatureFile = "signature";

std::string TemporaryFolder() {
  const char* folder = std::getenv("TMPDIR");
  return folder == nullptr || *folder == '\0' ? "/tmp" : folder;
}

std::string VerifyTime(SignatureVerifier::Time at) {
  return fmt::format("-Overify-time={:%Y%m%d%H%M%S}",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(at)));
}

constexpr int kRefused = 255;  // what ssh-keygen answers, whatever is wrong; it says why for people

// Throws Error{kFailed} where ssh-keygen did not come to an answer: that is no verdict.
bool Succeeded(const base::ProcessResult& result, const char* what) {
  if (result.ok()) {
    return true;
  }
  const std::string why = base::Printable(base::LastLines(result.err, 1));
  if (result.timed_out || result.exit_code != kRefused) {
    base::Fail(
        base::ExitCode::kFailed,
        "ssh-keygen -Y {} did not work, so no signature was checked: {}; if it is old, update "
        "openssh-client",
        what,
        result.timed_out ? "it took too long"
                         : fmt::format("exit code {}: {}", result.exit_code, why));
  }
  base::LogInfo("ssh-keygen {}: {}", what, why);
  return false;
}

}  // namespace

base::ProcessResult RunSshKeygen(const std::vector<std::string>& arguments,
                                 const std::string& input, std::chrono::seconds patience) {
  std::vector<std::string> command = {"ssh-keygen"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  base::ProcessOptions options;
  options.environment = {{"TZ", "UTC"}};
  options.input = input;
  options.timeout = patience;
  try {
    return base::Run(command, options);
  } catch (const base::Error& error) {
    if (error.error_number() == ENOENT) {
      base::Fail(base::ExitCode::kFailed,
                 "ssh-keygen is not installed, and nothing else checks signatures: install "
                 "openssh-client");
    }
    throw;
  }
}

void WriteForSshKeygen(const std::string& path, const std::string& content) {
  base::UniqueFd fd = base::Open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  base::WriteAll(fd.get(), base::AsBytes(content), path);
  base::Close(std::move(fd), path);
}

SshKeygenVerifier::SshKeygenVerifier(const TrustTexts& texts)
    : folder_(TemporaryFolder(), "slipway-trust-") {
  WriteForSshKeygen(Path(kSignersFile), texts.signers);
  WriteForSshKeygen(Path(kRevokedFile), texts.revoked);
}

std::vector<std::string> SshKeygenVerifier::FindPrincipals(const SshSignature& signature, Time at) {
  WriteForSshKeygen(Path(kSignatureFile), signature.block);
  const base::ProcessResult result =
      RunSshKeygen({"-Y", "find-principals", "-s", Path(kSignatureFile), "-f", Path(kSignersFile),
                    VerifyTime(at)});
  return Succeeded(result, "find-principals") ? base::LinesOf(result.out)
                                              : std::vector<std::string>();
}

bool SshKeygenVerifier::Verify(const SshSignature& signature, const std::string& line,
                               const std::string& principal, Time at, Revocation revocation) {
  WriteForSshKeygen(Path(kSignatureFile), signature.block);
  std::vector<std::string> arguments = {"-Y",          "verify",
                                        "-I",          principal,
                                        "-n",          signature.name_space,
                                        "-s",          Path(kSignatureFile),
                                        "-f",          Path(kSignersFile),
                                        VerifyTime(at)};
  if (revocation == Revocation::kChecked) {
    arguments.insert(arguments.end(), {"-r", Path(kRevokedFile)});
  }
  return Succeeded(RunSshKeygen(arguments, line), "verify");
}

bool IsSignatureOf(const SshSignature& signature, const std::string& line) {
  const base::TemporaryDirectory folder(TemporaryFolder(), "slipway-trust-");
  const std::string path = folder.path() + "/" + kSignatureFile;
  WriteForSshKeygen(path, signature.block);
  return Succeeded(
      RunSshKeygen({"-Y", "check-novalidate", "-n", signature.name_space, "-s", path}, line),
      "check-novalidate");
}

}  // namespace images

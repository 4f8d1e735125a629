#include "pusher/publish/head_judge.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/printable.h"
#include "base/process.h"
#include "images/release/public_key.h"
#include "images/release/signature_verifier.h"
#include "images/release/trust.h"

namespace pusher {
namespace {

// "SHA256:...", of a private or public key, or of the key of a certificate.
std::string FingerprintOfKeyFile(const std::string& key) {
  if (!base::Exists(key)) {
    base::Fail(base::ExitCode::kUsage, "--key: there is no {}", key);
  }
  const base::ProcessResult result = images::RunSshKeygen({"-l", "-E", "sha256", "-f", key});
  const size_t begin = result.out.find("SHA256:");
  if (!result.ok() || begin == std::string::npos) {
    base::Fail(base::ExitCode::kUsage, "--key: ssh-keygen reads no key in {}: {}", key,
               base::Printable(base::LastLines(result.err, 1)));
  }
  return result.out.substr(begin, result.out.find_first_of(" \n", begin) - begin);
}

}  // namespace

HeadJudge JudgeByKeys(const std::vector<std::string>& keys) {
  std::vector<std::string> fingerprints;
  fingerprints.reserve(keys.size());
  for (const std::string& key : keys) {
    fingerprints.push_back(FingerprintOfKeyFile(key));
  }
  return [fingerprints = std::move(fingerprints)](
             const images::SignedHead& head, images::TimePoint /*at*/, const std::string& where) {
    for (const images::SshSignature& signature : head.signatures) {
      if (std::ranges::find(fingerprints, signature.fingerprint) != fingerprints.end() &&
          images::IsSignatureOf(signature, head.line)) {
        return;
      }
    }
    base::Fail(images::kUntrusted,
               "{}: it is not signed by your key, but by {}: say with --trust DIR whom you trust",
               where, head.signatures.front().fingerprint);
  };
}

HeadJudge JudgeByTrust(const std::string& directory) {
  const auto trust = std::make_shared<const images::Trust>(
      images::Trust::Parse(images::ReadTrustTexts(directory), directory));
  const auto verifier = std::make_shared<images::SshKeygenVerifier>(trust->texts);
  return [trust, verifier](const images::SignedHead& head, images::TimePoint at,
                           const std::string& /*where*/) {
    images::CheckHeadSigners(head, *trust, *verifier, at);
  };
}

HeadJudge JudgeNothing() {
  return [](const images::SignedHead& /*head*/, images::TimePoint /*at*/,
            const std::string& /*where*/) {};
}

}  // namespace pusher

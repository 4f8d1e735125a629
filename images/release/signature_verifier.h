// The seam to what verifies signatures: ssh-keygen.
#ifndef SLIPWAY_IMAGES_RELEASE_SIGNATURE_VERIFIER_H_
#define SLIPWAY_IMAGES_RELEASE_SIGNATURE_VERIFIER_H_

#include <chrono>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/process.h"
#include "images/release/ssh_signature.h"
#include "images/release/trust.h"

namespace images {

enum class Revocation { kChecked, kIgnored };

// What the signers and the revoked keys of one moment say. Throws Error{kFailed} where it cannot be
// found out. Belongs to one thread.
class SignatureVerifier {
 public:
  using Time = std::chrono::system_clock::time_point;

  SignatureVerifier() = default;
  SignatureVerifier(const SignatureVerifier&) = delete;
  SignatureVerifier& operator=(const SignatureVerifier&) = delete;
  virtual ~SignatureVerifier() = default;

  // Who the signature is by, whatever it is over, if its key is valid at that time; empty: nobody.
  virtual std::vector<std::string> FindPrincipals(const SshSignature& signature, Time at) = 0;
  // Whether it is `principal`'s, over `line`.
  virtual bool Verify(const SshSignature& signature, const std::string& line,
                      const std::string& principal, Time at, Revocation revocation) = 0;
};

// By copies of the files, in a directory of its own: what they become meanwhile does not matter.
class SshKeygenVerifier : public SignatureVerifier {
 public:
  explicit SshKeygenVerifier(const TrustTexts& texts);

  std::vector<std::string> FindPrincipals(const SshSignature& signature, Time at) override;
  bool Verify(const SshSignature& signature, const std::string& line, const std::string& principal,
              Time at, Revocation revocation) override;

 private:
  std::string Path(const char* file) const { return folder_.path() + "/" + file; }

  base::TemporaryDirectory folder_;
};

// Runs ssh-keygen with these, its times in UTC. Throws Error{kFailed} where it is not installed.
base::ProcessResult RunSshKeygen(const std::vector<std::string>& arguments,
                                 const std::string& input = "",
                                 std::chrono::seconds patience = std::chrono::seconds(30));
// Writes what a program reads at once.
void WriteForSshKeygen(const std::string& path, const std::string& content);

// Whether the signature is over `line`, whoever's it is.
bool IsSignatureOf(const SshSignature& signature, const std::string& line);

}  // namespace images

#endif  // SLIPWAY_IMAGES_RELEASE_SIGNATURE_VERIFIER_H_

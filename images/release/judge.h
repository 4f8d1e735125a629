// Whether a release is one that a host takes. Nothing of an image is looked at.
#ifndef SLIPWAY_IMAGES_RELEASE_JUDGE_H_
#define SLIPWAY_IMAGES_RELEASE_JUDGE_H_

#include <string>
#include <vector>

#include "base/error.h"
#include "images/release/release.h"
#include "images/release/signature_verifier.h"
#include "images/release/trust.h"

namespace images {

// "nginx 83bf2a6d6fb73136", as messages name a version.
std::string SubjectOf(const std::string& name, const base::Sha256& manifest_sha256);

// Why a version without a release is not taken. `channel`: one that the host takes.
base::Error NotSigned(const std::string& subject, const std::string& name,
                      const std::string& channel);

// The signers whose signatures count at that time, at least as many as the policy wants, each with
// a key of its own. Throws Error{kVerification} where there are fewer, and says why the others do
// not count.
std::vector<std::string> CheckSigners(const SignedLine& signed_line, const Trust& trust,
                                      SignatureVerifier& verifier, SignatureVerifier::Time at,
                                      const std::string& subject);

// Throws Error{kVerification} for a channel that the policy has not.
void CheckChannel(const Statement& statement, const Policy& policy, const std::string& subject);

// Throws Error{kVerification} where the policy wants a verity root and the manifest has none.
void CheckVerity(bool has_root, const Policy& policy, const std::string& subject);

}  // namespace images

#endif  // SLIPWAY_IMAGES_RELEASE_JUDGE_H_

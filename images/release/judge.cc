#include "images/release/judge.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "base/clock.h"
#include "base/error.h"
#include "images/name.h"

namespace images {
namespace {

struct Opinion {
  std::string principal;  // empty: the signature does not count
  std::string why;        // it does not
};

// Nobody vouches for the key at that time.
std::string WhyUnknown(const SshSignature& signature, const Trust& trust,
                       SignatureVerifier::Time at) {
  for (const Signer& signer : SignersOf(trust.signers, signature.key)) {
    const std::string& who = signer.principals.front();
    if (signer.valid_before && at > *signer.valid_before) {
      return fmt::format("{}'s key expired on {}", who, base::ToIso8601(*signer.valid_before));
    }
    if (signer.valid_after && at < *signer.valid_after) {
      return fmt::format("{}'s key is valid from {} on", who, base::ToIso8601(*signer.valid_after));
    }
    if (signer.is_authority) {
      return fmt::format("the certificate of {} that {} signed is not valid now",
                         signature.fingerprint, who);
    }
  }
  return fmt::format("it is signed by nobody this host trusts: {}", signature.fingerprint);
}

Opinion OpinionOf(const SshSignature& signature, const std::string& line, const Trust& trust,
                  SignatureVerifier& verifier, SignatureVerifier::Time at) {
  const std::vector<std::string> principals = verifier.FindPrincipals(signature, at);
  if (principals.empty()) {
    return {"", WhyUnknown(signature, trust, at)};
  }
  for (const std::string& principal : principals) {
    if (verifier.Verify(signature, line, principal, at, Revocation::kChecked)) {
      return {principal, ""};
    }
  }
  const std::string& who = principals.front();
  if (verifier.Verify(signature, line, who, at, Revocation::kIgnored)) {
    return {"", fmt::format("{}'s key is revoked", who)};
  }
  return {"", fmt::format("the signature of {} is wrong", who)};
}

}  // namespace

std::string SubjectOf(const std::string& name, const base::Sha256& manifest_sha256) {
  return name + " " + ImageId::Of(manifest_sha256).text();
}

base::Error NotSigned(const std::string& subject, const std::string& name,
                      const std::string& channel) {
  return {kUntrusted,
          fmt::format("{} is not signed, and this host takes signed images alone: imgbuild "
                      "sign --channel {} {}",
                      subject, channel, name)};
}

std::vector<std::string> CheckSigners(const SignedLine& signed_line, const Trust& trust,
                                      SignatureVerifier& verifier, SignatureVerifier::Time at,
                                      const std::string& subject) {
  std::vector<std::string> signers;
  std::set<std::string> keys;
  std::vector<std::string> reasons;
  for (const SshSignature& signature : signed_line.signatures) {
    const Opinion opinion = OpinionOf(signature, signed_line.line, trust, verifier, at);
    const bool is_new = std::ranges::find(signers, opinion.principal) == signers.end();
    if (opinion.principal.empty()) {
      reasons.push_back(opinion.why);
    } else if (is_new && keys.insert(signature.key.blob).second) {
      signers.push_back(opinion.principal);
    }
  }
  const uint64_t threshold = trust.policy.threshold;
  if (signers.size() >= threshold) {
    return signers;
  }
  if (signers.empty()) {
    base::Fail(kUntrusted, "{}: {}", subject, fmt::join(reasons, "; "));
  }
  base::Fail(kUntrusted, "{} has {} of {} signatures ({}){}{}", subject, signers.size(), threshold,
             fmt::join(signers, ", "), reasons.empty() ? "" : "; ", fmt::join(reasons, "; "));
}

void CheckChannel(const Statement& statement, const Policy& policy, const std::string& subject) {
  if (std::ranges::find(policy.channels, statement.channel) == policy.channels.end()) {
    base::Fail(kUntrusted, "{} is released for {}; this host takes {}", subject, statement.channel,
               fmt::join(policy.channels, ", "));
  }
}

void CheckVerity(bool has_root, const Policy& policy, const std::string& subject) {
  if (policy.requires_verity && !has_root) {
    base::Fail(kUntrusted,
               "{} has no verity root, and this host takes none without: build and sign it with "
               "\"verity\": true in its definition",
               subject);
  }
}

}  // namespace images

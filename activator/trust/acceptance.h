// The releases of one push: checked as they come, before anything else of a version is read, and
// recorded when the push is published. Belongs to one thread.
#ifndef SLIPWAY_ACTIVATOR_TRUST_ACCEPTANCE_H_
#define SLIPWAY_ACTIVATOR_TRUST_ACCEPTANCE_H_

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "activator/trust/host_trust.h"
#include "base/clock.h"
#include "images/release/release.h"
#include "images/release/signature_verifier.h"
#include "images/release/trust.h"
#include "images/version/host_layout.h"

namespace activator {

enum class OlderReleases { kRefused, kTaken };

// Checks a release in full elsewhere, where this process cannot run ssh-keygen. Throws as
// Acceptance::Check.
using CheckElsewhere = std::function<void(
    const std::string& name, const base::Sha256& manifest_sha256, const std::string& text)>;

class Acceptance {
 public:
  // Throws Error{kVerification} where ROOT/trust is there and wrong. `clock` outlives the object.
  Acceptance(const images::HostLayout& layout, OlderReleases older, base::Clock& clock,
             CheckElsewhere elsewhere = nullptr);

  // nullopt: trust is off, and every release is taken that is one of its version.
  const std::optional<images::Policy>& policy() const { return policy_; }

  // `text`: the release of that version; empty: it has none. Throws Error{kVerification} unless the
  // host takes it.
  void Check(const std::string& name, const base::Sha256& manifest_sha256, const std::string& text);
  // What was checked of them does not count: it was a plan, or is to be offered again.
  void Forget(const std::string& name) { taken_.erase(name); }
  void ForgetAll() { taken_.clear(); }
  // Whether the release of that very version was checked.
  bool HasTaken(const std::string& name, const base::Sha256& manifest_sha256) const;
  // Only what was checked of these counts.
  void KeepOnly(const std::map<std::string, base::Sha256>& versions);
  // Whether it is the provenance that was signed, or none was.
  bool IsProvenance(const std::string& name, const base::Sha256& provenance_sha256) const;

  // The text that was checked last; empty: none.
  std::string ReleaseOf(const std::string& name) const;

  // Checks again what may have changed since, and records the releases. The caller holds the host's
  // lock and publishes the versions after it. Returns a line for the history for each release that
  // is older than one that was taken.
  std::vector<std::string> Record();
  // Beside each version, where it is published, unless it came with it.
  void WriteReleases() const;

 private:
  struct Taken {
    base::Sha256 manifest_sha256;
    std::string text;  // empty: none
    std::optional<images::Release> release{};
    std::vector<std::string> signers{};
    std::chrono::system_clock::time_point checked{};  // when they were found
  };

  void CheckSignatures(const std::string& name, Taken& taken) const;
  // Empty, or that it is older, where that is allowed.
  std::string CheckOrder(const std::string& name, const images::Statement& statement) const;
  void ReadTrustAgain();

  const images::HostLayout layout_;
  const OlderReleases older_;
  base::Clock& clock_;
  const CheckElsewhere elsewhere_;
  std::optional<HostTrust> trust_;
  std::optional<images::Policy> policy_;
  std::map<std::string, Taken> taken_;  // by name
};

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_TRUST_ACCEPTANCE_H_

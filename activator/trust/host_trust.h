// Whether this host takes signed images alone, and which: ROOT/trust. That the directory is there
// turns it on; anything missing or wrong in it then refuses everything.
#ifndef SLIPWAY_ACTIVATOR_TRUST_HOST_TRUST_H_
#define SLIPWAY_ACTIVATOR_TRUST_HOST_TRUST_H_

#include <optional>
#include <string>
#include <vector>

#include "activator/trust/accepted.h"
#include "base/clock.h"
#include "base/digest.h"
#include "images/release/trust.h"
#include "images/version/host_layout.h"

namespace activator {

// Throws Error{kVerification} where the directory is the one of an application of that name.
void CheckIsNoApplication(const images::HostLayout& layout);

// All of the directory, as it was at one moment.
struct HostTrust : images::Trust {
  Accepted accepted;
};

// nullopt: off. Throws Error{kVerification} where it is on and cannot be read.
std::optional<HostTrust> LoadTrust(const images::HostLayout& layout);

// The releases of the versions that a host has, for an activation. Reads ROOT/trust once, for the
// first of them. Belongs to one thread; `clock` outlives the object.
class HeldReleases {
 public:
  explicit HeldReleases(const images::HostLayout& layout, base::Clock& clock = base::SystemClock())
      : layout_(layout), clock_(clock) {}

  // Throws Error{kVerification} unless trust is off or the version's release still counts, by the
  // keys that were valid when it was taken and are not revoked by now. Returns who signed; empty
  // where trust is off.
  std::vector<std::string> Check(const std::string& name, const base::Sha256& manifest_sha256);

 private:
  std::vector<std::string> CheckBy(const HostTrust& trust, const std::string& name,
                                   const base::Sha256& manifest_sha256) const;

  const images::HostLayout layout_;
  base::Clock& clock_;
  std::optional<std::optional<HostTrust>> trust_;  // nullopt: not read yet
};

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_TRUST_HOST_TRUST_H_

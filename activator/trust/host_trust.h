// Whether this host takes signed images alone, and which: ROOT/trust. That the directory is there
// turns it on; anything missing or wrong in it then refuses everything.
#ifndef SLIPWAY_ACTIVATOR_TRUST_HOST_TRUST_H_
#define SLIPWAY_ACTIVATOR_TRUST_HOST_TRUST_H_

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/digest.h"
#include "images/release/trust.h"
#include "images/version/host_layout.h"

namespace activator {

// Throws Error{kVerification} where the directory is the one of an application of that name.
void CheckIsNoApplication(const images::HostLayout& layout);

// nullopt: off. Throws Error{kVerification} where it is on and cannot be read.
std::optional<images::Trust> LoadTrust(const images::HostLayout& layout);

// For an activation: throws Error{kVerification} unless trust is off or the version's release still
// counts, by the keys that were valid when it was taken and are not revoked by now. Returns who
// signed; empty where trust is off.
std::vector<std::string> CheckHeldRelease(const images::HostLayout& layout, const std::string& name,
                                          const base::Sha256& manifest_sha256,
                                          base::Clock& clock = base::SystemClock());

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_TRUST_HOST_TRUST_H_

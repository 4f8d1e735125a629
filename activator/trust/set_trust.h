// Changes whom a host trusts.
#ifndef SLIPWAY_ACTIVATOR_TRUST_SET_TRUST_H_
#define SLIPWAY_ACTIVATOR_TRUST_SET_TRUST_H_

#include "images/release/trust.h"
#include "images/version/host_layout.h"

namespace activator {

// Makes ROOT/trust these files, each replaced as a whole, and its record of releases, if that is
// missing or damaged. The first time the directory appears complete; interrupted later, the host
// trusts by a mixture of old and new, or takes nothing. The caller holds the host's lock.
// Throws Error{kVerification}, and changes nothing, where a line of them is wrong.
void SetTrust(const images::HostLayout& layout, const images::TrustTexts& texts);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_TRUST_SET_TRUST_H_

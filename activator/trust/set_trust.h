// Changes whom a host trusts.
#ifndef SLIPWAY_ACTIVATOR_TRUST_SET_TRUST_H_
#define SLIPWAY_ACTIVATOR_TRUST_SET_TRUST_H_

#include "images/release/trust.h"
#include "images/version/host_layout.h"

namespace activator {

// Throws Error{kFailed} unless the ssh-keygen of this host can check releases, so that trust is not
// turned on where nothing could be taken.
void CheckSshKeygen();

// Makes ROOT/trust these files, each replaced as a whole, and its record of releases, if that is
// lost (IsAcceptedLost). The first time the directory appears complete; interrupted later, the host
// has the old ones, the new ones, or takes nothing. The caller holds the host's lock.
// Throws Error{kVerification}, and changes nothing, where a line of them is wrong.
void SetTrust(const images::HostLayout& layout, const images::TrustTexts& texts);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_TRUST_SET_TRUST_H_

// The host's side of imgpush --trust: says whom the host trusts, and may be told anew.
#ifndef SLIPWAY_ACTIVATOR_RECEIVE_RECEIVE_TRUST_H_
#define SLIPWAY_ACTIVATOR_RECEIVE_RECEIVE_TRUST_H_

#include <functional>
#include <string>

#include "activator/receive/receive_options.h"
#include "base/io.h"
#include "images/version/host_layout.h"

namespace activator {

struct TrustSteps {
  std::function<void(const images::HostLayout& layout)> prepare_root;
  // Makes this program the host's own: an older one may not know that only signed images count.
  std::function<void(const images::HostLayout& layout)> link_agent;
};

// Returns the exit code; errors go to the peer, too.
int RunReceiveTrust(const ReceiveOptions& options, const TrustSteps& steps, const base::Io& io);

// Who may become root for single tasks is not asked whom to trust. Throws Error{kFailed} for them:
// "WHAT is for root's own login to say, not for alice: INSTEAD".
void RequireRootLogin(const std::string& what, const std::string& instead);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_RECEIVE_RECEIVE_TRUST_H_

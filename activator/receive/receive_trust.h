// The host's side of imgpush --trust: says whom the host trusts, and may be told anew.
#ifndef SLIPWAY_ACTIVATOR_RECEIVE_RECEIVE_TRUST_H_
#define SLIPWAY_ACTIVATOR_RECEIVE_RECEIVE_TRUST_H_

#include <functional>

#include "activator/receive/receive_options.h"
#include "base/io.h"
#include "images/version/host_layout.h"

namespace activator {

// Returns the exit code; errors go to the peer, too.
int RunReceiveTrust(const ReceiveOptions& options,
                    const std::function<void(const images::HostLayout& layout)>& prepare_root,
                    const base::Io& io);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_RECEIVE_RECEIVE_TRUST_H_

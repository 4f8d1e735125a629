// The host's side of a push: `activate receive`, started by imgpush over ssh, talks
// pusher/protocol/protocol.h on standard input and output.
#ifndef SLIPWAY_ACTIVATOR_RECEIVE_RECEIVE_H_
#define SLIPWAY_ACTIVATOR_RECEIVE_RECEIVE_H_

#include <string>

#include "activator/receive/plan_push.h"
#include "activator/receive/receive_options.h"
#include "base/io.h"

namespace activator {

// `check`: what a plan asks of the host where services run. Returns the exit code. Errors go to the
// peer as a message where it still listens, and are thrown too.
int RunReceive(const ReceiveOptions& options, const PlanCheck& check, const base::Io& io);

// "protocol 6", "protocols 6 to 7": what a push may speak with this program.
std::string ProtocolText();

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_RECEIVE_RECEIVE_H_

// The host's side of a push: `activate receive`, started by imgpush over ssh, talks
// pusher/protocol/protocol.h on standard input and output.
#ifndef SLIPWAY_ACTIVATOR_RECEIVE_RECEIVE_H_
#define SLIPWAY_ACTIVATOR_RECEIVE_RECEIVE_H_

#include <functional>
#include <map>
#include <string>

#include "activator/receive/plan_push.h"
#include "activator/receive/receive_options.h"
#include "base/digest.h"
#include "base/io.h"

namespace activator {

// What this host says to a push of some applications (activator/pull/override.h). Null: nothing.
struct PushRules {
  // Reads what the others go by: before the sender is listened to, and again under the host's lock.
  std::function<void()> prepare{};
  std::function<void(const std::string& application)> check{};
  // The caller holds the host's lock, and has staged these. Returns what whoever pushes should
  // know.
  std::function<std::vector<std::string>(const std::map<std::string, base::Sha256>& versions,
                                         const std::string& by)>
      take{};
};

// What the stage of a push asks once more, under the host's lock: a pull may have taken one of them
// into a channel since the push began, and whoever is shut in may not have looked.
void RequireAllowed(const PushRules& rules, const std::map<std::string, base::Sha256>& versions);

// `check`: what a plan asks of the host where services run. Returns the exit code. Errors go to the
// peer as a message where it still listens, and are thrown too.
int RunReceive(const ReceiveOptions& options, const PlanCheck& check, const PushRules& rules,
               const base::Io& io);

// "protocol 6", "protocols 6 to 7": what a push may speak with this program.
std::string ProtocolText();

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_RECEIVE_RECEIVE_H_

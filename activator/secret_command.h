// `activate secret`: the values that services read as credentials, and who reads them.
#ifndef SLIPWAY_ACTIVATOR_SECRET_COMMAND_H_
#define SLIPWAY_ACTIVATOR_SECRET_COMMAND_H_

#include <string>
#include <vector>

#include "activator/health/health.h"
#include "activator/host/host.h"
#include "activator/report/secret_listing.h"

namespace activator {

struct SecretChange {
  std::string name;  // of the application, which need not be here yet
  std::string key;
  std::string by;
  bool restarts = true;  // the services that read it
  Timeout timeout{};
};

// From a terminal a line that is not shown, otherwise every byte until the end. Throws
// Error{kUsage} where there is none, or more than systemd takes.
std::string AskForSecret(const base::Io& io, const SecretChange& change);

// Keeps the value. What of the active generation reads it is restarted and watched, and where that
// does not become healthy, gets the value before. The caller holds the host's lock, and has
// recovered. Throws Error{kRolledBack}, and {kNeedsAttention} where that did not help.
void SetSecret(const Host& host, const SecretChange& change, const std::string& value);

// Throws Error{kFailed} where the active generation needs it.
void RemoveUnusedSecret(const Host& host, const SecretChange& change);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_SECRET_COMMAND_H_

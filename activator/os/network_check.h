// Asks a service over this process's own network: one try, with a deadline. Needs no name service,
// because images::ParseAddress accepts only addresses.
#ifndef SLIPWAY_ACTIVATOR_OS_NETWORK_CHECK_H_
#define SLIPWAY_ACTIVATOR_OS_NETWORK_CHECK_H_

#include <chrono>
#include <string>

#include "images/service/service.h"

namespace activator {

struct ProbeResult {
  bool passed = false;
  std::string problem;  // why not, in our words
  std::string said;     // what the service said; may be secret; short and printable
};

// A GET of `check`, whose URL is whole. Redirects are not followed: they are the answer.
ProbeResult AskHttp(const images::HttpCheck& check, std::chrono::milliseconds limit);

// Whether "host:port", or the unix socket at an absolute path, takes a connection.
ProbeResult AskTcp(const std::string& address, std::chrono::milliseconds limit);

// One try of `health.http` or `health.tcp`.
ProbeResult AskOverNetwork(const images::Health& health, std::chrono::milliseconds limit);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_OS_NETWORK_CHECK_H_

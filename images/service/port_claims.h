// The TCP ports that services bind, or that systemd binds for them.
#ifndef SLIPWAY_IMAGES_SERVICE_PORT_CLAIMS_H_
#define SLIPWAY_IMAGES_SERVICE_PORT_CLAIMS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "images/service/service.h"

namespace images {

struct PortClaim {
  std::string service;
  uint64_t port = 0;
  std::optional<std::string> address;  // nullopt: not known ("ports"); empty: every one
};

// Those on the host's own network.
std::vector<PortClaim> PortClaimsOf(const Services& services);

// Both cannot be had, by all that is known.
bool Collide(const PortClaim& one, const PortClaim& other);

}  // namespace images

#endif  // SLIPWAY_IMAGES_SERVICE_PORT_CLAIMS_H_

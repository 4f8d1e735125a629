#include "activator/switch/check_ports.h"

#include <algorithm>
#include <vector>

#include "base/problems.h"
#include "images/service/listen_address.h"
#include "images/service/port_claims.h"

namespace activator {
namespace {

using images::PortClaim;

bool Collides(const PortClaim& claim, const Listener& listener) {
  return claim.port == listener.port &&
         (listener.address.empty() ||
          (claim.address && (claim.address->empty() || *claim.address == listener.address)));
}

// Sockets of socket units are systemd's own: which of ours it may be.
std::string SocketUnitAt(const InstalledUnits& units, uint64_t port) {
  for (const auto& [name, unit] : units) {
    for (const std::string& address : unit.listen) {
      const auto listen = images::ParseListenAddress(address);
      if (listen && listen->port == port) {
        return name;
      }
    }
  }
  return "";
}

// The units that hold the socket, from the outermost in; empty where nobody can tell.
UnitNames HoldersOf(const Listener& listener, const InstalledUnits& from) {
  if (listener.pid != 1) {
    return listener.units;
  }
  const std::string ours = SocketUnitAt(from, listener.port);
  return {ours.empty() ? "a socket unit of systemd's (systemctl list-sockets names it)" : ours};
}

bool Shares(const UnitNames& a, const UnitNames& b) {
  return std::any_of(a.begin(), a.end(), [&](const auto& unit) { return Contains(b, unit); });
}

}  // namespace

void CheckPorts(const Host& host, const images::Services& services, const InstalledUnits& from,
                const UnitNames& leaving) {
  const std::vector<PortClaim> claims = images::PortClaimsOf(services);
  if (claims.empty() || !host.listeners) {
    return;
  }
  std::set<uint64_t> ports;
  for (const PortClaim& claim : claims) {
    ports.insert(claim.port);
  }
  base::Problems problems;
  for (const Listener& listener : host.listeners(ports)) {
    const UnitNames holders = HoldersOf(listener, from);
    if (holders.empty() || Shares(holders, leaving)) {
      continue;
    }
    for (const PortClaim& claim : claims) {
      // Its own socket stays open, and the service gets it.
      if (Collides(claim, listener) && !Contains(holders, claim.service + ".socket")) {
        problems.Add(base::ExitCode::kFailed,
                     "port {}, which service {} needs, is taken by {} ({}, pid {}): stop that, or "
                     "give one of the two another port",
                     claim.port, claim.service, holders.front(), listener.program, listener.pid);
      }
    }
  }
  problems.ThrowIfAny();
}

}  // namespace activator

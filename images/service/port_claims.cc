#include "images/service/port_claims.h"

#include "images/service/listen_address.h"

namespace images {
namespace {

bool HasNetworkOfItsOwn(const Service& service) {
  for (const auto& [section, lines] : service.directives) {
    for (const char* option : {"PrivateNetwork", "NetworkNamespacePath", "JoinsNamespaceOf"}) {
      if (lines.contains(option)) {
        return true;
      }
    }
  }
  return false;
}

}  // namespace

std::vector<PortClaim> PortClaimsOf(const Services& services) {
  std::vector<PortClaim> out;
  for (const auto& [name, service] : services) {
    if (!HasNetworkOfItsOwn(service)) {
      for (const uint64_t port : service.ports) {
        out.push_back({name, port, std::nullopt});
      }
    }
    for (const std::string& text : service.listen) {
      const std::optional<ListenAddress> listen = ParseListenAddress(text);
      if (listen && listen->path.empty()) {
        const bool is_every = listen->address == "0.0.0.0" || listen->address == "::";
        out.push_back({name, listen->port, is_every ? "" : listen->address});
      }
    }
  }
  return out;
}

bool Collide(const PortClaim& one, const PortClaim& other) {
  if (one.port != other.port) {
    return false;
  }
  const bool has_every = one.address == "" || other.address == "";
  return has_every || one.address == other.address;
}

}  // namespace images

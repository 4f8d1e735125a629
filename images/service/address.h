// The address that a check connects to, which never needs a name service.
#ifndef SLIPWAY_IMAGES_SERVICE_ADDRESS_H_
#define SLIPWAY_IMAGES_SERVICE_ADDRESS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "images/service/service.h"

namespace images {

inline constexpr const char* kAddressRule =
    "expected an IPv4 address, an IPv6 address in brackets, or localhost, then a colon and a port";

struct Address {
  std::string host;  // "127.0.0.1", "[::1]", "localhost"
  uint64_t port = 0;
  bool operator==(const Address&) const = default;
};

// "127.0.0.1:5432". `otherwise`: the port where none is said; 0: one must be. nullopt: see
// kAddressRule.
std::optional<Address> ParseAddress(const std::string& text, uint64_t otherwise);

// An HTTP URL on a unix socket of the host, "unix:/run/web.sock:/health".
struct SocketUrl {
  std::string socket;  // absolute, at most what sockaddr_un holds
  std::string path;    // "/health"
};

// nullopt: `url` is no such URL.
std::optional<SocketUrl> ParseSocketUrl(const std::string& url);

// Where the service itself is reached from its host, what stands before the path of a URL:
// "http://localhost:80" or "unix:/run/web.sock:". The first of its ports, or else of its sockets,
// those of TCP first. nullopt: it has none.
std::optional<std::string> OwnUrl(const Service& service);

// The whole URL of the service's health.http, which may be a path on OwnUrl.
std::string CheckedUrl(const Service& service);

}  // namespace images

#endif  // SLIPWAY_IMAGES_SERVICE_ADDRESS_H_

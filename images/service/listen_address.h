// One entry of a service's "listen": a port, ADDRESS:PORT, or the path of a unix socket on the
// host. Its text is also the value of systemd's ListenStream=.
#ifndef SLIPWAY_IMAGES_SERVICE_LISTEN_ADDRESS_H_
#define SLIPWAY_IMAGES_SERVICE_LISTEN_ADDRESS_H_

#include <cstdint>
#include <optional>
#include <string>

namespace images {

struct ListenAddress {
  std::string path;     // of a unix socket; empty: TCP
  std::string address;  // as inet_ntop writes it; empty: every address of the host
  uint64_t port = 0;
  bool operator==(const ListenAddress&) const = default;
};

// 1 to 65535; nullopt for everything else.
std::optional<uint64_t> ParsePort(const std::string& text);

// "80", "127.0.0.1:80", "[::1]:80", "/run/web.sock"; nullopt for everything else.
std::optional<ListenAddress> ParseListenAddress(const std::string& text);

}  // namespace images

#endif  // SLIPWAY_IMAGES_SERVICE_LISTEN_ADDRESS_H_

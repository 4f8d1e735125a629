#include "images/service/listen_address.h"

#include <arpa/inet.h>
#include <sys/un.h>

#include <array>
#include <charconv>

#include "images/name.h"

namespace images {
namespace {

constexpr size_t kMaxSocketPath = sizeof(sockaddr_un::sun_path) - 1;

// Empty: no address of the family.
std::string Canonical(int family, const std::string& text) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  std::array<char, INET6_ADDRSTRLEN> out{};
  if (::inet_pton(family, text.c_str(), bytes.data()) != 1 ||
      ::inet_ntop(family, bytes.data(), out.data(), out.size()) == nullptr) {
    return "";
  }
  return out.data();
}

}  // namespace

std::optional<uint64_t> ParsePort(const std::string& text) {
  uint64_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && port >= 1 && port <= 65535 ? std::optional(port) : std::nullopt;
}

std::optional<ListenAddress> ParseListenAddress(const std::string& text) {
  ListenAddress out;
  if (text.starts_with('/')) {
    out.path = text;
    const bool fits = IsPlainAbsolutePath(text) && text.size() <= kMaxSocketPath;
    return fits ? std::optional(out) : std::nullopt;
  }
  const size_t colon = text.rfind(':');
  const std::string digits = colon == std::string::npos ? text : text.substr(colon + 1);
  const std::optional<uint64_t> port = ParsePort(digits);
  if (!port || digits.starts_with('0')) {  // one text for one port
    return std::nullopt;
  }
  out.port = *port;
  if (colon == std::string::npos) {
    return out;
  }
  const bool brackets = colon >= 2 && text.front() == '[' && text[colon - 1] == ']';
  out.address = brackets ? Canonical(AF_INET6, text.substr(1, colon - 2))
                         : Canonical(AF_INET, text.substr(0, colon));
  return out.address.empty() ? std::nullopt : std::optional(out);
}

}  // namespace images

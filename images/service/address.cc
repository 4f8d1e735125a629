#include "images/service/address.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include "images/service/listen_address.h"

namespace images {
namespace {

bool IsHost(const std::string& text) {
  struct in6_addr parsed {};
  if (text.size() > 2 && text.front() == '[' && text.back() == ']') {
    return ::inet_pton(AF_INET6, text.substr(1, text.size() - 2).c_str(), &parsed) == 1;
  }
  return text == "localhost" || ::inet_pton(AF_INET, text.c_str(), &parsed) == 1;
}

}  // namespace

std::optional<Address> ParseAddress(const std::string& text, uint64_t otherwise) {
  const size_t bracket = text.rfind(']');
  const size_t colon = text.find(':', bracket == std::string::npos ? 0 : bracket);
  Address out{text.substr(0, colon), otherwise};
  if (colon != std::string::npos) {
    const std::optional<uint64_t> port = ParsePort(text.substr(colon + 1));
    if (!port) {
      return std::nullopt;
    }
    out.port = *port;
  }
  return out.port == 0 || !IsHost(out.host) ? std::nullopt : std::optional(out);
}

std::optional<std::string> OwnAddress(const Service& service) {
  if (!service.ports.empty()) {
    return fmt::format("localhost:{}", service.ports.front());
  }
  for (const std::string& text : service.listen) {
    const std::optional<ListenAddress> socket = ParseListenAddress(text);
    if (socket && socket->path.empty()) {
      return socket->address.empty() ? fmt::format("localhost:{}", socket->port) : text;
    }
  }
  return std::nullopt;
}

std::string CheckedUrl(const Service& service) {
  const std::string& url = service.health.http->url;
  return url.starts_with('/') ? "http://" + OwnAddress(service).value_or("localhost") + url : url;
}

}  // namespace images

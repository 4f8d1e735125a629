#include "builder/trial/systemd_limits.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "builder/trial/option_table.h"

namespace builder {
namespace {

std::string DangerousLine(const images::Service& service) {
  for (const auto& [section, lines] : service.directives) {
    for (const auto& [option, value] : lines) {
      if (section != "Service" || !IsHarmlessUnderSystemd(option)) {
        return fmt::format("directives.{}.{}", section, option);
      }
    }
  }
  return "";
}

}  // namespace

std::string WhyNotUnderSystemd(const images::Service& service) {
  const images::Health& health = service.health;
  const bool asks_network = health.http || health.tcp;
  constexpr std::array<std::string_view, 5> kTypes = {"exec", "simple", "oneshot", "notify",
                                                      "notify-reload"};
  if (std::find(kTypes.begin(), kTypes.end(), service.type) == kTypes.end()) {
    return "type " + service.type;
  }
  if (service.type == "oneshot" && asks_network) {
    return "a check of a oneshot";
  }
  if (service.user == "root") {
    return "user root";
  }
  if (service.hardening == "none") {
    return "hardening none";
  }
  if (!service.listen.empty()) {
    return "listen";
  }
  if ((health.http && health.http->url.starts_with("unix:")) ||
      (health.tcp && health.tcp->starts_with('/'))) {
    return "a check of a unix socket";
  }
  return DangerousLine(service);
}

}  // namespace builder

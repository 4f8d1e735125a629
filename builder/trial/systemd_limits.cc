#include "builder/trial/systemd_limits.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace builder {
namespace {

// Lines that concern the processes of the service alone, or that a trial replaces. Whatever is not
// here is taken for dangerous, also what a later systemd adds.
constexpr std::array<std::string_view, 38> kHarmless = {"BindPaths",
                                                        "BindReadOnlyPaths",
                                                        "CPUQuota",
                                                        "CPUWeight",
                                                        "CacheDirectory",
                                                        "DynamicUser",
                                                        "Environment",
                                                        "EnvironmentFile",
                                                        "ExecPaths",
                                                        "InaccessiblePaths",
                                                        "KeyringMode",
                                                        "KillSignal",
                                                        "LockPersonality",
                                                        "LogsDirectory",
                                                        "Nice",
                                                        "NoExecPaths",
                                                        "NoNewPrivileges",
                                                        "OOMPolicy",
                                                        "OOMScoreAdjust",
                                                        "PrivateIPC",
                                                        "PrivateMounts",
                                                        "PrivateNetwork",
                                                        "PrivateTmp",
                                                        "PrivateUsers",
                                                        "ProcSubset",
                                                        "ReadOnlyPaths",
                                                        "Restart",
                                                        "RestartSec",
                                                        "RuntimeDirectory",
                                                        "StandardError",
                                                        "StandardOutput",
                                                        "StateDirectory",
                                                        "SyslogIdentifier",
                                                        "TemporaryFileSystem",
                                                        "TimeoutStartSec",
                                                        "TimeoutStopSec",
                                                        "UMask",
                                                        "WorkingDirectory"};
constexpr std::array<std::string_view, 7> kHarmlessKinds = {
    "Limit", "Memory", "Protect", "Restrict", "SystemCall", "Tasks", "Watchdog"};

bool IsHarmless(std::string_view option) {
  return std::find(kHarmless.begin(), kHarmless.end(), option) != kHarmless.end() ||
         std::any_of(kHarmlessKinds.begin(), kHarmlessKinds.end(),
                     [&](std::string_view kind) { return option.starts_with(kind); });
}

std::string DangerousLine(const images::Service& service) {
  for (const auto& [section, lines] : service.directives) {
    for (const auto& [option, value] : lines) {
      if (section != "Service" || !IsHarmless(option)) {
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

#include "builder/trial/option_table.h"

#include <algorithm>
#include <array>

namespace builder {
namespace {

struct KnownOption {
  std::string_view name;
  bool is_applied;   // in namespaces
  bool is_harmless;  // under systemd
};

constexpr std::array<KnownOption, 60> kKnownOptions = {{
    {"AmbientCapabilities", true, false},
    {"BindLogSockets", true, false},
    {"BindPaths", true, true},
    {"BindReadOnlyPaths", true, true},
    {"CPUQuota", false, true},
    {"CPUWeight", false, true},
    {"CacheDirectory", false, true},
    {"CapabilityBoundingSet", true, false},
    {"DynamicUser", true, true},
    {"Environment", true, true},
    {"EnvironmentFile", true, true},
    {"ExecPaths", false, true},
    {"ExecReload", true, false},
    {"ExecStart", true, false},
    {"ExecStartPre", true, false},
    {"ExecStop", true, false},
    {"ExecStopPost", true, false},
    {"Group", true, false},
    {"InaccessiblePaths", false, true},
    {"KeyringMode", false, true},
    {"KillMode", true, false},
    {"KillSignal", true, true},
    {"LoadCredential", true, false},
    {"LockPersonality", false, true},
    {"LogNamespace", true, false},
    {"LogsDirectory", false, true},
    {"MountAPIVFS", true, false},
    {"Nice", false, true},
    {"NoExecPaths", false, true},
    {"NoNewPrivileges", true, true},
    {"NotifyAccess", true, false},
    {"OOMPolicy", false, true},
    {"OOMScoreAdjust", false, true},
    {"PrivateDevices", true, false},
    {"PrivateIPC", false, true},
    {"PrivateMounts", false, true},
    {"PrivateNetwork", true, true},
    {"PrivateTmp", true, true},
    {"PrivateUsers", false, true},
    {"ProcSubset", false, true},
    {"ProtectHome", true, false},
    {"ProtectHostname", true, false},
    {"ProtectSystem", true, false},
    {"ReadOnlyPaths", false, true},
    {"RemainAfterExit", true, false},
    {"Restart", true, true},
    {"RestartSec", true, true},
    {"RootImage", true, false},
    {"RuntimeDirectory", false, true},
    {"StandardError", true, true},
    {"StandardOutput", true, true},
    {"StateDirectory", false, true},
    {"SyslogIdentifier", true, true},
    {"TemporaryFileSystem", true, true},
    {"TimeoutStartSec", true, true},
    {"TimeoutStopSec", true, true},
    {"Type", true, false},
    {"UMask", true, true},
    {"User", true, false},
    {"WorkingDirectory", true, true},
}};
constexpr std::array<std::string_view, 7> kHarmlessKinds = {
    "Limit", "Memory", "Protect", "Restrict", "SystemCall", "Tasks", "Watchdog"};

const KnownOption* Find(std::string_view name) {
  const auto found = std::find_if(kKnownOptions.begin(), kKnownOptions.end(),
                                  [&](const KnownOption& option) { return option.name == name; });
  return found == kKnownOptions.end() ? nullptr : &*found;
}

}  // namespace

bool IsAppliedInNamespaces(std::string_view option) {
  const KnownOption* found = Find(option);
  return found != nullptr && found->is_applied;
}

bool IsHarmlessUnderSystemd(std::string_view option) {
  const KnownOption* found = Find(option);
  return (found != nullptr && found->is_harmless) ||
         std::any_of(kHarmlessKinds.begin(), kHarmlessKinds.end(),
                     [&](std::string_view kind) { return option.starts_with(kind); });
}

}  // namespace builder

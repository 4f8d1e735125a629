#include "activator/pull/pull_units.h"

#include <fmt/format.h>

#include "activator/pull/fetch_client.h"
#include "activator/pull/programs.h"
#include "activator/pull/pull_files.h"
#include "units/escape.h"

namespace activator {
namespace {

constexpr const char* kWritten =
    "# Written by Slipway (activate enroll). To change it: enroll anew.\n\n";

// It may have to wait for a switch, and then fetches and switches itself. Each poke starts it.
std::string PullText(const images::HostLayout& layout) {
  return fmt::format(
      "{}"
      "[Unit]\n"
      "Description=Slipway: pull from channels\n"
      "Requires={}\n"
      "After={} {} network-online.target\n"
      "Wants=network-online.target\n"
      "RequiresMountsFor={}\n"
      "StartLimitIntervalSec=0\n"
      "\n"
      "[Service]\n"
      "Type=oneshot\n"
      "ExecStart={}\n"
      "TimeoutStartSec=3h\n",
      kWritten, units::kFetchSocket, units::kFetchSocket, units::kBootUnit,
      units::ListedPath(layout.root()),
      units::ExecLine({layout.Bin() + "/activate", "--root", layout.root(), "pull"}));
}

std::string TimerText(const PullConfig& config) {
  return fmt::format(
      "{}"
      "[Unit]\n"
      "Description=Slipway: pull from channels\n"
      "\n"
      "[Timer]\n"
      "OnCalendar={}\n"
      "RandomizedDelaySec={}\n"
      "FixedRandomDelay=yes\n"
      "Persistent=yes\n"
      "\n"
      "[Install]\n"
      "WantedBy=timers.target\n",
      kWritten, config.every, config.random_delay_seconds);
}

std::string SocketText() {
  return fmt::format(
      "{}"
      "[Unit]\n"
      "Description=Slipway: what reads the store\n"
      "\n"
      "[Socket]\n"
      "ListenStream={}\n"
      "SocketMode=0600\n"
      "Accept=yes\n"
      "MaxConnections=4\n"
      "TriggerLimitIntervalSec=0\n"
      "RemoveOnStop=yes\n"
      "\n"
      "[Install]\n"
      "WantedBy=sockets.target\n",
      kWritten, kFetchSocketPath);
}

// All that it needs is the network, name servers, certificates and its two descriptors. Not
// PrivateUsers=: where the kernel makes no user namespaces, as hardened hosts have it, or below a
// chroot, fetch would not start; and its user is nobody else's anyway.
constexpr const char* kSandbox =
    "DynamicUser=yes\n"
    "UMask=0077\n"
    "NoNewPrivileges=yes\n"
    "CapabilityBoundingSet=\n"
    "AmbientCapabilities=\n"
    "ProtectSystem=strict\n"
    "ProtectHome=yes\n"
    "PrivateTmp=yes\n"
    "PrivateDevices=yes\n"
    "DevicePolicy=closed\n"
    "PrivateIPC=yes\n"
    "ProtectKernelTunables=yes\n"
    "ProtectKernelModules=yes\n"
    "ProtectKernelLogs=yes\n"
    "ProtectControlGroups=yes\n"
    "ProtectClock=yes\n"
    "ProtectHostname=yes\n"
    "ProtectProc=invisible\n"
    "ProcSubset=pid\n"
    "RestrictAddressFamilies=AF_INET AF_INET6\n"
    "RestrictNamespaces=yes\n"
    "RestrictRealtime=yes\n"
    "RestrictSUIDSGID=yes\n"
    "RemoveIPC=yes\n"
    "LockPersonality=yes\n"
    "MemoryDenyWriteExecute=yes\n"
    "KeyringMode=private\n"
    "SystemCallArchitectures=native\n"
    "SystemCallFilter=@system-service\n"
    "SystemCallFilter=~@privileged @resources\n"
    "SystemCallErrorNumber=EPERM\n"
    "MemoryMax=256M\n"
    "MemorySwapMax=0\n"
    "TasksMax=64\n"
    "LimitCORE=0\n"
    "RuntimeMaxSec=2h\n"
    "TimeoutStartSec=30s\n"
    "TimeoutStopSec=10s\n";

std::string FetchText(const images::HostLayout& layout, bool has_credentials) {
  const std::string credentials =
      has_credentials
          ? fmt::format("LoadCredential=store:{}\n", units::WholePath(CredentialsFile(layout)))
          : "";
  return fmt::format(
      "{}"
      "[Unit]\n"
      "Description=Slipway: reads the store for one pull\n"
      "CollectMode=inactive-or-failed\n"
      "RequiresMountsFor={}\n"
      "\n"
      "[Service]\n"
      "ExecStart={}\n"
      "StandardInput=socket\n"
      "StandardOutput=socket\n"
      "StandardError=journal\n"
      "{}{}",
      kWritten, units::ListedPath(layout.root()), units::ExecLine({FetchLink(layout)}), credentials,
      kSandbox);
}

}  // namespace

std::map<std::string, std::string> RenderPullUnits(const images::HostLayout& layout,
                                                   const PullConfig& config, bool has_credentials) {
  return {{units::kPullUnit, PullText(layout)},
          {units::kPullTimer, TimerText(config)},
          {units::kFetchSocket, SocketText()},
          {units::kFetchUnit, FetchText(layout, has_credentials)}};
}

}  // namespace activator

#include "units/hardening.h"

#include <algorithm>

#include "base/error.h"

namespace units {
namespace {

const std::vector<Line>& StandardLines() {
  static const std::vector<Line> kLines = {
      {"NoNewPrivileges", "yes"},
      {"PrivateDevices", "yes"},
      {"PrivateTmp", "yes"},
      {"ProtectSystem", "strict"},
      {"ProtectHome", "yes"},
      {"ProtectKernelTunables", "yes"},
      {"ProtectKernelModules", "yes"},
      {"ProtectKernelLogs", "yes"},
      {"ProtectControlGroups", "yes"},
      {"ProtectClock", "yes"},
      {"ProtectHostname", "yes"},
      {"RestrictSUIDSGID", "yes"},
      {"RestrictRealtime", "yes"},
      {"LockPersonality", "yes"},
      {"SystemCallArchitectures", "native"},
  };
  return kLines;
}

const std::vector<Line>& StrictLines() {
  static const std::vector<Line> kLines = {
      {"ProtectProc", "invisible"},
      {"ProcSubset", "pid"},
      {"MemoryDenyWriteExecute", "yes"},
      {"RestrictNamespaces", "yes"},
      {"RestrictAddressFamilies", "AF_UNIX AF_INET AF_INET6"},
      {"SystemCallFilter", "@system-service"},
      {"SystemCallErrorNumber", "EPERM"},
      {"UMask", "0027"},
  };
  return kLines;
}

}  // namespace

std::vector<Line> HardeningLines(const std::string& profile, const std::vector<uint64_t>& ports) {
  const bool low_port =
      std::any_of(ports.begin(), ports.end(), [](uint64_t port) { return port < 1024; });
  const std::string capability = low_port ? "CAP_NET_BIND_SERVICE" : "";
  std::vector<Line> out;
  if (profile == "none") {
    if (low_port) {
      out.emplace_back("AmbientCapabilities", capability);
    }
    return out;
  }
  if (profile != "standard" && profile != "strict") {
    base::Fail(base::ExitCode::kFailed, "there is no hardening profile '{}'", profile);
  }
  out.emplace_back("CapabilityBoundingSet", capability);
  out.emplace_back("AmbientCapabilities", capability);
  out.insert(out.end(), StandardLines().begin(), StandardLines().end());
  if (profile == "strict") {
    out.insert(out.end(), StrictLines().begin(), StrictLines().end());
  }
  return out;
}

}  // namespace units

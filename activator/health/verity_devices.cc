#include "activator/health/verity_devices.h"

#include <chrono>

#include "activator/health/stopping.h"

namespace activator {
namespace {

constexpr std::chrono::seconds kMostForADeviceToGo{20};

}  // namespace

std::set<base::Sha256> VerityRootsOf(const InstalledUnits& units) {
  std::set<base::Sha256> out;
  for (const auto& [name, unit] : units) {
    if (unit.verity_root) {
      out.insert(*unit.verity_root);
    }
  }
  return out;
}

std::set<base::Sha256> AwaitDevicesGone(const Host& host, std::set<base::Sha256> roots) {
  const auto start = host.clock.Monotonic();
  PollBackoff pause(host.clock);
  for (;;) {
    std::erase_if(roots, [&](const base::Sha256& root) {
      return !host.verity_state || !host.verity_state(root);
    });
    if (roots.empty() || host.clock.Monotonic() - start > kMostForADeviceToGo) {
      return roots;
    }
    pause.Sleep();
  }
}

}  // namespace activator

#include "activator/switch/replacement.h"

#include <algorithm>
#include <set>
#include <utility>

#include "activator/health/verity_devices.h"

namespace activator {

// Where the guard swallows what a look has found, nothing is waited for any longer.
void UnitReplacement::Look() {
  UnitNames left;
  guard_([&] { left = watch_->StillStopping(stopping_); });
  stopping_ = std::move(left);
}

void UnitReplacement::Stop(const std::map<std::string, UnitState>& states) {
  guard_([&] { stopping_ = BeginToStop(host_, states); });
  watch_.emplace(host_);
  Look();
}

void UnitReplacement::AwaitStopsBut(const UnitNames& may_go_on) {
  PollBackoff pause(host_.clock);
  while (!(stopping_ - may_go_on).empty()) {
    pause.Sleep();
    Look();
  }
}

void UnitReplacement::AwaitStops() { AwaitStopsBut({}); }

void UnitReplacement::AwaitStopsBeforeReload() {
  UnitNames may_go_on;
  for (const std::string& name : stopping_) {
    const auto old = from_.find(name);
    const auto next = to_.find(name);
    if (old != from_.end() && next != to_.end() && MayStopAs(old->second, next->second)) {
      may_go_on.push_back(name);
    }
  }
  AwaitStopsBut(may_go_on);
}

// All that runs from an image is ordered after the same units (modprobe@loop.service), and systemd
// starts none of these while it has a job to stop something that is ordered after them. So these
// jobs are cancelled, once all that stops is told to: the stops go on. False: some are not told
// yet, because their stop waits for another one's; or the guard has swallowed that this is unknown,
// and nothing is waited for any longer.
bool UnitReplacement::LetOthersStart() {
  std::optional<bool> all_told;
  guard_([&] {
    const auto states = host_.systemd.Show(stopping_);
    const bool told = std::all_of(states.begin(), states.end(), [](const auto& unit) {
      return unit.second.active == "deactivating" || unit.second.IsDown();
    });
    if (told) {
      host_.systemd.CancelJobs(stopping_);
    }
    all_told = told;
  });
  if (!all_told) {
    stopping_.clear();
  }
  return all_told.value_or(false);
}

// Or systemd would start them from the device that was made of another file with the same root.
void UnitReplacement::AwaitOldDevices(const InstalledUnits& ready) {
  std::set<base::Sha256> roots = VerityRootsOf(ready);
  if (roots.empty()) {
    return;
  }
  for (const InstalledUnits* units : {&from_, &to_}) {
    for (const auto& [name, state] : host_.systemd.Show(NamesOf(*units))) {
      if (const auto& root = units->at(name).verity_root; root && !state.IsDown()) {
        roots.erase(*root);  // what goes on running keeps it
      }
    }
  }
  const std::set<base::Sha256> left = AwaitDevicesGone(host_, std::move(roots));
  for (const auto& [name, unit] : ready) {
    if (unit.verity_root && left.contains(*unit.verity_root)) {
      host_.io.Err(
          "activate: something else still uses the device of {}, and {} starts from that: `lsblk` "
          "names it\n",
          unit.image_path, name);
    }
  }
}

void UnitReplacement::Start(InstalledUnits units, const AppFolders& must_wait,
                            const StartUnits& start) {
  PollBackoff pause(host_.clock);
  for (;;) {
    InstalledUnits ready = MayStart(units, stopping_, from_, to_, must_wait);
    if (!ready.empty() && !stopping_.empty() && !LetOthersStart()) {
      ready = stopping_.empty() ? units : InstalledUnits();
    }
    guard_([&] { AwaitOldDevices(ready); });
    start(ready);
    if (stopping_.empty()) {
      return;
    }
    std::erase_if(units, [&](const auto& unit) { return ready.contains(unit.first); });
    pause.Sleep();
    Look();
  }
}

}  // namespace activator

#include "activator/switch/replacement.h"

#include <algorithm>

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

void UnitReplacement::Start(InstalledUnits units, const AppFolders& must_wait,
                            const StartUnits& start) {
  PollBackoff pause(host_.clock);
  for (;;) {
    InstalledUnits ready = MayStart(units, stopping_, from_, to_, must_wait);
    if (!ready.empty() && !stopping_.empty() && !LetOthersStart()) {
      ready = stopping_.empty() ? units : InstalledUnits();
    }
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

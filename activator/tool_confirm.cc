// `activate confirm`, and the other ways in which a switch with --confirm-within is confirmed.
#include "activator/state/host_lock.h"
#include "activator/switch/confirmation.h"
#include "activator/tool.h"
#include "base/error.h"
#include "pusher/protocol/failure_line.h"

namespace activator {

int Tool::ConfirmSwitch() {
  RequireRoot();
  RequireServices("confirm");
  RequireHost();
  const std::optional<SwitchRecord> record = WaitsForConfirmation(host_.layout);
  if (!record || (!line_.activation_id.empty() && record->activation_id != line_.activation_id)) {
    base::Fail(base::ExitCode::kFailed,
               "{} waits to be confirmed: see `activate status` and `activate history`",
               line_.activation_id.empty() ? "no switch" : "no switch " + line_.activation_id);
  }
  if (IsLockHeld(host_.layout) == false) {
    base::Fail(base::ExitCode::kNeedsAttention,
               "the switch to generation {} was cut off while it waited: the next `activate` that "
               "changes something, or the next boot, goes back",
               record->to);
  }
  Confirm(host_.layout, record->activation_id);
  WaitUntilEnded(systemd_, record->activation_id, nullptr);
  return TellEnd(
      host_.layout, record->activation_id, [this] { RequireHealthyNow(); }, io_);
}

// Whoever gives the id is told once to ask again under it over another connection: that one
// confirms it, if it finds the switch waiting. What is begun over this one, this one cannot
// confirm.
Glance Tool::WatchForWait(bool confirms) {
  if (!line_.confirm_within_seconds) {
    return nullptr;
  }
  return [this, confirms, done = false]() mutable {
    const std::optional<SwitchRecord> record =
        done ? std::nullopt : WaitsForConfirmation(host_.layout);
    if (!record || record->activation_id != line_.activation_id) {
      return;
    }
    done = true;
    confirms ? Confirm(host_.layout, line_.activation_id) : io_.WriteOut(pusher::kConfirmLine);
  };
}

}  // namespace activator

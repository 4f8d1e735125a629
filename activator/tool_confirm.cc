// `activate confirm`, and the other ways in which a switch with --confirm-within is confirmed.
#include <utility>

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
  try {
    Confirm(host_.layout, record->activation_id);
  } catch (const base::Error& error) {  // its end tells whether it counts
    io_.Err("activate: {}\n", error.what());
  }
  WaitUntilEnded(systemd_, record->activation_id, nullptr);
  return TellEnd(
      host_.layout, record->activation_id, [this] { RequireHealthyNow(); }, io_);
}

bool Tool::Waits() const {
  const std::optional<SwitchRecord> record = WaitsForConfirmation(host_.layout);
  return record && record->activation_id == line_.activation_id;
}

// Whoever gives the id is told once to ask again under it over another connection: that one
// confirms it, if it finds the switch waiting. What is begun over this one, this one cannot
// confirm.
Glance Tool::WatchForWait(bool confirms) {
  if (!line_.confirm_within_seconds) {
    return nullptr;
  }
  return [this, confirms, done = false, said = false]() mutable {
    try {
      if (done || !Waits()) {
        return;
      }
      confirms ? Confirm(host_.layout, line_.activation_id) : io_.WriteOut(pusher::kConfirmLine);
      done = true;
    } catch (const base::Error& error) {  // the switch goes on, and its end is to be told
      if (!std::exchange(said, true)) {
        io_.Err("activate: {}\n", error.what());
      }
    }
  };
}

}  // namespace activator

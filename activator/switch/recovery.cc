#include "activator/switch/recovery.h"

#include <optional>
#include <utility>

#include "activator/state/generations.h"
#include "activator/state/record_event.h"
#include "activator/state/secrets.h"
#include "activator/switch/commit_switch.h"
#include "base/error.h"

namespace activator {
namespace {

std::string Reason(const SwitchRecord& record) {
  return record.reason.empty() ? CutOffReason(record) : record.reason;
}

// A disk that failed while the record was written may leave "healthy" in it after the way back has
// begun; `current` tells.
bool IsHealthy(const images::HostLayout& layout, const SwitchRecord& record) {
  return record.phase == SwitchPhase::kHealthy && CurrentGeneration(layout) == record.to;
}

std::string Finished(const SwitchRecord& record) {
  return fmt::format(
      "the switch to generation {} had been cut off when it was healthy already: finished it",
      record.to);
}

std::string WentBack(const SwitchRecord& record) {
  return fmt::format("the switch to generation {} had been cut off: went back to {}", record.to,
                     GenerationName(record.from));
}

Recovery GoBackInFolder(const images::HostLayout& layout, const SwitchRecord& record) {
  SetCurrentGeneration(layout, record.from);
  Generation to = LoadGeneration(layout, record.to);
  to.state = GenerationState::kRolledBack;
  to.reason = Reason(record);
  Event event = EventOf(record, "rolled-back");
  event.reason = to.reason;
  event.cut_off = event.reason == CutOffReason(record);
  RecordEvent(layout, std::move(event));
  StoreGeneration(layout, to);
  RemoveSwitchRecord(layout);
  return {WentBack(record), true};
}

// Setting one was cut off while services were restarted with it.
void PutBackSecretsOrThrow(const Host& host) {
  for (const SecretName& secret : UndoCutOffSecrets(host.layout)) {
    host.io.Err(
        "activate: setting the secret {} of {} had been cut off: put the value before back\n",
        secret.key, secret.application);
    Event event;
    event.event = "secret-put-back";
    event.generation = event.from = ActiveGeneration(host.layout);
    event.by = "recovery";
    event.what = fmt::format("secret {} {}", secret.application, secret.key);
    event.reason = "setting it had been cut off";
    RecordOrSay(host.layout, std::move(event), host.io);  // a prune makes room
  }
}

// A switch that was cut off must be recovered all the same.
void PutBackSecrets(const Host& host) {
  try {
    PutBackSecretsOrThrow(host);
  } catch (const base::Error& error) {
    host.io.Err("activate: a secret that was being set stays as it is: {}\n", error.what());
  }
}

}  // namespace

Recovery Recover(const Host& host, RecoveryMode mode) {
  PutBackSecrets(host);
  const std::optional<SwitchRecord> record = ReadSwitchRecord(host.layout);
  if (!record) {
    return {};
  }
  if (IsHealthy(host.layout, *record)) {
    CommitSwitch(host, *record);
    return {Finished(*record), true};
  }
  if (host.is_folder) {
    return GoBackInFolder(host.layout, *record);
  }
  const base::Error why(base::ExitCode::kFailed, Reason(*record));
  const RollbackResult result = RollBack(host, *record, why, mode);
  std::string out = WentBack(*record);
  if (!result.is_up) {
    out += "; but it is not up: " + result.problem;
  }
  return {out, result.is_up, result.detail};
}

void RecoverOrFail(const Host& host, const std::string& else_done) {
  const Recovery recovery = Recover(host, RecoveryMode::kRestart);
  if (!recovery.is_up) {
    throw base::Error(base::ExitCode::kNeedsAttention,
                      fmt::format("{}. {}", recovery.done, else_done), recovery.detail);
  }
  if (!recovery.done.empty()) {
    host.io.Err("activate: {}\n", recovery.done);
  }
}

bool RecoverIfRoom(const Host& host) {
  try {
    RecoverOrFail(host);
    return true;
  } catch (const base::Error& error) {
    if (!base::IsDiskFull(error) || !ReadSwitchRecord(host.layout)) {
      throw;
    }
    host.io.Err("activate: {}\n", error.what());
    return false;
  }
}

}  // namespace activator

// `activate prune` and `activate uninstall`.
#include <optional>

#include "activator/activate.h"
#include "activator/os/images_in_use.h"
#include "activator/prune/prune.h"
#include "activator/report/report.h"
#include "activator/state/lost_current.h"
#include "activator/state/root.h"
#include "activator/state/switch_record.h"
#include "activator/switch/recovery.h"
#include "activator/switch/transient.h"
#include "activator/tool.h"
#include "activator/uninstall.h"
#include "base/error.h"
#include "base/lock.h"

namespace activator {

// Where a disk is too full for the records of a recovery, room is made first: what the switch that
// was cut off needs is not pruned.
int Tool::PruneOld() {
  RequireRoot();
  RequireHost();
  std::optional<base::FileLock> lock;
  bool recovered = true;
  if (!line_.dry_run) {
    if (!host_.is_folder) {
      PrepareRoot(host_.layout);
    }
    lock.emplace(Lock("prune"));
    if (!line_.prune.pin.empty() || !line_.prune.unpin.empty()) {
      Pin(host_.layout, line_.prune);
      return 0;
    }
    IgnoreLostConnection();  // recovery stops and starts services: it must not end half-way
    recovered = RecoverIfRoom(host_);
  }
  const bool runs = !host_.is_folder && HasSystemd();  // nothing ever runs from a folder as host
  PrunePlan plan = PlanPrune(host_.layout, line_.prune, ImagesInUse(runs ? &systemd_ : nullptr));
  if (!line_.dry_run) {
    plan = Prune(host_.layout, std::move(plan), line_.by);
  }
  io_.WriteErr(PruneNotes(host_.layout, plan, line_.prune, line_.dry_run));
  io_.WriteOut(line_.json ? PruneJson(plan, line_.dry_run) : PruneText(plan, line_.dry_run));
  if (!recovered) {
    RecoverOrFail(host_, "The prune was done");
  }
  return 0;
}

int Tool::UninstallAll() {
  RequireRoot();
  RequireSystemd();
  RequireHost();
  if (line_.dry_run) {
    const Uninstalled plan = PlanUninstall(host_, line_.stop);
    TellUninstalled(plan);
    if (plan.refusal) {
      base::Error refusal = *plan.refusal;
      refusal.AddContext("the uninstall would be refused");
      throw refusal;
    }
    return 0;
  }
  if (!host_.is_folder) {
    PrepareRoot(host_.layout);
  }
  // Without `current` nothing would count as active, and --stop would stop nothing.
  if (const base::FileLock lock = Lock("uninstall"); !ReadSwitchRecord(host_.layout)) {
    RepairCurrent(host_.layout);
  }
  const std::vector<std::string> active = ActiveApplications(host_.layout);
  if (line_.stop && !active.empty()) {
    line_.target = ActivationTarget{TargetKind::kVersions, 0, "", {}};
    for (const std::string& name : active) {
      line_.target->versions[name] = std::nullopt;
    }
    line_.overrides = true;  // no channel is to start it again meanwhile
    if (const int exit_code = Start(); exit_code != 0) {
      return exit_code;
    }
  }
  const base::FileLock lock = Lock("uninstall");
  IgnoreLostConnection();
  RecoverOrFail(host_);
  Uninstalled uninstalled = Uninstall(host_);
  if (!host_.is_folder) {  // nothing runs from one
    uninstalled.stopped = active;
  }
  TellUninstalled(uninstalled);
  return 0;
}

}  // namespace activator

#include "activator/switch/boot.h"

#include <optional>

#include "activator/health/auxiliary_units.h"
#include "activator/host/boot_unit.h"
#include "activator/host/foreign_units.h"
#include "activator/host/installed_units.h"
#include "activator/host/unit_links.h"
#include "activator/state/generations.h"
#include "activator/state/lost_current.h"
#include "activator/state/switch_record.h"
#include "activator/switch/recovery.h"
#include "activator/switch/users.h"
#include "base/error.h"
#include "base/file.h"

namespace activator {
namespace {

// Runs parts that must not keep one another from being done, and keeps the first problem.
class Parts {
 public:
  explicit Parts(const base::Io& io) : io_(io) {}

  template <typename Part>
  bool Try(Part part) {
    try {
      part();
      return true;
    } catch (const base::Error& error) {
      io_.Err("activate: {}\n", error.what());
      if (!problem_) {
        problem_ = error;
      }
      return false;
    }
  }
  void ThrowFirst() const {
    if (problem_) {
      throw base::Error(*problem_);
    }
  }

 private:
  const base::Io& io_;
  std::optional<base::Error> problem_;
};

// Whether `current` may be started although recovery had a problem: never a generation that was
// being tried.
bool CurrentWasTried(const Host& host) {
  const std::optional<SwitchRecord> record = ReadSwitchRecord(host.layout);
  return record && record->phase != SwitchPhase::kHealthy &&
         CurrentGeneration(host.layout) != record->from;
}

class Boot {
 public:
  explicit Boot(const Host& host) : host_(host), parts_(host.io) {}

  void Run();

 private:
  bool Recovered();
  bool Link(const std::string& unit) const;
  void LinkAll(const InstalledUnits& units);
  void RenewUsers(uint64_t generation);
  void QueueAll(const InstalledUnits& units);

  const Host& host_;
  Parts parts_;
  UnitNames stopped_;  // units of others that a switch had stopped, or hidden from the boot
  UnitNames linked_;
  UnitNames hidden_;  // of them, those under whose names somebody else's units run
};

bool Boot::Recovered() {
  parts_.Try([&] {
    if (const std::optional<SwitchRecord> cut_off = ReadSwitchRecord(host_.layout)) {
      stopped_ = cut_off->adopted;
      if (cut_off->boot_id == BootId()) {  // started by hand: else they came up with the host
        stopped_ = stopped_ + cut_off->dependents;
      }
    }
  });
  return parts_.Try([&] {
    const std::string done = Recover(host_, RecoveryMode::kAtBoot).done;
    if (!done.empty()) {
      host_.io.Err("activate: {}\n", done);
    }
  });
}

// Where links are gone after a boot, a package's unit that they hid may have been started.
void Boot::LinkAll(const InstalledUnits& units) {
  UnitNames foreign;
  parts_.Try([&] { foreign = RunningForeign(host_, NamesOf(units)); });
  bool reload = false;
  for (const std::string& unit : NamesOf(units)) {
    if (parts_.Try([&] { reload = Link(unit) || reload; })) {
      linked_.push_back(unit);
    }
  }
  hidden_ = foreign - (foreign - linked_);
  parts_.Try(
      [&] { reload = RemoveUnitLinks(host_, LinkedUnits(host_) - NamesOf(units)) || reload; });
  // For checks; systemd, which has not seen them since the boot, needs no reload.
  parts_.Try([&] { EnsureAuxiliaryLinks(host_, CurrentGeneration(host_.layout)); });
  parts_.Try([&] { reload = InstallTarget(host_) || reload; });
  parts_.Try([&] {
    if (reload || NeedsReload(host_, linked_)) {
      host_.systemd.DaemonReload();
    }
  });
}

bool Boot::Link(const std::string& unit) const {
  try {
    return EnsureUnitLinks(host_, {unit});
  } catch (base::Error& error) {
    error.AddContext(unit + " is not started");
    throw;
  }
}

void Boot::RenewUsers(uint64_t generation) {
  Apps apps;
  if (generation != kNoGeneration) {
    parts_.Try([&] { apps = LoadGeneration(host_.layout, generation).apps; });
  }
  for (const auto& [name, digest] : apps) {
    const std::string path = host_.layout.Version(name, images::ImageId::Of(digest));
    parts_.Try([&] { ProvideUsersOf(host_, images::ImageDirectory(path), AbsentUsers::kRefuse); });
  }
}

// They are ordered after us: waiting for them would be waiting for ourselves.
void Boot::QueueAll(const InstalledUnits& units) {
  const UnitNames start = NamesOf(Unscheduled(Select(units, linked_)));
  parts_.Try([&] { host_.systemd.Restart(start - (start - hidden_), Jobs::kQueue); });
  parts_.Try(
      [&] { host_.systemd.Start((start - hidden_) + (stopped_ - NamesOf(units)), Jobs::kQueue); });
}

void Boot::Run() {
  host_.follow_host_files(host_);
  if (!Recovered() && CurrentWasTried(host_)) {
    parts_.ThrowFirst();
  }
  RepairCurrent(host_.layout);
  const uint64_t current = CurrentGeneration(host_.layout);
  const InstalledUnits units = LoadUnits(host_.layout, current);
  LinkAll(units);
  RenewUsers(current);
  QueueAll(units);
  parts_.ThrowFirst();
}

}  // namespace

void RunBoot(const Host& host) { Boot(host).Run(); }

}  // namespace activator

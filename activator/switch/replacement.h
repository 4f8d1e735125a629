// Stops the units of one generation and starts those of another, so that no application is down for
// longer than its own units take to stop. A switch and its way back both do it by this.
#ifndef SLIPWAY_ACTIVATOR_SWITCH_REPLACEMENT_H_
#define SLIPWAY_ACTIVATOR_SWITCH_REPLACEMENT_H_

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "activator/health/stopping.h"
#include "activator/host/host.h"
#include "activator/host/installed_units.h"
#include "activator/switch/start_order.h"

namespace activator {

class UnitReplacement {
 public:
  // Runs whatever may find that a unit does not stop. One that swallows the error has the others
  // started as if all were down.
  using Guard = std::function<void(const std::function<void()>& part)>;
  // What `from` runs is replaced by `to`; both outlive this.
  UnitReplacement(
      const Host& host, const InstalledUnits& from, const InstalledUnits& to,
      Guard guard = [](const std::function<void()>& part) { part(); })
      : host_(host), from_(from), to_(to), guard_(std::move(guard)) {}

  // Tells them to stop, of which systemd has just said `states`.
  void Stop(const std::map<std::string, UnitState>& states);
  // Waits for what is removed, or whose name was a unit's of others: it has no text of its own any
  // more when systemd reads the units anew, and would be stopped by the defaults.
  void AwaitStopsBeforeReload();
  void AwaitStops();
  const UnitNames& stopping() const { return stopping_; }

  // Calls `start` with the units that may start by now, until it has had all of `units`; the last
  // call, which may have none, comes when all is down. `must_wait`: as of MayStart.
  using StartUnits = std::function<void(const InstalledUnits& ready)>;
  void Start(InstalledUnits units, const AppFolders& must_wait, const StartUnits& start);

 private:
  void Look();
  void AwaitStopsBut(const UnitNames& may_go_on);
  bool LetOthersStart();
  void AwaitOldDevices(const InstalledUnits& ready);

  const Host& host_;
  const InstalledUnits& from_;
  const InstalledUnits& to_;
  const Guard guard_;
  UnitNames stopping_;  // what was told to stop and is not down yet
  std::optional<StopEscalation> watch_;
};

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_SWITCH_REPLACEMENT_H_

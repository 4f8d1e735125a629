#include "activator/switch/start_again.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "activator/health/restart.h"
#include "activator/health/stopping.h"
#include "activator/health/verity_devices.h"
#include "activator/host/dependents.h"
#include "activator/state/held_versions.h"
#include "activator/switch/users.h"
#include "base/error.h"
#include "base/file.h"

namespace activator {
namespace {

using States = std::map<std::string, UnitState>;

constexpr std::chrono::seconds kMostToEnterAnImage{1};

// Those of `units` that run from another image than theirs. A service that is just starting has not
// entered its image yet: what runs from none at first is looked at again.
UnitNames RunningFromAnotherImage(const Host& host, const InstalledUnits& units) {
  const auto look = [&](const UnitNames& names) {
    States out;
    for (const auto& [name, state] : host.systemd.Show(names)) {
      if (!state.IsDown() && !host.systemd.RunsFrom(state, units.at(name).image_path)) {
        out.emplace(name, state);
      }
    }
    return out;
  };
  const auto first = look(NamesOf(units));
  if (first.empty()) {
    return {};
  }
  host.clock.Sleep(kMostToEnterAnImage);
  UnitNames names;
  for (const auto& [name, state] : first) {
    names.push_back(name);
  }
  UnitNames out;
  for (const auto& [name, state] : look(names)) {
    if (state.main_pid == first.at(name).main_pid) {
      out.push_back(name);
    }
  }
  return out;
}

bool IsWholeNow(const std::string& image_path) {
  try {
    return DamageOf(images::ImageDirectory(base::ParentOf(image_path))).empty();
  } catch (const base::Error& error) {
    if (error.code() == base::ExitCode::kInterrupted) {
      throw;
    }
    return false;
  }
}

// A device stays damaged for as long as it is there, although its file was mended in place, or a
// read failed once. What runs from an image that is still damaged is left alone.
UnitNames OfDamagedDevices(const Host& host, const InstalledUnits& units, const States& states) {
  UnitNames out;
  std::map<std::string, bool> whole;
  for (const auto& [name, unit] : units) {
    if (!unit.verity_root || !host.verity_state || states.at(name).IsDown() ||
        host.verity_state(*unit.verity_root) != VerityState::kDamaged) {
      continue;
    }
    auto found = whole.find(unit.image_path);
    if (found == whole.end()) {
      found = whole.emplace(unit.image_path, IsWholeNow(unit.image_path)).first;
    }
    if (found->second) {
      out.push_back(name);
    }
  }
  return out;
}

// The services of `units` that have one of `roots`, and their sockets, which would start them.
UnitNames OfRoots(const InstalledUnits& units, const std::set<base::Sha256>& roots) {
  UnitNames out;
  for (const auto& [name, unit] : units) {
    if (unit.verity_root && roots.contains(*unit.verity_root)) {
      out.push_back(name);
      if (const std::string socket = StemOf(name, ".service") + ".socket"; units.contains(socket)) {
        out.push_back(socket);
      }
    }
  }
  return out;
}

// Of what is down: what systemd would start from a device from which nothing of ours runs rightly.
UnitNames DownWithADevice(const Host& host, const InstalledUnits& all, const UnitNames& down) {
  std::set<base::Sha256> roots = VerityRootsOf(Select(all, down));
  std::erase_if(roots, [&](const base::Sha256& root) {
    return !host.verity_state || !host.verity_state(root);
  });
  if (roots.empty()) {
    return {};
  }
  for (const auto& [name, state] : host.systemd.Show(OfRoots(all, roots))) {
    const InstalledUnit& unit = all.at(name);
    if (unit.verity_root && !state.IsDown() && host.systemd.RunsFrom(state, unit.image_path) &&
        host.verity_state(*unit.verity_root) != VerityState::kDamaged) {
      roots.erase(*unit.verity_root);
    }
  }
  UnitNames out;
  for (const std::string& name : OfRoots(all, roots)) {
    if (Contains(down, name)) {
      out.push_back(name);
    }
  }
  return out;
}

// A run that a timer started is not cut off, and keeps the device of its image.
void RequireNoRuns(const Host& host, const InstalledUnits& all,
                   const std::set<base::Sha256>& roots) {
  for (const auto& [name, state] : host.systemd.Show(OfRoots(all, roots))) {
    if (all.at(name).is_scheduled && !state.IsDown() && state.main_pid != 0) {
      base::Fail(base::ExitCode::kFailed,
                 "a run of {0} still uses the device of {1}, so nothing was stopped: once it has "
                 "ended, or after `systemctl stop {0}`, activate again",
                 name, all.at(name).image_path);
    }
  }
}

void RequireGone(const Host& host, const InstalledUnits& units) {
  const std::set<base::Sha256> left = AwaitDevicesGone(host, VerityRootsOf(units));
  for (const auto& [name, unit] : units) {
    if (unit.verity_root && left.contains(*unit.verity_root)) {
      base::Fail(
          base::ExitCode::kFailed,
          "{} was stopped, and something else still uses the device of {}, so it was started "
          "from that again: `lsblk` names the device; end what uses it, and activate again",
          name, unit.image_path);
    }
  }
}

// All that uses a device must be down, and the device gone, before one starts again. Returns what
// was started, also what systemd stopped along.
InstalledUnits RenewDevices(const Host& host, const InstalledUnits& all, const UnitNames& names) {
  if (names.empty()) {
    return {};
  }
  const UnitNames others =
      FindDependents(host.systemd, host.systemd.Show(names), {}, NamesOf(all)).started_again;
  const UnitNames rest = NamesOf(Unscheduled(all)) - names;
  const UnitNames up = rest - DownUnits(host, rest);
  std::optional<base::Error> problem;
  try {
    RequireNoRuns(host, all, VerityRootsOf(Select(all, names)));
    StopUnits(host, names);
    RequireGone(host, Select(all, names));
  } catch (const base::Error& error) {  // the services come back, whatever it is
    problem = error;
  }
  InstalledUnits again = Select(all, names + DownUnitsAfterStop(host, up));
  host.systemd.ResetFailed(NamesOf(again));
  host.systemd.Start(NamesOf(again), Jobs::kAwaitBriefly);
  again.merge(StartOthers(host, others));
  if (problem) {
    throw base::Error(*problem);
  }
  return again;
}

}  // namespace

ToStart FindWhatToStart(const Host& host, const InstalledUnits& all) {
  const InstalledUnits units = Unscheduled(all);
  ToStart out;
  UnitNames have_ended;  // well, and are not run again
  const States states = host.systemd.Show(NamesOf(units));
  for (const auto& [name, state] : states) {
    const bool is_active = state.active == "active" || state.active == "reloading";
    const bool ran = units.at(name).is_oneshot && state.result == "success" &&
                     state.active == "inactive" && !state.invocation_id.empty();
    if (ran || (units.at(name).is_oneshot && is_active && state.sub == "exited")) {
      have_ended.push_back(name);
    } else if (!is_active) {
      (state.IsDown() ? out.down : out.starting).push_back(name);
    }
  }
  UnitNames of_another = RunningFromAnotherImage(host, units);
  of_another = of_another + (OfDamagedDevices(host, units, states) - of_another);
  const UnitNames sharing = OfRoots(units, VerityRootsOf(Select(units, of_another)));
  out.of_another_device = sharing - have_ended;
  out.of_another_image = of_another - sharing;
  out.down = out.down - sharing;
  out.starting = out.starting - sharing;
  return out;
}

UnitNames StartAgain(const Host& host, uint64_t active, const InstalledUnits& all,
                     const ToStart& to_start, Timeout timeout) {
  InstalledUnits watched = Select(all, to_start.All());
  try {
    ProvideUsers(host, active);
    const UnitNames with_device = DownWithADevice(host, all, to_start.down);
    const UnitNames down = to_start.down - with_device;
    host.systemd.ResetFailed(down);
    host.systemd.Start(down, Jobs::kAwaitBriefly);
    RestartInPlace(host, to_start.of_another_image);
    watched.merge(RenewDevices(host, all, with_device + to_start.of_another_device));
    WaitUntilStarted(host, watched, timeout);
    WaitUntilSettled(host, watched);
  } catch (const base::Error& error) {
    throw base::Error(
        base::ExitCode::kNeedsAttention,
        fmt::format("generation {} is active already, but not up: {}", active, error.what()),
        error.detail());
  }
  return NamesOf(watched);
}

}  // namespace activator

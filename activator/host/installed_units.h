// The units of a generation, with the facts that the activator needs about each, and the difference
// between two generations.
#ifndef SLIPWAY_ACTIVATOR_HOST_INSTALLED_UNITS_H_
#define SLIPWAY_ACTIVATOR_HOST_INSTALLED_UNITS_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "activator/os/systemd.h"
#include "images/version/host_layout.h"
#include "units/unit_facts.h"

namespace activator {

struct InstalledUnit : units::UnitFacts {
  std::string text;
};

using InstalledUnits = std::map<std::string, InstalledUnit>;  // by unit name

// "web" of "web.socket" where `suffix` is ".socket"; empty for a unit of another kind.
std::string StemOf(const std::string& unit, std::string_view suffix);

// As they were rendered when the generation was staged. Needs neither the generation's record nor
// its versions: the way back, and the way out of a damaged generation, must not depend on them.
InstalledUnits LoadUnits(const images::HostLayout& layout, uint64_t generation);

// The same of units that are not staged yet.
InstalledUnits UnitsOf(const std::map<std::string, std::string>& texts,
                       const units::FactsByUnit& facts);

struct UnitDifference {
  UnitNames added;
  UnitNames changed;
  UnitNames removed;
  // Services behind a socket that both generations have, where one of the two changed, and such
  // sockets: they are not stopped before the switch but restarted in it, so that the socket is open
  // all the time. Not where the service has a hook before its start: then its socket counts as
  // changed, too.
  UnitNames in_place;
};

UnitDifference Compare(const InstalledUnits& from, const InstalledUnits& to);

// What a switch between them does. A service that its timer starts before and after it is in none.
struct UnitEffects {
  UnitNames started;
  UnitNames restarted;
  UnitNames stopped;
};

UnitEffects EffectsOf(const InstalledUnits& from, const InstalledUnits& to);

// Without the services that their timers start.
InstalledUnits Unscheduled(InstalledUnits units);
// The services that timers start before and after a switch.
UnitNames ScheduledInBoth(const InstalledUnits& from, const InstalledUnits& to);

UnitNames NamesOf(const InstalledUnits& units);
// Those of `units` that `names` lists; a name that is not there is passed over.
InstalledUnits Select(const InstalledUnits& units, const UnitNames& names);
UnitNames operator+(UnitNames a, const UnitNames& b);
UnitNames operator-(UnitNames a, const UnitNames& b);
bool Contains(const UnitNames& units, const std::string& unit);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_HOST_INSTALLED_UNITS_H_

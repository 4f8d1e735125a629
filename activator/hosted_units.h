// The units of a generation with what the activator must know of each, and the difference between
// two generations.
#ifndef SLIPWAY_ACTIVATOR_HOSTED_UNITS_H_
#define SLIPWAY_ACTIVATOR_HOSTED_UNITS_H_

#include <cstdint>
#include <map>
#include <string>

#include "activator/systemd.h"
#include "images/host_layout.h"
#include "images/service.h"

namespace activator {

struct HostedUnit {
  std::string text;
  std::string image_path;  // RootImage=; empty where the unit names none
  bool is_oneshot = false;
  images::Health health;
};

using HostedUnits = std::map<std::string, HostedUnit>;  // by unit name

// As they were rendered when the generation was staged. A version that is gone or damaged costs
// only its health settings: the way back must not depend on more than it needs.
HostedUnits LoadUnits(const images::HostLayout& layout, uint64_t generation);

// What RootImage= of a unit names; empty where it names none.
std::string RootImageOf(const std::string& unit_text);

struct UnitDifference {
  UnitNames added;
  UnitNames changed;
  UnitNames removed;
};

UnitDifference Compare(const HostedUnits& from, const HostedUnits& to);

UnitNames NamesOf(const HostedUnits& units);
// Those of `units` that `names` lists; a name that is not there is passed over.
HostedUnits Select(const HostedUnits& units, const UnitNames& names);
UnitNames operator+(UnitNames a, const UnitNames& b);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_HOSTED_UNITS_H_

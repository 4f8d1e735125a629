// Makes and removes the links /etc/systemd/system/UNIT -> ROOT/current/units/UNIT, durably.
#ifndef SLIPWAY_ACTIVATOR_HOST_UNIT_LINKS_H_
#define SLIPWAY_ACTIVATOR_HOST_UNIT_LINKS_H_

#include <optional>
#include <string>

#include "activator/host/host.h"

namespace activator {

// Makes what is missing; false: all were there. Throws where something that is not ours is in the
// way.
bool EnsureUnitLinks(const Host& host, const UnitNames& units);
// Removes our links among `units`; false: there were none.
bool RemoveUnitLinks(const Host& host, const UnitNames& units);
// Whether systemd has not read one of them, or not as it is now.
bool NeedsReload(const Host& host, const UnitNames& units);
// The units that have a link of ours.
UnitNames LinkedUnits(const Host& host);
// Whether the unit has one.
bool HasOurLink(const Host& host, const std::string& unit);
// The path of what is not ours and stands at the unit's name: in the unit directory, or where it
// would hide what stands there. nullopt: the name is free.
std::optional<std::string> InTheWayOf(const Host& host, const std::string& unit);

// What it is that InTheWayOf found ("a file"), and the command that takes it away.
struct Obstacle {
  std::string what;
  std::string remedy;
};
Obstacle LookAtObstacle(const std::string& path);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_HOST_UNIT_LINKS_H_

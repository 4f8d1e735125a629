// The units of a host that pulls: a timer and its service, which is `activate pull` as root, and a
// socket and its service, which is fetch without privileges. Pure. docs/channels.md says what they
// are for.
#ifndef SLIPWAY_ACTIVATOR_PULL_PULL_UNITS_H_
#define SLIPWAY_ACTIVATOR_PULL_PULL_UNITS_H_

#include <array>
#include <map>
#include <string>

#include "activator/pull/pull_config.h"
#include "images/version/host_layout.h"
#include "units/rendered_unit.h"

namespace activator {

// In the order in which they are removed: the last says which root they serve.
inline constexpr std::array kPullUnits = {units::kPullTimer, units::kFetchSocket, units::kFetchUnit,
                                          units::kPullUnit};

// Name -> text, of kPullUnits.
std::map<std::string, std::string> RenderPullUnits(const images::HostLayout& layout,
                                                   const PullConfig& config, bool has_credentials);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_PULL_PULL_UNITS_H_

// Staging of a whole set of applications; what staging of a change and rebasing share.
#ifndef SLIPWAY_ACTIVATOR_STAGE_APPS_H_
#define SLIPWAY_ACTIVATOR_STAGE_APPS_H_

#include <string>

#include "activator/generation.h"
#include "activator/stage.h"

namespace activator {

// As StageGeneration, with the whole set instead of a change of the active one.
StagedGeneration StageApps(const images::HostLayout& layout, const Apps& apps,
                           const std::string& by);

// The units of such a set, by name. Throws as StageGeneration.
std::map<std::string, std::string> RenderUnits(const images::HostLayout& layout, const Apps& apps);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_STAGE_APPS_H_

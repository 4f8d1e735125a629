// Staging of a whole set of applications; what staging of a change and rebasing share.
#ifndef SLIPWAY_ACTIVATOR_STAGE_STAGE_APPS_H_
#define SLIPWAY_ACTIVATOR_STAGE_STAGE_APPS_H_

#include <map>
#include <string>

#include "activator/stage/stage.h"
#include "activator/state/generation.h"
#include "images/version/image_directory.h"

namespace activator {

// As StageGeneration, with the whole set instead of a change of the active one.
StagedGeneration StageApps(const images::HostLayout& layout, const Apps& apps,
                           const std::string& by);

// Application -> a manifest that is on its way: its version need not be here.
using Coming = std::map<std::string, images::StoredManifest>;
using UnitsByName = std::map<std::string, std::string>;  // their texts

struct Rendered {
  UnitsByName units;
  UnitsByName tasks;  // hooks and checks
};

// Of the whole set. Throws Error{kFailed} where two applications have a unit of the same name.
Rendered RenderUnits(const images::HostLayout& layout, const Apps& apps, const Coming& coming = {});

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_STAGE_STAGE_APPS_H_

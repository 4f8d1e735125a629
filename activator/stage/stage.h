// Stages a new generation on top of the active one: renders its units, durably, and starts
// nothing.
#ifndef SLIPWAY_ACTIVATOR_STAGE_STAGE_H_
#define SLIPWAY_ACTIVATOR_STAGE_STAGE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "activator/state/generation.h"
#include "base/digest.h"
#include "images/version/host_layout.h"
#include "images/version/image_directory.h"
#include "units/unit_facts.h"

namespace activator {

struct StagedGeneration {
  uint64_t number = 0;
  bool created = false;  // false: the active or an already staged generation is exactly this one
  bool active = false;   // it is the active one: nothing is left to activate
  std::vector<std::string> notes{};  // for whoever pushed
};

// `changes`: application -> digest of the manifest of a complete version under `layout`. The caller
// holds the host's lock (images::HostLayout::Lock). `by` is who ("root from 10.0.0.1"), for the
// record. Throws Error{kFailed} where two applications would have a unit of the same name.
StagedGeneration StageGeneration(const images::HostLayout& layout,
                                 const std::map<std::string, base::Sha256>& changes,
                                 const std::string& by);

// What staging of a change and rebasing share.
// As StageGeneration, with the whole set instead of a change of the active one.
StagedGeneration StageApps(const images::HostLayout& layout, const Apps& apps,
                           const std::string& by);

// Application -> a manifest that is on its way: its version need not be here.
using PendingManifests = std::map<std::string, images::StoredManifest>;
using UnitsByName = std::map<std::string, std::string>;  // their texts

struct Rendered {
  UnitsByName units;
  UnitsByName tasks;  // hooks and checks
  units::FactsByUnit facts;
  std::optional<images::SecretForm> secrets;  // how the host keeps them; nullopt: none is named
};

// Of the whole set. Throws Error{kFailed} where two applications have a unit of the same name.
Rendered RenderUnits(const images::HostLayout& layout, const Apps& apps,
                     const PendingManifests& coming = {});

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_STAGE_STAGE_H_

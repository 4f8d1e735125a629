// What the activator must know of a unit beside its text. Made of the manifest when the unit is
// rendered, and kept with it as units.json (docs/formats/generation.md): nobody reads it back out
// of the text, and it does not go with the version's directory.
#ifndef SLIPWAY_UNITS_UNIT_FACTS_H_
#define SLIPWAY_UNITS_UNIT_FACTS_H_

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "images/service/service.h"
#include "images/version/image_directory.h"
#include "units/auxiliary_units.h"

namespace units {

struct UnitFacts {
  std::string image_path;                   // RootImage=; empty where the unit names none
  std::optional<base::Sha256> verity_root;  // RootHash=
  bool is_oneshot = false;
  bool is_scheduled = false;        // a service that its timer starts, and no switch
  std::vector<std::string> listen;  // of a socket: its addresses
  images::Health health;            // its URL is whole
  // Of a service: its directives that say how it is stopped; nullopt: not known.
  std::optional<std::map<std::string, std::string>> stop;
  // The tasks that it has, and how long each may take.
  std::map<AuxiliaryUnit, std::chrono::seconds> task_limits;
  bool operator==(const UnitFacts&) const = default;
};

using FactsByUnit = std::map<std::string, UnitFacts>;  // by unit name

// Of the units that Render makes of the same.
FactsByUnit FactsOf(const images::StoredManifest& stored, const std::string& version_path);

std::string Serialize(const FactsByUnit& facts);
// Throws Error{kVerification}, and Error{kFailed} for a format that only a newer version knows.
FactsByUnit ParseFacts(const std::string& text, const std::string& name_of_file);

}  // namespace units

#endif  // SLIPWAY_UNITS_UNIT_FACTS_H_

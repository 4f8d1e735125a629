// One generation: the host's whole set of applications, as generation.json holds it. The authority
// on the format is docs/formats/generation.md.
#ifndef SLIPWAY_ACTIVATOR_STATE_GENERATION_H_
#define SLIPWAY_ACTIVATOR_STATE_GENERATION_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/digest.h"

namespace activator {

inline constexpr uint64_t kGenerationFormat = 1;
inline constexpr uint64_t kNoGeneration = 0;  // numbers start at 1

enum class GenerationState {
  kStaged,      // complete, never tried; `reason`: what the checks found
  kActivating,  // a switch to it is in progress or was cut off
  kActive,      // the one that `current` names
  kSuperseded,  // was active, another one came after it
  kFailed,      // neither it nor the one before came up
  kRolledBack,  // left again, because it was not healthy or somebody asked for it
};

const char* ToText(GenerationState state);

using Apps = std::map<std::string, base::Sha256>;  // application -> digest of its manifest

struct Change {
  std::optional<base::Sha256> from;  // nullopt: the application is new
  std::optional<base::Sha256> to;    // nullopt: it goes
  bool operator==(const Change&) const = default;
};

using Changes = std::map<std::string, Change>;

struct Generation {
  uint64_t number = kNoGeneration;
  uint64_t parent = kNoGeneration;  // the active one when this was staged
  Changes changes;                  // against the parent
  std::string created;              // ISO 8601, UTC
  std::string by;
  Apps apps;
  GenerationState state = GenerationState::kStaged;
  std::string reason;  // of the state, for people; empty where there is nothing to say
  // The history's sequence number of the last time that it was found healthy; 0: never. What
  // --rollback goes by.
  uint64_t healthy_sequence = 0;
  bool pinned = false;  // never pruned

  std::string Serialize() const;
  static Generation Parse(const std::string& text, const std::string& name_of_file);
  bool operator==(const Generation&) const = default;
};

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_STATE_GENERATION_H_

// A host's answer to a plan: the changes and the room that staging the offered images would take.
// It may be longer than a message, so it travels as blobs after its length.
#ifndef SLIPWAY_PUSHER_PROTOCOL_PLANNED_H_
#define SLIPWAY_PUSHER_PROTOCOL_PLANNED_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "images/version/package_changes.h"
#include "pusher/protocol/wire.h"

namespace pusher {

inline constexpr uint64_t kMaxPlannedBytes = uint64_t{8} << 20;
// Left free on a host beside its images: directories, manifests, the generation.
inline constexpr uint64_t kHeadroomBytes = uint64_t{4} << 20;

// An offered image beside the version of its name in the active generation.
struct PlannedChange {
  std::string name;
  std::string old_id;  // empty: there is none
  std::string old_version;
  std::vector<images::PackageChange> packages;  // without their sizes; empty where old_id is
  bool operator==(const PlannedChange&) const = default;
};

struct Planned {
  uint64_t free_bytes = 0;
  uint64_t needed_bytes = 0;          // of those, by the push
  bool fits = true;                   // with what a host keeps free beside
  std::vector<std::string> start;     // units that activating it starts, being new,
  std::vector<std::string> restart;   // restarts
  std::vector<std::string> stop;      // and stops, being gone
  std::vector<PlannedChange> images;  // as offered
  std::vector<std::string> problems;  // for which activating it would be refused
  bool operator==(const Planned&) const = default;

  std::string Serialize() const;
  // All text is printable. Throws Error{kFailed} for what is no plan.
  static Planned Parse(std::string_view text, const std::string& peer);
};

void SendPlanned(Wire& wire, const Planned& planned);
Planned ReceivePlanned(Wire& wire);

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_PROTOCOL_PLANNED_H_

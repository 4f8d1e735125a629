// prune.json: what is about to be deleted from a store. Only ever replaced by compare and swap. The
// protocol between publishers and pruners, and why it holds, is in docs/formats/channel.md.
#ifndef SLIPWAY_IMAGES_CHANNEL_PRUNE_RECORD_H_
#define SLIPWAY_IMAGES_CHANNEL_PRUNE_RECORD_H_

#include <map>
#include <optional>
#include <set>
#include <string>

#include "images/channel/channel_types.h"

namespace images {

inline constexpr size_t kMaxPruneBytes = size_t{32} << 20;
inline constexpr size_t kMaxDoomed = 100'000;   // the rest becomes doomed in a later run
inline constexpr size_t kMaxDeleting = 10'000;  // likewise

// Who deletes now. Nobody else may.
struct Deletion {
  std::string run;  // 16 random hexadecimal digits: tells the writer whether it is its own
  TimePoint since;
  std::set<std::string> keys;  // at least one
  bool operator==(const Deletion&) const = default;
};

struct PruneRecord {
  std::map<std::string, TimePoint> doomed;  // key -> since when no head names it
  std::optional<Deletion> deletion{};
  bool operator==(const PruneRecord&) const = default;

  std::string Serialize() const;
  // Throws Error{kVerification} for whatever Serialize() does not write. `where` begins the
  // message.
  static PruneRecord Parse(const std::string& text, const std::string& where);
};

// Whether a key is of a kind that is ever pruned: copies of heads, images, deltas, programs.
bool IsPrunable(const std::string& key);

}  // namespace images

#endif  // SLIPWAY_IMAGES_CHANNEL_PRUNE_RECORD_H_

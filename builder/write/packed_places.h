// Where each content stands in the packed inode: a hash table of a third of the memory that the
// standard's takes, for a million files.
#ifndef SLIPWAY_BUILDER_WRITE_PACKED_PLACES_H_
#define SLIPWAY_BUILDER_WRITE_PACKED_PLACES_H_

#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "base/keyed_hash.h"

namespace builder {

class PackedPlaces {
 public:
  // For at most `most` contents.
  explicit PackedPlaces(size_t most) : places_(most + most / 3 + 1) {}

  // The offset that this content was put under; `offset` where it was not yet, and is now.
  uint64_t PutIfNew(const base::KeyedHash::Value& hash, uint64_t offset) {
    uint64_t start = 0;
    std::memcpy(&start, hash.data(), sizeof start);
    for (size_t at = start % places_.size();; at = (at + 1) % places_.size()) {
      Place& place = places_[at];
      if (place.offset == kNone) {
        place = {hash, offset};
      }
      if (place.hash == hash) {
        return place.offset;
      }
    }
  }

 private:
  static constexpr uint64_t kNone = std::numeric_limits<uint64_t>::max();
  struct Place {
    base::KeyedHash::Value hash{};
    uint64_t offset = kNone;
  };

  std::vector<Place> places_;
};

}  // namespace builder

#endif  // SLIPWAY_BUILDER_WRITE_PACKED_PLACES_H_

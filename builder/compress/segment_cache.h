// Remembers the chunks of the segments of earlier builds, in memory.
#ifndef SLIPWAY_BUILDER_COMPRESS_SEGMENT_CACHE_H_
#define SLIPWAY_BUILDER_COMPRESS_SEGMENT_CACHE_H_

#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/digest.h"
#include "builder/compress/cache_entry.h"

namespace builder {

// Threads may use one object at once.
class SegmentCache {
 public:
  void Load(std::vector<KnownSegment> segments);
  std::optional<KnownSegment> Find(const base::Sha256& key);
  // In the place of what was under its key.
  void Put(KnownSegment segment);
  // Whether there was a Put.
  bool changed() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return changed_;
  }
  // All; those first that were put or found.
  std::vector<KnownSegment> LastUsedFirst() const;

 private:
  struct Entry {
    KnownSegment segment;
    bool used = false;
  };

  mutable std::mutex mutex_;
  std::vector<Entry> entries_;                      // under mutex_
  std::unordered_map<base::Sha256, size_t> place_;  // of each key in entries_; under mutex_
  bool changed_ = false;                            // under mutex_
};

}  // namespace builder

#endif  // SLIPWAY_BUILDER_COMPRESS_SEGMENT_CACHE_H_

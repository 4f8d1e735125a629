#include "builder/compress/segment_cache.h"

#include <utility>

namespace builder {

void SegmentCache::Load(std::vector<KnownSegment> segments) {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (KnownSegment& segment : segments) {
    if (place_.emplace(segment.key, entries_.size()).second) {
      entries_.push_back({std::move(segment), false});
    }
  }
}

std::optional<KnownSegment> SegmentCache::Find(const base::Sha256& key) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto place = place_.find(key);
  if (place == place_.end()) {
    return std::nullopt;
  }
  Entry& entry = entries_[place->second];
  entry.used = true;
  return entry.segment;
}

void SegmentCache::Put(KnownSegment segment) {
  const std::lock_guard<std::mutex> lock(mutex_);
  changed_ = true;
  const auto [place, is_new] = place_.emplace(segment.key, entries_.size());
  if (is_new) {
    entries_.emplace_back();
  }
  entries_[place->second] = {std::move(segment), true};
}

std::vector<KnownSegment> SegmentCache::LastUsedFirst() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<KnownSegment> out;
  for (const bool used : {true, false}) {
    for (const Entry& entry : entries_) {
      if (entry.used == used) {
        out.push_back(entry.segment);
      }
    }
  }
  return out;
}

}  // namespace builder

// Reads the content of held versions, which deltas refer to. Several threads may ask.
#ifndef SLIPWAY_ACTIVATOR_RECEIVE_BASE_CONTENT_H_
#define SLIPWAY_ACTIVATOR_RECEIVE_BASE_CONTENT_H_

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "activator/state/held_versions.h"
#include "images/version/content_cache.h"

namespace activator {

class BaseContent {
 public:
  static constexpr uint64_t kKeptBytes = 8 << 20;

  // `versions`: what a Reference's number counts; must outlive the object.
  explicit BaseContent(const std::vector<HeldVersion>& versions) : versions_(versions) {}

  // Of entry number `entry` of the version's index; null where it is not here or damaged.
  images::ContentCache::Content Get(uint64_t version, uint64_t entry);

 private:
  const images::ChunkReader* VersionOf(uint64_t number);

  const std::vector<HeldVersion>& versions_;
  std::mutex mutex_;
  std::map<uint64_t, std::unique_ptr<const images::ChunkReader>> open_;  // null: cannot be read
  images::ContentCache cache_{kKeptBytes};
};

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_RECEIVE_BASE_CONTENT_H_

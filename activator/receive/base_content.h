// The content of the held version that an image's deltas refer to. Several threads may ask.
#ifndef SLIPWAY_ACTIVATOR_RECEIVE_BASE_CONTENT_H_
#define SLIPWAY_ACTIVATOR_RECEIVE_BASE_CONTENT_H_

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include "images/version/chunk_reader.h"
#include "images/version/content_cache.h"

namespace activator {

class BaseContent {
 public:
  static constexpr uint64_t kKeptBytes = 8 << 20;

  // `version`: its path. Opened when it is first asked for.
  explicit BaseContent(std::string version) : version_(std::move(version)) {}

  // Of entry number `entry` of the version's index; null where it is not here or damaged.
  images::ContentCache::Content Get(uint64_t entry);

 private:
  void Open();

  const std::string version_;
  std::once_flag opened_;
  std::optional<images::ChunkReader> reader_;  // nullopt: cannot be read
  images::ContentCache cache_{kKeptBytes};
};

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_RECEIVE_BASE_CONTENT_H_

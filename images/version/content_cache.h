// Decodes the content of images' chunks, and keeps the latest: neighbouring deltas refer to the
// same content.
#ifndef SLIPWAY_IMAGES_VERSION_CONTENT_CACHE_H_
#define SLIPWAY_IMAGES_VERSION_CONTENT_CACHE_H_

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "images/version/chunk_reader.h"

namespace images {

// Several threads may ask.
class ContentCache {
 public:
  using Content = std::shared_ptr<const chunker::ChunkContent>;

  explicit ContentCache(uint64_t max_bytes) : max_bytes_(max_bytes) {}

  // ReadContent(), also in what it throws. `reader` must outlive the object.
  Content Get(const ChunkReader& reader, const chunker::Chunk& chunk);
  // Whoever asks then reads again.
  void Clear();

 private:
  using Key = std::pair<const ChunkReader*, uint64_t>;  // and where the chunk begins
  struct RetainedGenerations {
    Key key;
    Content content;
  };

  Content Find(const Key& key);
  void Keep(const Key& key, const Content& content);

  const uint64_t max_bytes_;
  std::mutex mutex_;                     // for all that follows
  std::list<RetainedGenerations> kept_;  // the latest first
  std::map<Key, std::list<RetainedGenerations>::iterator> kept_at_;
  uint64_t kept_bytes_ = 0;
};

}  // namespace images

#endif  // SLIPWAY_IMAGES_VERSION_CONTENT_CACHE_H_

// Caches the chunks of earlier builds, so that only changed content is compressed again. Each entry
// is a file named by everything that the chunk depends on; its content enters the name as a hash
// under a key that stays in the folder. One more file lists the chunks of segments
// (cached_compressor.h). Nothing in the folder is trusted: digests reveal an entry that is torn,
// damaged or foreign, and it then counts as missing. The least recently used entries go first.
//
// Several threads may use one object, and several processes one folder.
#ifndef SLIPWAY_BUILDER_COMPRESS_CHUNK_CACHE_H_
#define SLIPWAY_BUILDER_COMPRESS_CHUNK_CACHE_H_

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include "base/file.h"
#include "base/io.h"
#include "base/keyed_hash.h"
#include "builder/compress/segment_cache.h"
#include "builder/compress/stored_chunk.h"
#include "images/version/manifest.h"

namespace builder {

inline constexpr uint64_t kDefaultCacheBytes = 2'000'000'000;

// $XDG_CACHE_HOME/slipway/chunks, or that in ~/.cache. nullopt where neither is said.
std::optional<std::string> DefaultCacheFolder();

class ChunkCache {
 public:
  // Makes the folder. Never throws for what the folder is like: where it cannot be used there is
  // one warning on `io`, and everything goes on without it.
  ChunkCache(std::string folder, uint64_t limit_bytes, const base::Io& io);
  // Keeps what is known of segments, and trims the folder to its limit.
  ~ChunkCache();
  ChunkCache(const ChunkCache&) = delete;
  ChunkCache& operator=(const ChunkCache&) = delete;

  // Of all that the chunk depends on.
  base::Sha256 KeyOf(const ChunkInput& input, const images::Codec& codec) const;
  // The entry's chunk, verified; nullopt where there is none.
  std::optional<StoredChunk> Find(const base::Sha256& key);
  void Store(const base::Sha256& key, const StoredChunk& chunk);

  // Of all that a segment which begins with `head` depends on; `way` says how it is split.
  base::Sha256 SegmentKeyOf(base::Bytes head, const std::string& way,
                            const images::Codec& codec) const;
  base::KeyedHash::Value ContentHash(base::Bytes content) const {
    return content_hash_.Of(content);
  }
  SegmentCache& segments() { return segments_; }

 private:
  std::string Secret();
  std::string PathOf(const base::Sha256& key) const;
  std::string SegmentsPath() const;
  void LoadSegments();
  void StoreSegments();
  void Trim();
  void GiveUp(const base::Error& why);

  const std::string folder_;
  const uint64_t limit_bytes_;
  const base::Io io_;
  std::atomic<bool> usable_ = true;
  const base::KeyedHash content_hash_;
  SegmentCache segments_;
  std::mutex mutex_;
  uint64_t stored_bytes_ = 0;  // since the last Trim; under mutex_
};

}  // namespace builder

#endif  // SLIPWAY_BUILDER_COMPRESS_CHUNK_CACHE_H_

// Builds the deltas of one image against one old version, each once for all hosts that need it.
#ifndef SLIPWAY_PUSHER_DELTA_DELTA_CACHE_H_
#define SLIPWAY_PUSHER_DELTA_DELTA_CACHE_H_

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "images/version/chunk_reader.h"
#include "images/version/content_cache.h"
#include "images/version/image_directory.h"
#include "pusher/delta/delta_plan.h"
#include "pusher/delta/encoder_pool.h"
#include "pusher/delta/spill_file.h"
#include "pusher/protocol/chunk_list.h"
#include "pusher/protocol/delta_message.h"

namespace pusher {

// Missing chunks that are neighbours: [first, first + count).
struct ChunkGroup {
  size_t first = 0;
  size_t count = 0;
  auto operator<=>(const ChunkGroup&) const = default;
};

class DeltaCache {
 public:
  // All must outlive the object. Reads what is gone of `old`, or fails where `stop` becomes true.
  // `spill`: null where no other host will want the same, then nothing is kept.
  DeltaCache(const images::ChunkReader& image, const images::Codec& codec, const ChunkList& chunks,
             const images::ImageDirectory& old, EncoderPool& encoders, SpillFile* spill,
             const Stop& stop);

  // The missing chunks from `number` on, or behind it, that it pays to send together; moves
  // `number` behind them. nullopt: nothing more is missing.
  std::optional<ChunkGroup> NextGroup(size_t& number, const std::vector<bool>& missing);
  // Its delta as it travels (DeltaMessage); nullopt where that is no smaller than the chunks, or
  // the old version is damaged there. Where another thread is at it, makes one of those that come
  // later among `missing` meanwhile.
  std::optional<std::vector<uint8_t>> Make(const ChunkGroup& group,
                                           const std::vector<bool>& missing);
  // Makes and keeps what a host will want that holds the old version and nothing else, one after
  // the other, until `stop` is true: the login needs the other core. Needs `spill`.
  void MakeAhead(const Stop& stop);
  // How the old version turned out to be damaged while deltas were made; empty: it did not.
  std::string trouble() const;
  // Frees what is kept for deltas that come next.
  void Rest() { cache_.Clear(); }

 private:
  struct Made {
    bool done = false;
    bool kept = false;
    std::optional<SpillFile::Place> place;  // nullopt: it does not pay
  };

  struct BaseContent {
    std::vector<uint8_t> bytes;
    std::vector<OldEntry> entries;
  };

  size_t ContentBytesOf(size_t number);
  std::optional<ChunkGroup> NextNotBegun(const ChunkGroup& after, const std::vector<bool>& missing);
  std::optional<Made> MadeBefore(const ChunkGroup& group);
  void WaitFor(const ChunkGroup& group);
  bool Begin(const ChunkGroup& group);
  void MakeAndKeep(const ChunkGroup& group);
  std::vector<uint8_t> ContentOf(const ChunkGroup& group, std::vector<ChunkRecipe>& recipes);
  BaseContent OldFor(const ChunkGroup& group, std::span<const uint8_t> content,
                     const std::vector<ChunkRecipe>& chunks);
  std::optional<std::vector<uint8_t>> Encode(const ChunkGroup& group);

  const images::ChunkReader& image_;
  const images::Codec& codec_;  // of that
  const ChunkList& chunks_;
  const images::ChunkReader old_;
  images::ContentCache cache_;  // of both images
  ReferenceFinder finder_;
  EncoderPool& encoders_;
  SpillFile* const spill_;
  std::vector<std::atomic<uint32_t>> content_bytes_;  // per chunk; 0: not known yet
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<ChunkGroup, Made> made_;
  std::string trouble_;
};

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_DELTA_DELTA_CACHE_H_

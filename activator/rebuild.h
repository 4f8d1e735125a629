// Makes chunks of an image again from deltas: the old content that a delta refers to is read from
// the versions that are here, the content decoded and compressed as the image's codec says. What
// comes out is right or not, which its digest tells: nothing here is trusted.
#ifndef SLIPWAY_ACTIVATOR_REBUILD_H_
#define SLIPWAY_ACTIVATOR_REBUILD_H_

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "activator/chunk_store.h"
#include "chunker/frame_encoder.h"
#include "images/chunk_reader.h"
#include "pusher/delta_message.h"

namespace activator {

class Rebuilder {
 public:
  // `versions`: what a Reference's number counts; must outlive the object. Null where this program
  // does not have the codec in that version, or it takes more memory than a host should give.
  static std::unique_ptr<Rebuilder> Make(const chunker::Codec& codec,
                                         const std::vector<HeldImage>& versions);

  // Calls `use` with each chunk of the message and its place in it; not at all where what it refers
  // to is not here or is damaged, or the delta is none.
  using Use = std::function<void(size_t place, const std::vector<uint8_t>& chunk)>;
  void Rebuild(const pusher::DeltaMessage& message, const Use& use);

 private:
  Rebuilder(std::unique_ptr<chunker::FrameEncoder> encoder, const std::vector<HeldImage>& versions);

  using Key = std::pair<uint64_t, uint64_t>;  // version, entry
  struct Kept {
    Key key;
    std::vector<uint8_t> content;
  };

  const images::ChunkReader* VersionOf(uint64_t number);
  const std::vector<uint8_t>& ContentOf(const images::ChunkReader& version, const Key& key);
  std::optional<std::vector<uint8_t>> PrefixOf(const pusher::DeltaMessage& message);
  std::optional<std::vector<uint8_t>> FrameOf(std::span<const uint8_t> content,
                                              const pusher::ChunkRecipe& recipe);

  const std::unique_ptr<chunker::FrameEncoder> encoder_;
  const std::vector<HeldImage>& versions_;
  std::map<uint64_t, std::unique_ptr<images::ChunkReader>> open_;  // null: cannot be read
  std::list<Kept> kept_;  // decoded lately, the latest first
  std::map<Key, std::list<Kept>::iterator> kept_at_;
  uint64_t kept_bytes_ = 0;
};

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_REBUILD_H_

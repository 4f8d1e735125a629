// The work that pushes of one image to several hosts share: the image is opened once, its texts are
// packed once for each version that they refer to, and each delta is built once.
#ifndef SLIPWAY_PUSHER_DELTA_IMAGE_SEND_STATE_H_
#define SLIPWAY_PUSHER_DELTA_IMAGE_SEND_STATE_H_

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "images/version/chunk_reader.h"
#include "images/version/image_directory.h"
#include "pusher/delta/delta_cache.h"
#include "pusher/delta/encoder_pool.h"
#include "pusher/delta/spill_file.h"
#include "pusher/protocol/chunk_list.h"
#include "pusher/protocol/image_metadata.h"

namespace pusher {

// Values made once, by the first who asks; the others wait for them. Where making one fails, the
// next who asks tries again.
template <typename Value>
class OnceCache {
 public:
  std::shared_ptr<Value> Get(const std::string& key,
                             const std::function<std::shared_ptr<Value>()>& make) {
    std::shared_ptr<Slot> slot;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      std::shared_ptr<Slot>& found = slots_[key];
      found = found == nullptr ? std::make_shared<Slot>() : found;
      slot = found;
    }
    const std::lock_guard<std::mutex> lock(slot->mutex);
    if (slot->value == nullptr) {
      slot->value = make();
    }
    return slot->value;
  }

 private:
  struct Slot {
    std::mutex mutex;
    std::shared_ptr<Value> value;
  };
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Slot>> slots_;
};

// Level 12 is 1.5% less for a third more CPU, level 19 another 6% for six times that (nginx's
// security update).
inline constexpr int kDeltaLevel = 9;

class ImageSendState {
 public:
  // `encoders` and `spill` must outlive the object.
  ImageSendState(const images::ImageDirectory& image, EncoderPool& encoders, SpillFile* spill);

  const ChunkList& chunks() const { return chunks_; }
  // A chunk as it stands in the image, verified for the first host alone: hosts verify it, too.
  std::vector<uint8_t> ReadChunk(size_t number) const;
  // `old`: null for none.
  std::shared_ptr<const PackedMetadata> Metadata(const images::ImageDirectory* old);
  // Fails where `stop` becomes true before it has read the old version.
  std::shared_ptr<DeltaCache> DeltasAgainst(const images::ImageDirectory& old,
                                            const Stop& stop = Never);

  // Makes both, and keeps all deltas that a host of `old` will want, until `stop` becomes true or
  // it is learned that hosts have something else.
  void MakeAhead(const images::ImageDirectory& old, const Stop& stop);
  // What a host holds that helps; null: nothing, or the image itself.
  void Learn(const images::ImageDirectory* old);

 private:
  bool IsUnwanted(const images::ImageDirectory& old);

  const images::ImageDirectory image_;
  const images::ChunkReader reader_;
  const ChunkList chunks_;
  mutable std::vector<std::atomic<bool>> verified_;  // by chunk
  EncoderPool& encoders_;
  SpillFile* const spill_;
  OnceCache<const PackedMetadata> texts_;
  OnceCache<DeltaCache> deltas_;
  std::mutex mutex_;
  std::optional<std::string> learned_;  // the path, empty for null
};

// All threads may use it at once.
class SendCache {
 public:
  // `keep`: what was made will be asked for again, by a host of several, or after a guess or a
  // plan.
  explicit SendCache(bool keep) : keep_(keep) {}

  std::shared_ptr<ImageSendState> Of(const images::ImageDirectory& image);
  // Why not all that was made could be kept; empty: it was.
  std::string trouble_keeping() const { return spill_.trouble(); }

 private:
  const bool keep_;
  EncoderPool encoders_{kDeltaLevel};
  SpillFile spill_;
  OnceCache<ImageSendState> images_;
};

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_DELTA_IMAGE_SEND_STATE_H_

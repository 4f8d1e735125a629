// Finds the old content that each missing chunk resembles, as the base of its delta. Only the
// sender decides; a bad choice costs bytes, never correctness.
#ifndef SLIPWAY_PUSHER_DELTA_DELTA_PLAN_H_
#define SLIPWAY_PUSHER_DELTA_DELTA_PLAN_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "chunker/sketch.h"
#include "images/version/chunk_reader.h"
#include "images/version/content_cache.h"
#include "pusher/protocol/chunk_list.h"

namespace pusher {

// Whether what is being made is no longer wanted. Any thread may ask.
using Stop = std::function<bool()>;
inline bool Never() { return false; }

// Neighbouring chunks of the old image: entries [first, first + count) of its index.
struct ReferenceSlice {
  size_t first = 0;
  size_t count = 0;
  bool operator==(const ReferenceSlice&) const = default;
};

// The old image as references.
class ReferenceFinder {
 public:
  // Reads and decodes what new content may resemble, or fails where `stop` becomes true before.
  // `cache`: for what stands around a place. All must outlive the object.
  ReferenceFinder(const images::ChunkReader& old_image, const ChunkList& new_chunks,
                  images::ContentCache& cache, const Stop& stop);

  // For the new image's chunks [first, first + contents.size()), whose content that is: the old
  // content at the same place (between the nearest chunks that both images have), and the most
  // similar from anywhere, of what the new image no longer has or, where it has much more, of all.
  // Throws where the old image is damaged. The slices do not overlap; the closest one is the last.
  std::vector<ReferenceSlice> Find(size_t first,
                                   std::span<const std::span<const uint8_t>> contents);

 private:
  struct Place {
    uint64_t begin = 0;  // in the old image
    uint64_t end = 0;
  };

  void Align(const ChunkList& new_chunks);
  std::vector<size_t> EntriesLikeNewOnes(const ChunkList& new_chunks) const;
  void AddSketches(const std::vector<size_t>& entries, const Stop& stop);
  uint64_t ContentBytesOf(size_t entry);
  uint64_t ContentBytesOf(const ReferenceSlice& slice);
  Place PlaceOf(size_t first, size_t count) const;
  ReferenceSlice SliceAround(const Place& place);

  const images::ChunkReader& old_;
  images::ContentCache& cache_;
  std::vector<std::atomic<uint32_t>> content_bytes_;  // per old entry; 0: not known yet
  std::vector<size_t> anchors_;  // per new chunk: the old entry that is the same, or kNone
  // One more than there are new chunks of each: bytes of the image before a chunk, to scale places
  // by; the first chunk after the nearest anchor before it; the nearest anchor from it on.
  std::vector<uint64_t> new_offsets_;
  std::vector<size_t> after_anchor_;
  std::vector<size_t> next_anchor_;
  chunker::SketchIndex sketches_;
};

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_DELTA_DELTA_PLAN_H_

// Content-defined cut points: FastCDC with normalised chunking (Xia et al., "FastCDC: a Fast and
// Efficient Content-Defined Chunking Approach for Data Deduplication", USENIX ATC 2016) over a gear
// hash of the last 64 bytes. Pure: bytes in, lengths out. Equal bytes give equal cuts, everywhere
// and for ever: the gear table and the masks are part of the image format (docs/formats/erofs.md).
#ifndef SLIPWAY_CHUNKER_CUT_H_
#define SLIPWAY_CHUNKER_CUT_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace chunker {

using GearTable = std::array<uint64_t, 256>;

// The table of the format: splitmix64 from a fixed seed.
const GearTable& DefaultGear();

struct CutSizes {
  uint32_t min_bytes = 0;      // at least 64, the hash's window
  uint32_t average_bytes = 0;  // a power of two
  uint32_t max_bytes = 0;

  // A quarter of the average at least, four times at most, never more than `limit_bytes`.
  static CutSizes Around(uint32_t average_bytes, uint32_t limit_bytes);
};

// Of the image format, as the codecs' cut sizes are (chunker/codec_table.h). A chunk may end up to
// 128 KiB after its regular cut (zstd), grows by a block where it does not shrink, and must stay
// within 1 MiB. A read decodes all that is before it in its chunk.
inline constexpr uint32_t kLongestCutBytes = (1 << 20) - (128 << 10);

class CutFinder {
 public:
  // `gear` must outlive the object; tests inject tables that make every cut predictable.
  explicit CutFinder(CutSizes sizes, const GearTable& gear = DefaultGear());

  const CutSizes& sizes() const { return sizes_; }
  // The length of the first chunk of `data`: all of it when it is no longer than the minimum.
  size_t FirstCut(std::span<const uint8_t> data) const;
  // The next place after `from` that content defines on a finer scale (about 2 KiB apart), at most
  // 8 KiB further: an alternative end for a chunk whose first cut is at or before `from`, which is
  // at most data.size().
  size_t NextCandidate(std::span<const uint8_t> data, size_t from) const;

 private:
  CutSizes sizes_;
  const GearTable& gear_;
  uint64_t strict_mask_;
  uint64_t loose_mask_;
};

// The last place up to `last`, at most data.size(), that content defines on the finest scale (about
// 256 bytes apart); `last` itself where there is none within 2 KiB.
size_t LastFineCut(std::span<const uint8_t> data, size_t last);

}  // namespace chunker

#endif  // SLIPWAY_CHUNKER_CUT_H_

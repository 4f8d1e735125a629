// Compresses content as a zstd frame, with content that the receiver has as its prefix.
#ifndef SLIPWAY_CHUNKER_DELTA_H_
#define SLIPWAY_CHUNKER_DELTA_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace chunker {

// Of prefix and content together: what the decoder needs in memory.
inline constexpr size_t kMaxDeltaWindowBytes = 8 << 20;

// One per thread: keeps its working memory.
class DeltaEncoder {
 public:
  explicit DeltaEncoder(int level);
  ~DeltaEncoder();
  DeltaEncoder(const DeltaEncoder&) = delete;
  DeltaEncoder& operator=(const DeltaEncoder&) = delete;

  // `prefix` and `content` together have at most kMaxDeltaWindowBytes.
  std::vector<uint8_t> Encode(std::span<const uint8_t> content, std::span<const uint8_t> prefix);

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

// Exactly `content_bytes` of content; nullopt where `delta` is not that.
std::optional<std::vector<uint8_t>> DecodeDelta(std::span<const uint8_t> delta,
                                                std::span<const uint8_t> prefix,
                                                size_t content_bytes);

}  // namespace chunker

#endif  // SLIPWAY_CHUNKER_DELTA_H_

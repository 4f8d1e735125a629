#include "chunker/lz4_codec.h"

#include <gtest/gtest.h>

#include "chunker/codec_table.h"
#include "chunker/cut.h"
#include "tests/chunker/samples.h"
#include "tests/support/random_bytes.h"

namespace chunker {
namespace {

using Bytes = std::vector<uint8_t>;

struct Encoded {
  Bytes frame;
  size_t end = 0;
  size_t Blocks() const { return AlignedToBlocks(frame).size() / kBlockBytes; }
};

Encoded Encode(const Bytes& content) {
  Encoded out;
  out.frame = MakeFrameEncoder(CodecFor("lz4", 9))
                  ->EncodeUpToBest(content, std::vector<size_t>{content.size()}, out.end);
  return out;
}

TEST(Lz4Codec, FillsItsBlocksUpToAPlaceThatContentDefines) {
  const Bytes content = Words(1, 600'000);
  const Encoded chunk = Encode(content);
  EXPECT_LT(chunk.end, content.size());
  EXPECT_EQ(chunk.Blocks(), 17U);
  EXPECT_LT(WasteOf(chunk.frame.size()), 1000U);
  EXPECT_EQ(LastFineCut(content, chunk.end), chunk.end);
  EXPECT_NE(LastFineCut(content, chunk.end - 1), chunk.end);
}

TEST(Lz4Codec, TakesAllOfContentThatNeedsLittleMore) {
  const Bytes content = Words(1, 600'000);
  const size_t filled = Encode(content).end;
  const Bytes little_more(content.begin(), content.begin() + static_cast<ptrdiff_t>(filled) + 8192);
  const Encoded chunk = Encode(little_more);
  EXPECT_EQ(chunk.end, little_more.size());
  EXPECT_GT(chunk.Blocks(), 17U);
  EXPECT_LE(chunk.Blocks(), 20U);
}

// Also where it does not shrink.
TEST(Lz4Codec, LeavesNoRestTooShortForAChunk) {
  for (size_t size = 60'000; size < 110'000; size += 911) {
    SCOPED_TRACE(size);
    for (const Bytes& content : {tests::RandomBytes(size, size), Words(size, 3 * size)}) {
      const Encoded chunk = Encode(content);
      EXPECT_TRUE(chunk.end == content.size() || chunk.end + (16 << 10) <= content.size());
      EXPECT_LE(chunk.Blocks(), 20U);
    }
  }
}

// What the other side of a push makes of the same content.
TEST(Lz4Codec, AFrameDependsOnItsContentAlone) {
  const Bytes content = Words(2, 600'000);
  const Encoded chunk = Encode(content);
  EXPECT_EQ(MakeFrameEncoder(CodecFor("lz4", 9))
                ->EncodeUpToLast(content, std::vector<size_t>{chunk.end / 2, chunk.end}),
            chunk.frame);
  const Encoded again = Encode(Bytes(content.begin(), content.begin() + 400'000));
  EXPECT_EQ(again.end, chunk.end);
  EXPECT_EQ(again.frame, chunk.frame);
}

}  // namespace
}  // namespace chunker

// Sketches, deltas, and what a chunk's bytes say about its content.
#include "chunker/delta.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "base/error.h"
#include "chunker/chunk_content.h"
#include "chunker/codec_table.h"
#include "chunker/sketch.h"
#include "tests/chunker/samples.h"

namespace chunker {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// `content` with a few of its bytes changed and some put in.
std::vector<uint8_t> Edited(std::vector<uint8_t> content) {
  for (size_t at = 1000; at < content.size(); at += 20000) {
    content[at] ^= 0x55U;
  }
  content.insert(content.begin() + 5000, 17, uint8_t{'x'});
  return content;
}

Codec Lz4() { return {kLz4, LibraryVersion(kLz4), 9, {}}; }

TEST(DeltaTest, CostsWhatChanged) {
  const std::vector<uint8_t> old = Words(1, 300000);
  const std::vector<uint8_t> now = Edited(old);
  DeltaEncoder encoder(9);
  const std::vector<uint8_t> delta = encoder.Encode(now, old);
  EXPECT_LT(delta.size(), 500U);
  EXPECT_EQ(DecodeDelta(delta, old, now.size()), now);
  EXPECT_EQ(encoder.Encode(now, old), delta);
}

TEST(DeltaTest, NothingComesOutOfAnotherPrefixOrLength) {
  const std::vector<uint8_t> old = Words(1, 100000);
  const std::vector<uint8_t> now = Edited(old);
  const std::vector<uint8_t> delta = DeltaEncoder(9).Encode(now, old);
  EXPECT_NE(DecodeDelta(delta, Words(2, 100000), now.size()), now);
  EXPECT_EQ(DecodeDelta(delta, old, now.size() - 1), std::nullopt);
  EXPECT_EQ(DecodeDelta(delta, old, now.size() + 1), std::nullopt);
  EXPECT_EQ(DecodeDelta(now, old, now.size()), std::nullopt);
  EXPECT_EQ(DecodeDelta({}, old, now.size()), std::nullopt);
}

TEST(SketchTest, FindsWhatAContentWasMadeOf) {
  SketchIndex index;
  for (size_t number = 0; number < 20; ++number) {
    index.Add(number, SketchOf(Words(number, 100000)));
  }
  for (size_t number = 0; number < 20; ++number) {
    const std::vector<size_t> found = index.MostSimilar(SketchOf(Edited(Words(number, 100000))), 1);
    EXPECT_THAT(found, ElementsAre(number));
  }
  EXPECT_THAT(index.MostSimilar(SketchOf(Words(99, 100000)), 3), IsEmpty());
  EXPECT_THAT(index.MostSimilar(SketchOf({}), 3), IsEmpty());
}

TEST(ChunkContentTest, AFrameInItsBlocksIsItsContent) {
  const std::vector<uint8_t> content = Words(3, 150000);
  for (const Codec& codec : {Zstd(), Lz4()}) {
    const auto encoder = MakeFrameEncoder(codec);
    size_t end = 0;
    const std::vector<size_t> ends = {100000, 102000, 103000};
    const std::vector<uint8_t> chunk = AlignedToBlocks(encoder->EncodeUpToBest(content, ends, end));
    EXPECT_EQ(chunk.size() % kBlockBytes, 0U);
    const ChunkContent found = ContentOf(chunk, codec.name);
    EXPECT_TRUE(found.framed);
    EXPECT_EQ(found.bytes,
              std::vector<uint8_t>(content.begin(), content.begin() + static_cast<ptrdiff_t>(end)));
  }
}

TEST(ChunkContentTest, AnythingElseIsItself) {
  const std::vector<uint8_t> text = Words(4, 8192);
  const std::vector<uint8_t> frame = MakeFrameEncoder(Zstd())->EncodeWhole(text);
  std::vector<uint8_t> longer = AlignedToBlocks(frame);
  longer.push_back(0);
  std::vector<uint8_t> shorter = AlignedToBlocks(frame);
  shorter.pop_back();
  const std::vector<uint8_t> empty = AlignedToBlocks(MakeFrameEncoder(Zstd())->EncodeWhole({}));
  for (const std::vector<uint8_t>& chunk :
       {text, std::vector<uint8_t>(4096, 0), std::vector<uint8_t>(), longer, shorter, empty}) {
    const ChunkContent found = ContentOf(chunk, kZstd);
    EXPECT_FALSE(found.framed);
    EXPECT_EQ(found.bytes, chunk);
  }
}

// A frame may say that it has gigabytes of content.
TEST(ChunkContentTest, AFrameOfMoreThanAChunkIsItself) {
  const std::vector<uint8_t> zeros(kMaxContentBytes + 1, 0);
  for (const Codec& codec : {Zstd(), Lz4()}) {
    const std::vector<uint8_t> bomb = AlignedToBlocks(MakeFrameEncoder(codec)->EncodeWhole(zeros));
    EXPECT_FALSE(ContentOf(bomb, codec.name).framed);
  }
}

// A frame says itself how much memory decoding it takes.
TEST(ChunkContentTest, AFrameWithALargerWindowThanAChunkIsItself) {
  Codec wide = Zstd();
  const std::vector<uint8_t> text = Words(4, 60000);
  const auto framed = [&](uint64_t window_log) {
    wide.parameters["window_log"] = window_log;
    const auto frame = MakeFrameEncoder(wide)->EncodeUpToLast(text, std::array{text.size()});
    return ContentOf(AlignedToBlocks(frame), kZstd).framed;
  };
  EXPECT_TRUE(framed(20));
  EXPECT_FALSE(framed(21));
  EXPECT_FALSE(framed(27));
}

TEST(FrameEncoderTest, ACodecThatIsNotWholeIsRefused) {
  EXPECT_THROW(MakeFrameEncoder({"brotli", "1", 9, {}}), base::Error);
  EXPECT_THROW(MakeFrameEncoder({kZstd, "1.5.7", 9, {}}), base::Error);
  Codec wrong = Zstd();
  for (const uint64_t window_log : {uint64_t{0}, uint64_t{1000}}) {
    wrong.parameters["window_log"] = window_log;
    EXPECT_THROW(MakeFrameEncoder(wrong), base::Error);
  }
}

TEST(FrameEncoderTest, ItsMemoryIsKnownBefore) {
  Codec big = Zstd();
  EXPECT_LT(EncoderBytes(big), size_t{16} << 20);
  big.parameters["chain_log"] = 29;
  EXPECT_GT(EncoderBytes(big), size_t{1} << 30);
}

}  // namespace
}  // namespace chunker

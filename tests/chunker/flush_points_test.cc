// What the builder does with content, and a host with the content alone.
#include "chunker/flush_points.h"

#include <gtest/gtest.h>

#include "chunker/cut.h"
#include "tests/chunker/samples.h"

namespace chunker {
namespace {

// Of the images that were built before blocks had a limit of their own.
Codec OlderZstd() {
  Codec out = Zstd();
  out.parameters.erase("max_block");
  return out;
}

std::vector<size_t> EndsOf(const std::vector<uint8_t>& content, CutSizes sizes) {
  const CutFinder cuts(sizes);
  std::vector<size_t> out = {cuts.FirstCut(content)};
  while (out.size() < 17) {
    out.push_back(cuts.NextCandidate(content, out.back()));
  }
  return out;
}

// Makes a chunk as the builder does, and expects the places where it was flushed to be found.
void ExpectFound(const Codec& codec, CutSizes sizes, uint64_t seed) {
  const std::vector<uint8_t> content = Words(seed, 1000000);
  size_t end = 0;
  const auto frame = MakeFrameEncoder(codec)->EncodeUpToBest(content, EndsOf(content, sizes), end);
  const std::vector<uint8_t> chunk = AlignedToBlocks(frame);
  const ChunkContent found = ContentOf(chunk, kZstd);
  ASSERT_TRUE(found.framed);
  const auto points = FlushPointFinder(codec).Find(chunk, found);
  ASSERT_TRUE(points) << "seed " << seed;
  EXPECT_EQ(points->back(), end);
  EXPECT_EQ(MakeFrameEncoder(codec)->EncodeUpToLast(found.bytes, *points), frame)
      << "seed " << seed;
}

TEST(FlushPointsTest, MakeTheSameChunkAgain) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    ExpectFound(Zstd(), CodecNamed(kZstd).file_cuts, seed);
  }
}

TEST(FlushPointsTest, AreFoundWhateverTheCutSizesWere) {
  for (uint64_t seed = 0; seed < 10; ++seed) {
    ExpectFound(OlderZstd(), {64 << 10, 256 << 10, 512 << 10}, seed);
    ExpectFound(Zstd(), {32 << 10, 64 << 10, 128 << 10}, seed);
  }
}

TEST(FlushPointsTest, BlocksAreNoLongerThanTheyMayBe) {
  const std::vector<uint8_t> content = Words(1, 300000);
  const auto frame = MakeFrameEncoder(Zstd())->EncodeUpToLast(
      content, EndsOf(content, CodecNamed(kZstd).file_cuts));
  size_t begin = 0;
  for (const size_t end : ContentOf(AlignedToBlocks(frame), kZstd).block_ends) {
    EXPECT_LE(end - begin, 32768U);  // a read decodes whole blocks
    begin = end;
  }
}

TEST(FlushPointsTest, AFrameOfAnotherMakeHasNone) {
  const std::vector<uint8_t> content = Words(2, 200000);
  const std::vector<size_t> anywhere = {50000, 50001, 90000, 200000};
  const std::vector<uint8_t> chunk =
      AlignedToBlocks(MakeFrameEncoder(Zstd())->EncodeUpToLast(content, anywhere));
  const ChunkContent found = ContentOf(chunk, kZstd);
  ASSERT_TRUE(found.framed);
  EXPECT_EQ(FlushPointFinder(Zstd()).Find(chunk, found), std::nullopt);
}

TEST(FlushPointsTest, OfLz4AreTheEnd) {
  const Codec lz4{kLz4, LibraryVersion(kLz4), 9, {}};
  const std::vector<uint8_t> chunk =
      AlignedToBlocks(MakeFrameEncoder(lz4)->EncodeWhole(Words(3, 100000)));
  EXPECT_EQ(FlushPointFinder(lz4).Find(chunk, ContentOf(chunk, kLz4)), std::vector<size_t>{100000});
}

}  // namespace
}  // namespace chunker

#include "builder/compress/cached_compressor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>

#include "tests/builder/sample_trees.h"

namespace builder {
namespace {

constexpr chunker::CutSizes kSegments = {256U << 10, 512U << 10, 1U << 20};
constexpr chunker::CutSizes kChunks = {64U << 10, 128U << 10, 256U << 10};

class CachedCompressorTest : public testing::Test {
 protected:
  // As of the next build.
  void ReopenCache() {
    cache_.reset();
    cache_ = std::make_unique<ChunkCache>(folder_.path() + "/cache", 1 << 20, base::Io());
  }
  CachedCompressor Cached(uint32_t tail_bytes = 0) const {
    return {kSegments, kChunks, tail_bytes, codec_, cache_.get()};
  }
  // As a build does; the cache knows the segment then.
  std::vector<StoredChunk> Compress(base::Bytes segment, bool ends_file,
                                    const std::vector<base::Sha256>& known = {}) const {
    Compressor compressor(codec_);
    return Cached().Compress(segment, ends_file, known, compressor);
  }
  size_t Cut() const { return chunker::CutFinder(kSegments).FirstCut(base::AsBytes(content_)); }
  base::Bytes Segment() const { return base::AsBytes(content_).first(Cut()); }
  bool IsKnown(const std::string& content, bool is_all) const {
    return IsKnown(Cached(), base::AsBytes(content), is_all);
  }
  static bool IsKnown(const CachedCompressor& compressor, base::Bytes content, bool is_all) {
    const CachedCompressor::First first = compressor.FirstOf(content, is_all);
    EXPECT_EQ(first.size_bytes, chunker::CutFinder(kSegments).FirstCut(content));
    return !first.chunks.empty();
  }
  std::string With(size_t changed) const {
    std::string out = content_;
    out[changed] = static_cast<char>(out[changed] ^ 1);
    return out;
  }
  static std::string Content() {
    std::mt19937_64 random(1);
    return tests::RandomText(random, 2'000'000);
  }

  const std::string content_ = Content();
  images::Codec codec_ = chunker::CodecFor("zstd", 9);
  const base::TemporaryDirectory folder_{testing::TempDir(), "slipway-compressor-"};
  std::unique_ptr<ChunkCache> cache_;
};

TEST_F(CachedCompressorTest, NothingIsKnownWithoutACache) {
  Compress(Segment(), false);
  EXPECT_FALSE(IsKnown(content_, false));
}

TEST_F(CachedCompressorTest, ALaterBuildKnowsASegmentWhateverFollows) {
  ReopenCache();
  EXPECT_FALSE(IsKnown(content_, false));
  const std::vector<StoredChunk> made = Compress(Segment(), false);
  ReopenCache();
  const auto keys = Cached().FirstOf(base::AsBytes(content_), false).chunks;
  ASSERT_EQ(keys.size(), made.size());
  const std::vector<StoredChunk> known = Compress(Segment(), false, keys);
  EXPECT_TRUE(std::ranges::equal(known, made, {}, &StoredChunk::id, &StoredChunk::id));
  EXPECT_TRUE(IsKnown(With(Cut()), false));
  EXPECT_TRUE(IsKnown(content_.substr(0, Cut() + 1), true));
}

TEST_F(CachedCompressorTest, AnotherSegmentIsNotTakenForIt) {
  ReopenCache();
  Compress(Segment(), false);
  EXPECT_FALSE(IsKnown(With(0), false));
  EXPECT_FALSE(IsKnown(With(Cut() - 1), false));  // it begins alike
  EXPECT_FALSE(IsKnown(content_.substr(0, Cut() - 1), true));
}

TEST_F(CachedCompressorTest, TheEndOfAFileIsNoCut) {
  ReopenCache();
  const std::string file = content_.substr(0, Cut() - 100);
  Compress(base::AsBytes(file), true);
  EXPECT_TRUE(IsKnown(file, true));
  EXPECT_FALSE(IsKnown(content_, false));
  EXPECT_FALSE(IsKnown(content_, true));
  Compress(Segment(), false);
  EXPECT_FALSE(IsKnown(content_.substr(0, Cut()), true));  // its last chunk may be another then
}

TEST_F(CachedCompressorTest, WhatIsSplitOrCompressedAnotherWayIsNotKnown) {
  ReopenCache();
  Compress(Segment(), false);
  EXPECT_FALSE(IsKnown(Cached(1), base::AsBytes(content_), false));
  EXPECT_FALSE(IsKnown({kSegments, {64U << 10, 128U << 10, 512U << 10}, 0, codec_, cache_.get()},
                       base::AsBytes(content_), false));
  codec_ = chunker::CodecFor("zstd", 10);
  EXPECT_FALSE(IsKnown(content_, false));
}

TEST_F(CachedCompressorTest, OfTwoThatBeginAlikeTheLastIsKnown) {
  ReopenCache();
  Compress(Segment(), false);
  const std::string other = With(Cut() / 2);
  Compress(base::AsBytes(other).first(Cached().FirstOf(base::AsBytes(other), false).size_bytes),
           false);
  EXPECT_TRUE(IsKnown(other, false));
  EXPECT_FALSE(IsKnown(content_, false));
}

}  // namespace
}  // namespace builder

#include "builder/compress/segment_splitter.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>

#include "tests/builder/sample_trees.h"

namespace builder {
namespace {

constexpr chunker::CutSizes kSegments = {256U << 10, 512U << 10, 1U << 20};
constexpr chunker::CutSizes kChunks = {64U << 10, 128U << 10, 256U << 10};

class SegmentSplitterTest : public testing::Test {
 protected:
  // As of the next build.
  void ReopenCache() {
    cache_.reset();
    cache_ = std::make_unique<ChunkCache>(folder_.path() + "/cache", 1 << 20, base::Io());
  }
  SegmentSplitter Splitter(uint32_t tail_bytes = 0) const {
    return {kSegments, kChunks, tail_bytes, codec_, cache_.get()};
  }
  size_t Cut() const { return chunker::CutFinder(kSegments).FirstCut(base::AsBytes(content_)); }
  base::Bytes Segment() const { return base::AsBytes(content_).first(Cut()); }
  bool IsKnown(const std::string& content, bool is_all) const {
    return IsKnown(Splitter(), base::AsBytes(content), is_all);
  }
  static bool IsKnown(const SegmentSplitter& splitter, base::Bytes content, bool is_all) {
    const SegmentSplitter::First first = splitter.FirstOf(content, is_all);
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
  const std::vector<base::Sha256> chunks_ = {base::Sha256Of("a"), base::Sha256Of("b")};
  images::Codec codec_ = chunker::CodecFor("zstd", 9);
  const base::TemporaryDirectory folder_{testing::TempDir(), "slipway-splitter-"};
  std::unique_ptr<ChunkCache> cache_;
};

TEST_F(SegmentSplitterTest, NothingIsKnownWithoutACache) {
  Splitter().Remember(Segment(), false, chunks_);
  EXPECT_FALSE(IsKnown(content_, false));
}

TEST_F(SegmentSplitterTest, ALaterBuildKnowsASegmentWhateverFollows) {
  ReopenCache();
  EXPECT_FALSE(IsKnown(content_, false));
  Splitter().Remember(Segment(), false, chunks_);
  ReopenCache();
  EXPECT_EQ(Splitter().FirstOf(base::AsBytes(content_), false).chunks, chunks_);
  EXPECT_TRUE(IsKnown(With(Cut()), false));
  EXPECT_TRUE(IsKnown(content_.substr(0, Cut() + 1), true));
}

TEST_F(SegmentSplitterTest, AnotherSegmentIsNotTakenForIt) {
  ReopenCache();
  Splitter().Remember(Segment(), false, chunks_);
  EXPECT_FALSE(IsKnown(With(0), false));
  EXPECT_FALSE(IsKnown(With(Cut() - 1), false));  // it begins alike
  EXPECT_FALSE(IsKnown(content_.substr(0, Cut() - 1), true));
}

TEST_F(SegmentSplitterTest, TheEndOfAFileIsNoCut) {
  ReopenCache();
  const std::string file = content_.substr(0, Cut() - 100);
  Splitter().Remember(base::AsBytes(file), true, chunks_);
  EXPECT_TRUE(IsKnown(file, true));
  EXPECT_FALSE(IsKnown(content_, false));
  EXPECT_FALSE(IsKnown(content_, true));
  Splitter().Remember(Segment(), false, chunks_);
  EXPECT_FALSE(IsKnown(content_.substr(0, Cut()), true));  // its last chunk may be another then
}

TEST_F(SegmentSplitterTest, WhatIsSplitOrCompressedAnotherWayIsNotKnown) {
  ReopenCache();
  Splitter().Remember(Segment(), false, chunks_);
  EXPECT_FALSE(IsKnown(Splitter(1), base::AsBytes(content_), false));
  EXPECT_FALSE(IsKnown({kSegments, {64U << 10, 128U << 10, 512U << 10}, 0, codec_, cache_.get()},
                       base::AsBytes(content_), false));
  codec_ = chunker::CodecFor("zstd", 10);
  EXPECT_FALSE(IsKnown(content_, false));
}

TEST_F(SegmentSplitterTest, OfTwoThatBeginAlikeTheLastIsKnown) {
  ReopenCache();
  Splitter().Remember(Segment(), false, chunks_);
  const std::string other = With(Cut() / 2);
  Splitter().Remember(
      base::AsBytes(other).first(Splitter().FirstOf(base::AsBytes(other), false).size_bytes), false,
      chunks_);
  EXPECT_TRUE(IsKnown(other, false));
  EXPECT_FALSE(IsKnown(content_, false));
}

}  // namespace
}  // namespace builder

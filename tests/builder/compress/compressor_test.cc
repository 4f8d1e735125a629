#include "builder/compress/compressor.h"

#include <gtest/gtest.h>
#include <zstd.h>

#include <algorithm>
#include <random>

#include "base/file.h"
#include "builder/erofs/erofs_format.h"
#include "tests/builder/sample_trees.h"

namespace builder {
namespace {

using erofs::kBlockBytes;

std::vector<StoredChunk> Compress(const std::string& content, bool ends_file = true,
                                  uint32_t tail_bytes = 0, const char* target = "zstd") {
  const chunker::CutFinder cuts(chunker::CodecOfTarget(target).file_cuts);
  return Compressor(chunker::CodecFor(target, 9))
      .Compress(base::AsBytes(content), cuts, ends_file, tail_bytes);
}

TEST(CompressorTest, ChunksCoverTheContentInWholeBlocks) {
  std::mt19937_64 random(1);
  const std::string content = tests::RandomText(random, 3000000);
  uint64_t covered = 0;
  for (const StoredChunk& chunk : Compress(content)) {
    EXPECT_EQ(chunk.blocks.size() % kBlockBytes, 0U);
    EXPECT_LE(chunk.blocks.size(), size_t{1} << 20);
    EXPECT_EQ(chunk.id.ToHex(), base::Sha256Of(chunk.blocks).ToHex());
    covered += chunk.content_bytes();
  }
  EXPECT_EQ(covered, content.size());
}

// The frames are flushed, cut and ended by hand: zstd itself must still decode each one to its
// content.
TEST(CompressorTest, EachFrameIsZstdThatEndsWithItsBlocks) {
  std::mt19937_64 random(2);
  const std::string content = tests::RandomText(random, 2000000);
  std::string decoded;
  for (const StoredChunk& chunk : Compress(content)) {
    ASSERT_EQ(chunk.extents.size(), 1U);
    const auto start = std::find_if(chunk.blocks.begin(), chunk.blocks.end(),
                                    [](uint8_t byte) { return byte != 0; });
    std::string out(chunk.content_bytes() + 1, '\0');
    const size_t size = ZSTD_decompress(out.data(), out.size(), &*start,
                                        static_cast<size_t>(chunk.blocks.end() - start));
    ASSERT_EQ(ZSTD_isError(size), 0U) << ZSTD_getErrorName(size);
    decoded.append(out.data(), size);
  }
  EXPECT_EQ(decoded, content);
}

TEST(CompressorTest, CandidateEndsSaveBlocks) {
  std::mt19937_64 random(3);
  const std::string content = tests::RandomText(random, 8000000);
  for (const char* target : {"zstd", "lz4"}) {
    uint64_t waste = 0;
    const std::vector<StoredChunk> chunks = Compress(content, true, 0, target);
    for (const StoredChunk& chunk : chunks) {
      waste += static_cast<uint64_t>(std::find_if(chunk.blocks.begin(), chunk.blocks.end(),
                                                  [](uint8_t byte) { return byte != 0; }) -
                                     chunk.blocks.begin());
    }
    EXPECT_LT(waste / chunks.size(), kBlockBytes / 4) << target;  // half a block with no choice
  }
}

TEST(CompressorTest, NoLaterEndIsTriedWhereTheWasteIsAccepted) {
  std::mt19937_64 random(5);
  const std::string content = tests::RandomText(random, 2000000);
  images::Codec codec = chunker::CodecFor("zstd", 9);
  codec.parameters["accepted_waste"] = kBlockBytes;
  base::Bytes rest = base::AsBytes(content);
  const chunker::CutFinder cuts(chunker::CodecNamed(codec.name).file_cuts);
  std::vector<StoredChunk> chunks = Compressor(codec).Compress(rest, cuts, true, 0);
  chunks.pop_back();  // with what would be too short for a chunk
  ASSERT_GT(chunks.size(), 5U);
  for (const StoredChunk& chunk : chunks) {
    EXPECT_EQ(chunk.content_bytes(), cuts.FirstCut(rest));
    rest = rest.subspan(chunk.content_bytes());
  }
}

TEST(CompressorTest, WhatDoesNotShrinkIsStoredRaw) {
  std::mt19937_64 random(4);
  const std::string content = tests::RandomBytes(random, 200000);
  uint64_t stored = 0;
  for (const StoredChunk& chunk : Compress(content)) {
    stored += chunk.blocks.size();
    EXPECT_TRUE(chunk.extents.front().raw);
  }
  EXPECT_LE(stored, content.size() + 4 * kBlockBytes);
}

TEST(CompressorTest, AShortTailIsLeftForThePackedInode) {
  std::mt19937_64 random(6);
  const std::string content = tests::RandomText(random, 600000);
  uint64_t covered = 0;
  for (const StoredChunk& chunk : Compress(content, true, 64 << 10)) {
    covered += chunk.content_bytes();
  }
  EXPECT_LE(content.size() - covered, 64U << 10);
  EXPECT_TRUE(Compress(std::string(1000, 'x'), true, 64 << 10).empty());
}

}  // namespace
}  // namespace builder

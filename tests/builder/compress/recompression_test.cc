// Deltas rest on this: each chunk of an image can be made again of its content alone.
#include <fcntl.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "chunker/chunk_content.h"
#include "chunker/codec_table.h"
#include "chunker/flush_points.h"
#include "tests/builder/sample_trees.h"

namespace builder {
namespace {

class RecompressionTest : public testing::TestWithParam<std::string> {};

TEST_P(RecompressionTest, EachChunkOfAnImageIsMadeAgainOfItsContent) {
  const base::TemporaryDirectory directory("/tmp", "recompression-");
  const std::string path = directory.path() + "/image";
  std::mt19937_64 random(1);
  Tree tree;
  tree.AddLiteral("/large", tests::RandomText(random, 6000000));
  tree.AddLiteral("/noise", tests::RandomBytes(random, 300000));
  for (size_t i = 0; i < 100; ++i) {
    tree.AddLiteral("/small/" + std::to_string(i), tests::RandomText(random, 40000));
  }
  const images::Codec codec = chunker::CodecFor(GetParam(), 9);
  const tests::Image image = tests::WriteImage(tree, path, GetParam());
  const base::UniqueFd fd = base::OpenForReading(path);
  const auto encoder = chunker::MakeFrameEncoder(codec);
  chunker::FlushPointFinder finder(codec);
  size_t framed = 0;
  size_t flushed = 0;
  for (const chunker::Chunk& chunk : image.index.chunks()) {
    const std::vector<uint8_t> bytes = base::PRead(fd.get(), chunk.offset, chunk.size_bytes, path);
    const chunker::ChunkContent content = chunker::ContentOf(bytes, codec.name);
    if (!content.framed) {
      EXPECT_EQ(content.bytes, bytes);
      continue;
    }
    const auto points = finder.Find(bytes, content);
    ASSERT_TRUE(points) << "the chunk at " << chunk.offset;
    EXPECT_EQ(chunker::AlignedToBlocks(encoder->EncodeUpToLast(content.bytes, *points)), bytes)
        << "the chunk at " << chunk.offset;
    ++framed;
    flushed += points->size() > 1 ? size_t{1} : size_t{0};
  }
  EXPECT_GT(framed, 10U);
  EXPECT_EQ(flushed > 0, GetParam() == "zstd");
}

INSTANTIATE_TEST_SUITE_P(Targets, RecompressionTest, testing::Values("zstd", "lz4"),
                         [](const auto& target) { return target.param; });

}  // namespace
}  // namespace builder

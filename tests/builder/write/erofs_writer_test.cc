#include "builder/write/erofs_writer.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

#include "base/digest.h"
#include "base/error.h"
#include "builder/read/read_back.h"
#include "tests/builder/sample_trees.h"

namespace builder {
namespace {

class ErofsWriterTest : public testing::TestWithParam<std::string> {
 protected:
  base::TemporaryDirectory folder_{testing::TempDir(), "slipway-writer-"};
  const std::string image_ = folder_.path() + "/image.erofs";
};

TEST_P(ErofsWriterTest, UpstreamsReaderFindsEveryLengthThatTheFormatTreatsDifferently) {
  const Tree tree = tests::LimitsTree();
  tests::WriteImage(tree, image_, GetParam());
  ReadBack(image_, tree, base::Io());
}

TEST_P(ErofsWriterTest, AnEmptyTreeIsAnImageToo) {
  const Tree tree;
  tests::WriteImage(tree, image_, GetParam());
  ReadBack(image_, tree, base::Io());
}

TEST_P(ErofsWriterTest, LinksOfEveryLengthAreKept) {
  Tree tree;
  for (const size_t length : {1UL, 4000UL, 4032UL, 4033UL, 4064UL, 4065UL, 4095UL}) {
    tree.AddSymlink("/link" + std::to_string(length), std::string(length, 'l'));
  }
  tests::WriteImage(tree, image_, GetParam());
  ReadBack(image_, tree, base::Io());
}

TEST_P(ErofsWriterTest, RandomTreesReadBack) {
  for (uint64_t seed = 1; seed <= 25; ++seed) {
    SCOPED_TRACE(seed);
    const Tree tree = tests::RandomTree(seed);
    tests::WriteImage(tree, image_, GetParam());
    ASSERT_NO_THROW(ReadBack(image_, tree, base::Io()));
  }
}

TEST_P(ErofsWriterTest, TheNumberOfThreadsDoesNotChangeAByte) {
  const Tree tree = tests::LimitsTree();
  const base::Sha256 one = tests::WriteImage(tree, image_, GetParam(), 1).sha256;
  for (const unsigned threads : {2U, 4U, 8U}) {
    EXPECT_EQ(tests::WriteImage(tree, image_, GetParam(), threads).sha256.ToHex(), one.ToHex())
        << threads;
  }
}

TEST_P(ErofsWriterTest, TheIndexTilesTheImageAndNamesItsBytes) {
  const tests::Image image = tests::WriteImage(tests::LimitsTree(), image_, GetParam());
  const std::string bytes = base::ReadFile(image_);
  ASSERT_EQ(image.size_bytes, bytes.size());
  ASSERT_EQ(image.index.size_bytes(), bytes.size());
  EXPECT_EQ(image.sha256.ToHex(), base::Sha256Of(bytes).ToHex());
  for (const chunker::Chunk& chunk : image.index.chunks()) {
    const base::Bytes stored = base::AsBytes(bytes).subspan(chunk.offset, chunk.size_bytes);
    ASSERT_EQ(base::Sha256Of(stored).ToHex(), chunk.id.digest.ToHex()) << chunk.offset;
  }
}

TEST_P(ErofsWriterTest, EqualContentIsStoredOnce) {
  std::mt19937_64 random(3);
  const std::string content = tests::RandomBytes(random, 3000000);
  Tree once;
  once.AddLiteral("/a", content);
  Tree twice;
  twice.AddLiteral("/a", content);
  twice.AddLiteral("/b/c", content);
  const uint64_t one = tests::WriteImage(once, image_, GetParam()).size_bytes;
  const uint64_t two = tests::WriteImage(twice, image_, GetParam()).size_bytes;
  EXPECT_LT(two, one + 16384);
}

TEST_P(ErofsWriterTest, AnInsertionAtTheStartKeepsAlmostAllChunks) {
  std::mt19937_64 random(5);
  const std::string content = tests::RandomText(random, 20000000);
  Tree before;
  before.AddLiteral("/a", content);
  Tree after;
  after.AddLiteral("/a", "inserted" + content);
  const WrittenImage first = tests::WriteImage(before, image_, GetParam());
  std::set<chunker::ChunkId> old;
  for (const chunker::Chunk& chunk : first.index.chunks()) {
    old.insert(chunk.id);
  }
  uint64_t missing = 0;
  const tests::Image image = tests::WriteImage(after, image_, GetParam());
  for (const chunker::Chunk& chunk : image.index.chunks()) {
    missing += old.contains(chunk.id) ? 0 : chunk.size_bytes;
  }
  EXPECT_LT(missing, image.size_bytes / 10);
}

// The bytes are part of the format: hosts recompress and expect the same. A change here is a new
// format version.
TEST_P(ErofsWriterTest, GoldenDigestOfATree) {
  ::unsetenv("SOURCE_DATE_EPOCH");
  const std::string digest =
      tests::WriteImage(tests::LimitsTree(), image_, GetParam()).sha256.ToHex();
  EXPECT_EQ(digest, GetParam() == "zstd"
                        ? "3d0cfcf3398447afe413afcae58c189e14b9fffe1397b5fdc2d89e8948247099"
                        : "79337db42d1cb94f728479a6e2a0142f03590c7c3bac5099a7d6fe699172e3ca");
}

INSTANTIATE_TEST_SUITE_P(Targets, ErofsWriterTest, testing::Values("zstd", "lz4"),
                         [](const auto& target) { return target.param; });

TEST(CodecTest, RefusesLevelsThatTheCodecDoesNotHave) {
  EXPECT_THROW(chunker::CodecFor("zstd", 0), base::Error);
  EXPECT_THROW(chunker::CodecFor("zstd", 20), base::Error);
  EXPECT_THROW(chunker::CodecFor("lz4", 13), base::Error);
  EXPECT_EQ(chunker::CodecFor("lz4", 12).name, "lz4hc");
}

}  // namespace
}  // namespace builder

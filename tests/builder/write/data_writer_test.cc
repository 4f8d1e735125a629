#include "builder/write/data_writer.h"

#include <fcntl.h>
#include <gmock/gmock.h>

#include <limits>

#include "builder/erofs/erofs_format.h"
#include "tests/support/errors.h"
#include "tests/support/scratch.h"

namespace builder {
namespace {

using DataWriterTest = tests::ScratchTest;

StoredChunk ChunkOf(uint8_t byte, uint32_t blocks) {
  StoredChunk out;
  out.blocks.assign(size_t{blocks} * erofs::kBlockBytes, byte);
  out.extents = {{1000, 0, blocks - 1, false}, {2000, blocks - 1, 1, true}};
  out.id = base::Sha256Of(out.blocks);
  return out;
}

TEST_F(DataWriterTest, AnEqualChunkIsTheOneWrittenBefore) {
  const base::UniqueFd fd = base::Open(At("image"), O_RDWR | O_CREAT, 0600);
  DataWriter writer(fd.get(), "image", 5);
  EXPECT_EQ(writer.Write(ChunkOf('a', 3)).front().block, 5U);
  EXPECT_EQ(writer.Write(ChunkOf('b', 2)).front().block, 8U);
  const std::vector<Extent> again = writer.Write(ChunkOf('a', 3));
  EXPECT_EQ(again.front().block, 5U);
  EXPECT_EQ(again.back().block, 7U);
  EXPECT_EQ(writer.next_block(), 10U);
  EXPECT_EQ(writer.chunks().size(), 2U);
}

TEST_F(DataWriterTest, BlocksAreCountedIn32Bits) {
  const base::UniqueFd fd = base::Open(At("image"), O_RDWR | O_CREAT, 0600);
  DataWriter writer(fd.get(), "big.erofs", std::numeric_limits<uint32_t>::max() - 1);
  EXPECT_THAT(tests::MessageOf([&] { writer.Write(ChunkOf('a', 2)); }),
              testing::HasSubstr("big.erofs would be larger than the 16 TiB"));
  EXPECT_EQ(std::filesystem::file_size(At("image")), 0U);
}

}  // namespace
}  // namespace builder

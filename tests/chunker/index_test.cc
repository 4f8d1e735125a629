#include "chunker/index.h"

#include <gmock/gmock.h>

#include "base/file.h"
#include "base/hex.h"
#include "tests/support/errors.h"

namespace chunker {
namespace {

using base::ExitCode;
using ::testing::HasSubstr;

constexpr size_t kHeaderBytes = 48;
constexpr size_t kItemsAt = 64;

ChunkId IdOf(std::string_view content) { return {base::Sha256Of(content)}; }

ChunkIndex TwoChunks() {
  ChunkIndex index;
  index.Append(IdOf("abc"), 3);
  index.Append(IdOf(""), kMaxChunkBytes);
  return index;
}

std::string With(std::string data, size_t at, uint64_t value) {
  for (size_t i = 0; i < 8; ++i) {
    data[at + i] = static_cast<char>(static_cast<uint8_t>(value >> (8 * i)));
  }
  return data;
}

std::string Refusal(const std::string& data) {
  const base::Error error = tests::ErrorOf([&] { ChunkIndex::Parse(data, "x.caibx"); });
  EXPECT_EQ(error.code(), ExitCode::kVerification);
  EXPECT_THAT(error.what(), ::testing::StartsWith("x.caibx is not a chunk index that this version "
                                                  "reads: "));
  return error.what();
}

TEST(ChunkIndexTest, ChunksTileTheImage) {
  const ChunkIndex index = TwoChunks();
  EXPECT_EQ(index.size_bytes(), 3U + kMaxChunkBytes);
  const std::vector<Chunk> expected = {{IdOf("abc"), 0, 3}, {IdOf(""), 3, kMaxChunkBytes}};
  EXPECT_EQ(index.chunks(), expected);
}

TEST(ChunkIndexTest, IsReadAsItWasWritten) {
  const ChunkIndex index = ChunkIndex::Parse(TwoChunks().Serialize(), "x.caibx");
  EXPECT_EQ(index.chunks(), TwoChunks().chunks());
  EXPECT_EQ(index.size_bytes(), TwoChunks().size_bytes());
  EXPECT_EQ(index.Serialize(), TwoChunks().Serialize());
  EXPECT_TRUE(ChunkIndex::Parse(ChunkIndex().Serialize(), "x.caibx").chunks().empty());
}

// casync's format (caformat.h), which desync reads; little-endian 64-bit words.
TEST(ChunkIndexTest, BytesAreThoseOfCasync) {
  ChunkIndex index;
  index.Append(IdOf("abc"), 3);
  EXPECT_EQ(base::ToHex(base::AsBytes(index.Serialize())),
            "3000000000000000f99f127b9c4d8296"  // header: its size, CA_FORMAT_INDEX
            "0000000000000000"                  // flags: SHA-256, not SHA512/256
            "0100000000000000"                  // smallest, average and largest chunk
            "0000020000000000"
            "0000100000000000"
            "ffffffffffffffff7d41172f119e5be7"  // table: size unknown, CA_FORMAT_TABLE
            "0300000000000000"                  // the chunk's end and id
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
            "00000000000000000000000000000000"  // tail: where an item's end would be, zero
            "3000000000000000"                  // where the table is
            "6000000000000000"                  // the table's size
            "d1ec49550e054f4b");                // CA_FORMAT_TABLE_TAIL_MARKER
}

TEST(ChunkIndexTest, ImpossibleChunksAreRefused) {
  ChunkIndex index;
  EXPECT_EQ(tests::MessageOf([&] { index.Append(IdOf(""), 0); }),
            "a chunk of 0 bytes is not possible");
  EXPECT_EQ(tests::ErrorOf([&] { index.Append(IdOf(""), kMaxChunkBytes + 1); }).code(),
            ExitCode::kVerification);
  EXPECT_TRUE(index.chunks().empty());
}

TEST(ChunkIndexTest, TruncatedAtAnyLengthIsRefused) {
  const std::string whole = TwoChunks().Serialize();
  for (size_t length = 0; length < whole.size(); ++length) {
    Refusal(whole.substr(0, length));
  }
  for (size_t more = 1; more <= 40; ++more) {
    Refusal(whole + std::string(more, '\0'));
  }
}

TEST(ChunkIndexTest, EachBrokenWordIsRefusedInOneLine) {
  const std::string whole = TwoChunks().Serialize();
  const size_t tail = whole.size() - 40;
  struct Case {
    size_t at;
    uint64_t value;
    const char* why;
  };
  for (const Case& c : {
           Case{0, 47, "it does not start with an index header"},
           Case{8, 0, "it does not start with an index header"},
           Case{16, 0x2000000000000000, "its chunk ids are SHA-512/256, not SHA-256"},
           Case{16, 0xffffffffffffffff, "its chunk ids are SHA-512/256, not SHA-256"},
           Case{40, kMaxChunkBytes + 1, "its chunks may be larger than 1 MiB"},
           Case{40, 0xffffffffffffffff, "its chunks may be larger than 1 MiB"},
           Case{kHeaderBytes, 56, "its table is not framed as one"},
           Case{kHeaderBytes + 8, 0, "its table is not framed as one"},
           Case{tail, 1, "its table is not framed as one"},
           Case{tail + 8, 1, "its table is not framed as one"},
           Case{tail + 16, 0, "its table is not framed as one"},
           Case{tail + 24, 0, "its table is not framed as one"},
           Case{tail + 32, 0, "its table is not framed as one"},
           Case{kItemsAt, 0, "chunk 0 has an impossible size"},
           Case{kItemsAt, kMaxChunkBytes + 1, "chunk 0 has an impossible size"},
           Case{kItemsAt, 0xffffffffffffffff, "chunk 0 has an impossible size"},
           Case{kItemsAt + 40, 3, "chunk 1 has an impossible size"},
           Case{kItemsAt + 40, 2, "chunk 1 has an impossible size"},
           Case{kItemsAt + 40, kMaxChunkBytes + 4, "chunk 1 has an impossible size"},
       }) {
    EXPECT_THAT(Refusal(With(whole, c.at, c.value)), HasSubstr(c.why)) << c.at;
  }
  Refusal("");
  Refusal(std::string(1 << 16, '\xff'));
}

}  // namespace
}  // namespace chunker

// What the check of metadata refuses, and what it says. That it accepts all that our writer writes
// is shown wherever a test writes an image (tests/builder/sample_trees.h); that upstream's reader
// gets through what it accepts, by tests/builder/read/damaged_image_test.cc.
#include "builder/erofs/check_metadata.h"

#include <gmock/gmock.h>

#include <functional>
#include <map>
#include <random>

#include "base/error.h"
#include "builder/erofs/check_superblock.h"
#include "builder/erofs/erofs_format.h"
#include "builder/read/image_reader.h"
#include "tests/builder/sample_trees.h"
#include "tests/support/errors.h"
#include "tests/support/scratch.h"

namespace builder {
namespace {

using testing::HasSubstr;

class CheckMetadataTest : public tests::ScratchTest {
 protected:
  void SetUp() override {
    std::mt19937_64 random(5);
    Tree tree;
    const std::string text = tests::RandomText(random, 700000);
    tree.AddLiteral("/large", text);
    tree.AddLiteral("/start", text.substr(0, 400000));  // not in one piece: a full index
    tree.AddLiteral("/small", tests::RandomText(random, 3000));
    tree.AddLiteral("/tiny", "x");
    tree.AddHardLink("/hard", "/tiny");
    tree.AddSymlink("/link", "small");
    for (const char* name : {"/dir/a", "/dir/b"}) {
      tree.AddLiteral(name, name).xattrs = {{"user.same", "value"}, {"user.own", name}};
    }
    tests::WriteImage(tree, At("image"), "zstd");
    const std::string image = Get("image");
    facts_ = CheckSuperblock(base::AsBytes(image).first(erofs::kBlockBytes), image.size(), "x");
    metadata_ = image.substr(uint64_t{facts_.metadata_block} * erofs::kBlockBytes);
    ImageReader(At("image")).Walk([&](const ImageEntry& entry) {
      inodes_[entry.path] = entry.nid * erofs::kNidBytes;
    });
  }

  std::string Refused(const std::function<void(MetadataFacts& facts)>& change) const {
    MetadataFacts facts = facts_;
    change(facts);
    return RefusedWith(metadata_, facts);
  }

  // `bytes` at an offset from the inode of this path.
  std::string Refused(const std::string& path, size_t offset, const std::string& bytes) const {
    return RefusedWith(
        std::string(metadata_).replace(inodes_.at(path) + offset, bytes.size(), bytes), facts_);
  }

  static std::string RefusedWith(const std::string& metadata, const MetadataFacts& facts) {
    const base::Error error = tests::ErrorOf(
        [&] { CheckMetadata(base::AsBytes(metadata), facts, "/x/image.erofs", [] {}); });
    EXPECT_EQ(error.code(), base::ExitCode::kVerification);
    EXPECT_THAT(error.what(), HasSubstr("/x/image.erofs is damaged, or no image of imgbuild"));
    return error.what();
  }

  std::string metadata_;
  MetadataFacts facts_;
  std::map<std::string, size_t> inodes_;  // their offsets in the metadata
};

// One changed byte of a superblock, on which upstream's reader went round in a circle for ever.
TEST_F(CheckMetadataTest, NoOtherInodeIsThePackedOne) {
  for (uint64_t nid = 0; nid < metadata_.size() / erofs::kNidBytes; ++nid) {
    if (nid != facts_.packed_nid) {
      Refused([&](MetadataFacts& facts) { facts.packed_nid = nid; });
    }
  }
  EXPECT_THAT(Refused([&](MetadataFacts& facts) { facts.packed_nid = inodes_.at("/small") / 32; }),
              HasSubstr("its place in the packed inode is wrong"));
  EXPECT_THAT(Refused([&](MetadataFacts& facts) { facts.packed_nid = inodes_.at("/link") / 32; }),
              HasSubstr("it cannot be the packed inode"));
}

TEST_F(CheckMetadataTest, TheSuperblockSaysWhatIsThere) {
  EXPECT_THAT(Refused([&](MetadataFacts& facts) { facts.root_nid = inodes_.at("/dir") / 32; }),
              HasSubstr("another '.' or '..'"));
  EXPECT_THAT(Refused([](MetadataFacts& facts) { ++facts.inodes; }),
              HasSubstr("the number of inodes is wrong"));
  EXPECT_THAT(Refused([](MetadataFacts& facts) { facts.xattr_block = 0; }),
              HasSubstr("its extended attributes are damaged"));
  EXPECT_THAT(Refused([](MetadataFacts& facts) { facts.algorithm = 0; }),
              HasSubstr("its index is damaged"));
}

TEST_F(CheckMetadataTest, InodesAreAsOursAre) {
  const std::string much = "\xff\xff\xff\x7f";
  EXPECT_THAT(Refused("/tiny", 0, "\x08"), HasSubstr("fields have values that none of ours has"));
  EXPECT_THAT(Refused("/tiny", 2, "\x02"), HasSubstr("its extended attributes are damaged"));
  EXPECT_THAT(Refused("/tiny", 5, "\x40"), HasSubstr("another type than its inode"));
  EXPECT_THAT(Refused("/tiny", 6, "\x01"), HasSubstr("its number of links is wrong"));
  EXPECT_THAT(Refused("/dir", 6, "\x03"), HasSubstr("its number of links is wrong"));
  EXPECT_THAT(Refused("/tiny", 8, much), HasSubstr("its size is wrong"));
  EXPECT_THAT(Refused("/link", 8, std::string(4, '\0')), HasSubstr("its size is wrong"));
  EXPECT_THAT(Refused("/small", 8, much), HasSubstr("its place in the packed inode is wrong"));
  EXPECT_THAT(Refused("/large", 8, much), HasSubstr("its index is damaged"));
  EXPECT_THAT(Refused("/large", 16, "\x01"), HasSubstr("its number of blocks is wrong"));
  EXPECT_THAT(Refused("/tiny", 23, "\x01"), HasSubstr("its number is wrong"));
  EXPECT_THAT(Refused("/tiny", 33, "\x01"), HasSubstr("bytes follow that are not zero"));
}

// Where one extent ends and the next begins, and where a tail is in the packed inode, may be
// another place as well. Most bytes say nothing of that.
TEST_F(CheckMetadataTest, MostBytesOfACompactIndexCount) {
  // To where the next inode stands: an index has at least two bytes for a block of content.
  constexpr size_t kBytes = 8 + 700000 / 4096 * 2;
  size_t refused = 0;
  for (size_t i = 0; i < kBytes; ++i) {
    std::string damaged = metadata_;
    char& byte = damaged.at(inodes_.at("/large") + 32 + i);
    byte = static_cast<char>(byte ^ 0x11);
    try {
      CheckMetadata(base::AsBytes(damaged), facts_, "x", [] {});
    } catch (const base::Error& error) {
      EXPECT_EQ(error.code(), base::ExitCode::kVerification) << error.what();
      ++refused;
    }
  }
  EXPECT_GT(refused, kBytes * 9 / 10);
}

TEST_F(CheckMetadataTest, BlocksOfAFullIndexAreInTheData) {
  constexpr size_t kFirst = 32 + 16;  // the entry of the first cluster: type, offset, block
  EXPECT_THAT(Refused("/start", kFirst, "\x03"), HasSubstr("its index is damaged"));
  EXPECT_THAT(Refused("/start", kFirst + 2, "\x01"), HasSubstr("its index is damaged"));
  for (const std::string& block : {std::string(4, '\0'), std::string(4, '\xff')}) {
    EXPECT_THAT(Refused("/start", kFirst + 4, block),
                HasSubstr("its blocks are not in the image's data"));
  }
}

TEST_F(CheckMetadataTest, EveryByteOfADirectoryCounts) {
  const size_t names = 4 * sizeof(erofs::DirectoryEntry) + 5;  // ".", "..", "a", "b"
  for (size_t offset = 32; offset < 32 + names; ++offset) {
    const char old = metadata_.at(inodes_.at("/dir") + offset);
    Refused("/dir", offset, std::string(1, static_cast<char>(old ^ ('/' ^ 'a'))));
  }
  EXPECT_THAT(Refused("/dir", 40, "\xff\xff"), HasSubstr("the directory is damaged"));
  const size_t last = 32 + names - 1;
  EXPECT_THAT(Refused("/dir", last, "/"), HasSubstr("the directory is damaged"));      // unsorted
  EXPECT_THAT(Refused("/dir", last - 1, "b"), HasSubstr("the directory is damaged"));  // twice
}

TEST_F(CheckMetadataTest, AttributesAreInsideOfTheirInode) {
  for (const size_t offset : {0U, 3U, 4U, 5U, 11U, 12U, 15U, 16U, 17U, 18U, 19U}) {
    const char old = metadata_.at(inodes_.at("/dir/a") + 32 + offset);
    EXPECT_THAT(Refused("/dir/a", 32 + offset, std::string(1, static_cast<char>(old ^ 0x40))),
                HasSubstr("its extended attributes are damaged"))
        << offset;
  }
}

TEST_F(CheckMetadataTest, NothingIsLeftOver) {
  std::string longer = metadata_ + std::string(erofs::kBlockBytes, '\0');
  EXPECT_NO_THROW(CheckMetadata(base::AsBytes(longer), facts_, "x", [] {}));
  longer.back() = 'x';
  EXPECT_THAT(RefusedWith(longer, facts_), HasSubstr("belong to nothing"));
}

}  // namespace
}  // namespace builder

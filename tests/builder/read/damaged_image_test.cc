// Images with wrong bytes in their superblock, inodes, indexes, directories, attributes and data,
// their checksums right: each is read, or refused in one line with exit code 6. What upstream's
// reader would not get through is refused before it sees it.
#include <gmock/gmock.h>

#include <algorithm>
#include <csignal>
#include <random>

#include "base/error.h"
#include "builder/erofs/superblock.h"
#include "builder/read/check_image.h"
#include "builder/read/guarded.h"
#include "tests/builder/read_whole_image.h"
#include "tests/builder/sample_trees.h"
#include "tests/support/errors.h"
#include "tests/support/scratch.h"

namespace builder {
namespace {

using testing::HasSubstr;

constexpr size_t kSuperblock = 1024;

TEST(GuardedTest, NothingThatTheWorkThrowsLeavesTheChild) {
  const pid_t parent = ::getpid();
  EXPECT_THAT(tests::MessageOf([&] {
                try {
                  RunGuarded("/x/image.erofs", [] { throw 7; });
                } catch (int) {
                  ::_exit(::getpid() == parent ? 1 : 0);
                }
              }),
              HasSubstr("/x/image.erofs"));
}

class DamagedImageTest : public tests::ScratchTest {
 protected:
  void SetUp() override {
    std::mt19937_64 random(3);
    Tree tree;
    const std::string text = tests::RandomText(random, 200000);
    tree.AddLiteral("/large", text);
    tree.AddLiteral("/again", text);
    tree.AddLiteral("/start", text.substr(0, 150000) + "x");  // not in one piece: a full index
    tree.AddLiteral("/noise", tests::RandomBytes(random, 80000));
    tree.AddLiteral("/small", tests::RandomText(random, 3000));
    tree.AddLiteral("/tiny", "x");
    tree.AddHardLink("/hard", "/tiny");
    tree.AddSymlink("/link", "small");
    for (int i = 0; i < 30; ++i) {
      Node& node = tree.AddLiteral("/dir/file-" + std::to_string(i), std::to_string(i));
      node.xattrs = {{"user.same", "value"}, {"user.own", std::to_string(i)}};
    }
    for (int i = 0; i < 60; ++i) {  // in blocks of its own
      tree.AddSymlink("/many/" + std::string(100, 'n') + std::to_string(i), "/target");
    }
    tree.AddLiteral("/dir/below/more/file", "x").uid = 70000;
    tests::WriteImage(tree, At("image"), "zstd");
    bytes_ = Get("image");
    for (size_t i = 4; i-- > 0;) {
      metadata_ = metadata_ << 8U | static_cast<uint8_t>(bytes_[kSuperblock + 40 + i]);
    }
    metadata_ *= 4096;
  }

  void Write(std::string bytes) {
    const base::Bytes all = base::AsBytes(bytes);
    const uint32_t checksum = SuperblockChecksum({all.begin(), all.begin() + 4096});
    for (size_t i = 0; i < 4; ++i) {
      bytes[kSuperblock + 4 + i] = static_cast<char>(checksum >> (8 * i));
    }
    Put("image", bytes);
  }

  // Refused by our own check, or read, or refused by upstream's reader by itself.
  void ExpectHarmless(const std::string& damaged, const std::string& what) {
    Write(damaged);
    try {
      CheckImage(At("image"));
    } catch (const base::Error& error) {
      EXPECT_EQ(error.code(), base::ExitCode::kVerification) << what;
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
      ++refused_;
      return;
    }
    EXPECT_THAT(ReadAll(), testing::Not(HasSubstr("upstream's reader"))) << what;
  }

  // Nothing where that went well.
  std::string ReadAll() {
    try {
      RunGuarded(At("image"), [&] { tests::ReadWholeImage(At("image")); });
    } catch (const base::Error& error) {
      EXPECT_EQ(error.code(), base::ExitCode::kVerification) << error.what();
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
      return error.what();
    }
    return "";
  }

  std::string bytes_;
  size_t metadata_ = 0;  // where it starts
  int refused_ = 0;      // by our own check
};

TEST_F(DamagedImageTest, EveryByteOfTheSuperblockMayBeAnyOther) {
  EXPECT_EQ(ReadAll(), "");
  for (size_t at = 0; at < 136; ++at) {
    for (const unsigned value : {0x00U, 0x01U, 0x80U, 0xFFU}) {
      std::string damaged = bytes_;
      damaged[kSuperblock + at] = static_cast<char>(value);
      ExpectHarmless(damaged, fmt::format("{} is {}", at, value));
    }
  }
}

TEST_F(DamagedImageTest, WrongBytesOfTheMetadataHarmNobody) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 2500; ++i) {
    std::string damaged = bytes_;
    const size_t at = metadata_ + random() % (damaged.size() - metadata_);
    const size_t count = 1 + random() % 4;
    for (size_t j = at; j < std::min(at + count, damaged.size()); ++j) {
      damaged[j] = static_cast<char>(random() % 3 == 0 ? 0xFF : random());
    }
    ExpectHarmless(damaged, fmt::format("{}: {}", i, at));
  }
  EXPECT_GT(refused_, 1250);
}

TEST_F(DamagedImageTest, MovedPartsOfTheMetadataHarmNobody) {
  std::mt19937_64 random(9);
  for (int i = 0; i < 1200; ++i) {
    std::string damaged = bytes_;
    const size_t step = random() % 2 == 0 ? 32 : 4;
    const size_t steps = (damaged.size() - metadata_) / step;
    const size_t length = std::min<size_t>(step * (1 + random() % 3), damaged.size() - metadata_);
    const size_t from = metadata_ + random() % steps * step;
    const size_t to = metadata_ + random() % steps * step;
    damaged.replace(to, length, bytes_, from, length).resize(bytes_.size());
    ExpectHarmless(damaged, fmt::format("{}: {} from {} to {}", i, length, from, to));
  }
  EXPECT_GT(refused_, 600);
}

TEST_F(DamagedImageTest, WrongBytesOfTheDataHarmNobody) {
  std::mt19937_64 random(11);
  for (int i = 0; i < 200; ++i) {
    std::string damaged = bytes_;
    const size_t at = 4096 + random() % (metadata_ - 4096);
    damaged[at] = static_cast<char>(random() % 3 == 0 ? 0xFF : random());
    ExpectHarmless(damaged, fmt::format("{}: {}", i, at));
  }
}

TEST_F(DamagedImageTest, FieldsOutsideTheFileAreNamed) {
  const auto refused = [&](size_t at, char value) {
    std::string damaged = bytes_;
    damaged[kSuperblock + at] = value;
    Write(damaged);
    return tests::MessageOf([&] { CheckImage(At("image")); });
  };
  EXPECT_THAT(refused(12, 9),
              HasSubstr("its superblock's block size is 9; build or push it again"));
  EXPECT_THAT(refused(13, 1), HasSubstr("number of extra slots"));
  EXPECT_THAT(refused(15, '\x7f'), HasSubstr("root is"));
  EXPECT_THAT(refused(23, 1), HasSubstr("number of inodes"));
  EXPECT_THAT(refused(43, 1), HasSubstr("first block of metadata"));
  EXPECT_THAT(refused(47, 1), HasSubstr("block of attributes"));
  EXPECT_THAT(refused(103, 1), HasSubstr("packed inode"));
  EXPECT_THAT(refused(128, 1), HasSubstr("length of the codec's configuration"));
}

TEST_F(DamagedImageTest, WorkThatNeverEndsCrashesOrIsInterruptedEnds) {
  const std::string image = At("image");
  EXPECT_THAT(tests::MessageOf([&] { RunGuarded(image, [] { ::raise(SIGSEGV); }); }),
              HasSubstr(image + " is damaged: upstream's reader crashes on it"));
  EXPECT_THAT(tests::MessageOf([&] { RunGuarded(image, [] { ::raise(SIGPROF); }); }),
              HasSubstr("upstream's reader finds no end on it"));
  EXPECT_THAT(tests::MessageOf([&] {
                RunGuarded(image, [] { base::Fail(base::ExitCode::kUsage, "as it was thrown"); });
              }),
              testing::StrEq("as it was thrown"));
}

}  // namespace
}  // namespace builder

// A version that is damaged on the host: noticed by the next push of it, and made whole from what
// is left of it and what the sender has.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "base/atomic_file.h"
#include "base/sys.h"
#include "images/label.h"
#include "tests/activator/receive/push_fixture.h"

namespace activator {
namespace {

using testing::HasSubstr;

class RepairTest : public PushTest {
 protected:
  RepairTest() {
    built_ = Build("1");
    EXPECT_EQ(Push({built_}).error, "");
    there_ = There(built_);
  }

  void ExpectRepaired(uint64_t chunks_sent) {
    const pusher::PlannedImage plan = Plan(built_).images.at(0);
    const Outcome repair = Push({built_});
    EXPECT_EQ(repair.error, "");
    EXPECT_EQ(repair.images.at(0).chunks_sent, chunks_sent);
    if (!plan.image.already_there) {  // the greeting has it: nobody has looked into it yet
      EXPECT_EQ(plan.image.chunks_sent, chunks_sent);
    }
    ExpectSame(built_);
    EXPECT_EQ(base::ListDirectory(there_), base::ListDirectory(built_));
    EXPECT_TRUE(base::ListDirectory(layout().Incoming()).empty());
    const Outcome again = Push({built_});
    EXPECT_TRUE(again.images.at(0).already_there);
    EXPECT_FALSE(again.images.at(0).repaired);
  }

  std::string built_;
  std::string there_;
};

TEST_F(RepairTest, ChangedBytesOfTheImageAreSentAgainAndNoMore) {
  Change(there_ + "/image.erofs", 4 * kChunkBytes + 5);
  Change(there_ + "/image.erofs", 9 * kChunkBytes + 5);
  const Outcome repair = Push({built_});
  EXPECT_EQ(repair.error, "");
  EXPECT_TRUE(repair.images.at(0).repaired);
  EXPECT_FALSE(repair.images.at(0).already_there);
  EXPECT_EQ(repair.images.at(0).chunks_sent, 2U);
  EXPECT_THAT(repair.said, HasSubstr("is damaged there and is sent again"));
  ExpectSame(built_);
  ExpectRepaired(0);
}

// What runs keeps the file that is gone.
TEST_F(RepairTest, WhatIsActiveAndWasReplacedIsNamed) {
  MakeActive(built_);
  EXPECT_THAT(Push({built_}).staged.replaced, testing::IsEmpty());
  Change(there_ + "/image.erofs", 4 * kChunkBytes + 5);
  const Outcome repair = Push({built_, Build("1", "other")});
  EXPECT_EQ(repair.error, "");
  EXPECT_THAT(repair.staged.replaced, testing::ElementsAre("app"));
  EXPECT_EQ(repair.staged.active_generation, 7U);
}

// What people call a version is not damaged with its image.
TEST_F(RepairTest, ALabelIsKept) {
  images::WriteLabel(there_, "1.4.0");
  Change(there_ + "/image.erofs", 4 * kChunkBytes + 5);
  EXPECT_TRUE(Push({built_}).images.at(0).repaired);
  EXPECT_EQ(images::ReadLabel(there_), "1.4.0");
}

TEST_F(RepairTest, AnImageCutShort) {
  ASSERT_EQ(::truncate((there_ + "/image.erofs").c_str(), 15 * kChunkBytes + 1), 0);
  ExpectRepaired(kChunks - 15);
}

TEST_F(RepairTest, AnotherManifest) {
  Change(there_ + "/manifest.json", 30);
  ExpectRepaired(0);
}

TEST_F(RepairTest, AnotherIndex) {
  Change(there_ + "/image.caibx", 70);
  ExpectRepaired(0);
}

TEST_F(RepairTest, NoIndexAndAChangedImage) {
  base::Unlink(there_ + "/image.caibx");
  Change(there_ + "/image.erofs", 5);
  ExpectRepaired(1);
}

TEST_F(RepairTest, MarkedAsDamagedThoughItIsWhole) {
  base::WriteFileAtomically(there_ + "/damaged", "");
  EXPECT_FALSE(Plan(built_).images.at(0).image.already_there);
  ExpectRepaired(0);
}

TEST_F(RepairTest, WhatAnActivationWroteBesideTheImageStays) {
  base::WriteFileAtomically(there_ + "/passwd", "www:x:995:995::/:/usr/sbin/nologin\n");
  Change(there_ + "/image.erofs", 5);
  ASSERT_EQ(Push({built_}).error, "");
  EXPECT_EQ(base::ReadFile(there_ + "/passwd"), "www:x:995:995::/:/usr/sbin/nologin\n");
}

TEST_F(RepairTest, NoProvenance) {
  base::Unlink(there_ + "/provenance.json");
  ExpectRepaired(0);
}

TEST_F(RepairTest, ASenderWithoutProvenanceDoesNotMissOne) {
  base::Unlink(there_ + "/provenance.json");
  base::Unlink(built_ + "/provenance.json");
  EXPECT_TRUE(Push({built_}).images.at(0).already_there);
}

TEST_F(RepairTest, TheDamagedOneOfSeveral) {
  std::swap(chunks_[1], chunks_[2]);  // else it would be the same file by another name
  const std::string other = Build("1", "other");
  ASSERT_EQ(Push({other, built_}).error, "");
  Change(there_ + "/image.erofs", 5);
  const Outcome repair = Push({other, built_});
  EXPECT_EQ(repair.error, "");
  EXPECT_TRUE(repair.images.at(0).already_there);
  EXPECT_TRUE(repair.images.at(1).repaired);
  EXPECT_EQ(repair.images.at(1).chunks_sent, 0U);  // the other application has the same chunks
  ExpectSame(built_);
}

TEST_F(RepairTest, WhoeverHasTheDamagedFileOpenKeepsIt) {
  Change(there_ + "/image.erofs", 5);
  const std::string damaged = base::ReadFile(there_ + "/image.erofs");
  const base::UniqueFd open = base::OpenForReading(there_ + "/image.erofs");
  ExpectRepaired(1);
  const std::vector<uint8_t> still = base::PRead(open.get(), 0, damaged.size(), "it");
  EXPECT_EQ(base::AsText(still), damaged);
}

// At no moment there is nothing at the version's place.
TEST_F(RepairTest, TheWholeOneTakesThePlaceInOneStep) {
  class Watching : public base::Sys {
   public:
    explicit Watching(std::string path) : path_(std::move(path)) {}
    int Rename(const char* from, const char* to) override {
      const int result = Sys::Rename(from, to);
      gone = gone || !base::Exists(path_ + "/image.erofs");
      return result;
    }
    int Exchange(const char* one, const char* other) override {
      ++exchanges;
      return Sys::Exchange(one, other);
    }
    bool gone = false;
    int exchanges = 0;

   private:
    std::string path_;
  } watching(there_);
  const base::ScopedSys seam(watching);
  Change(there_ + "/image.erofs", 5);
  ExpectRepaired(1);
  EXPECT_EQ(watching.exchanges, 1);
  EXPECT_FALSE(watching.gone);
}

TEST_F(RepairTest, WhereTheFileSystemCannotExchangeItTakesTwoSteps) {
  class Old : public base::Sys {
    int Exchange(const char* /*one*/, const char* /*other*/) override {
      errno = EINVAL;
      return -1;
    }
  } old;
  const base::ScopedSys seam(old);
  Change(there_ + "/image.erofs", 5);
  ExpectRepaired(1);
}

// The version's chunks are there, but nobody may be told that it is: it is damaged.
TEST_F(RepairTest, ADamagedVersionIsNoReference) {
  Change(there_ + "/image.erofs", 4 * kChunkBytes + 5);
  chunks_[4].replace(50000, 20, "twenty other letters");
  const std::string next = Build("2");
  const Outcome update = Push({next});
  EXPECT_EQ(update.error, "");
  EXPECT_EQ(update.images.at(0).chunks_failed, 1U);
  ExpectSame(next);
}

}  // namespace
}  // namespace activator

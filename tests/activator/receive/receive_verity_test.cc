// Images whose reads are verified: fs-verity, which a host turns on where it can, and the Merkle
// tree for dm-verity, which a host makes itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <utility>

#include "activator/state/held_versions.h"
#include "base/atomic_file.h"
#include "base/sys.h"
#include "images/version/verity_tree.h"
#include "tests/activator/receive/sealing_sys.h"
#include "tests/activator/receive/signed_fixture.h"

namespace activator {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class FsVerityTest : public PushTest {
 protected:
  SealingSys sys_;
  base::ScopedSys seam_{sys_};

  // A push that ends just before it publishes; returns the image that it leaves.
  std::string PushUpToPublishing(const std::string& built) {
    sys_.fails_to_publish = true;
    EXPECT_NE(Push({built}).error, "");
    sys_.fails_to_publish = false;
    return layout().Incoming(images::ImageDirectory(built).id()) + "/" + images::kImageFile;
  }
};

TEST_F(FsVerityTest, EachImageHasItBeforeItIsPublished) {
  const std::string built = Build("1");
  EXPECT_EQ(Push({built}).error, "");
  EXPECT_TRUE(sys_.IsSealed(There(built) + "/image.erofs"));
  EXPECT_FALSE(sys_.IsSealed(There(built) + "/manifest.json"));
  chunks_[3] = tests::NoiseBytes(77, kChunkBytes);
  const std::string next = Build("2");
  const Outcome update = Push({next});
  EXPECT_EQ(update.error, "");
  EXPECT_EQ(update.images.at(0).chunks_sent, 1U);
  EXPECT_TRUE(sys_.IsSealed(There(next) + "/image.erofs"));
  const std::string by_another_name = Build("2", "other");  // a hard link
  EXPECT_EQ(Push({by_another_name}).error, "");
  ExpectSame(by_another_name);
  EXPECT_THAT(sys_.refused, IsEmpty());
}

TEST_F(FsVerityTest, AFileSystemWithoutItWillDo) {
  for (const int error_number : {EOPNOTSUPP, ENOTTY, EINVAL, EPERM, ETXTBSY, ENOSPC, EDQUOT}) {
    sys_.error_number = error_number;
    chunks_[3] = tests::NoiseBytes(static_cast<uint64_t>(error_number), kChunkBytes);
    const std::string built = Build(std::to_string(error_number));
    EXPECT_EQ(Push({built}).error, "") << error_number;
    ExpectSame(built);
  }
}

TEST_F(FsVerityTest, ADiskThatFailsIsSaidAndTheNextPushGoesOn) {
  const std::string built = Build("1");
  sys_.error_number = EIO;
  EXPECT_THAT(Push({built}).error, HasSubstr("cannot turn on fs-verity for"));
  EXPECT_FALSE(base::Exists(There(built)));
  sys_.error_number = 0;
  EXPECT_EQ(Push({built}).error, "");
  ExpectSame(built);
}

TEST_F(FsVerityTest, APushThatEndedJustBeforeItPublishedGoesOn) {
  const std::string built = Build("1");
  const std::string left = PushUpToPublishing(built);
  EXPECT_TRUE(sys_.IsSealed(left));
  const Outcome again = Push({built});
  EXPECT_EQ(again.error, "");
  EXPECT_EQ(again.images.at(0).chunks_sent, 0U);
  ExpectSame(built);
}

TEST_F(FsVerityTest, OneThatWasDamagedMeanwhileIsMadeAnew) {
  const std::string built = Build("1");
  const std::string left = PushUpToPublishing(built);
  const base::UniqueFd fd(::open(left.c_str(), O_WRONLY | O_CLOEXEC));
  ASSERT_EQ(::pwrite(fd.get(), "x", 1, 5), 1);
  EXPECT_EQ(Push({built}).error, "");
  ExpectSame(built);
}

TEST_F(FsVerityTest, ADamagedVersionIsReplacedAndNotMendedInPlace) {
  const std::string built = Build("1");
  ASSERT_EQ(Push({built}).error, "");
  const std::string image = There(built) + "/image.erofs";
  {
    const base::UniqueFd fd(::open(image.c_str(), O_WRONLY | O_CLOEXEC));
    ASSERT_EQ(::pwrite(fd.get(), "x", 1, 5), 1);
  }
  const Outcome repair = Push({built});
  EXPECT_EQ(repair.error, "");
  EXPECT_TRUE(repair.images.at(0).repaired);
  EXPECT_EQ(repair.images.at(0).chunks_sent, 1U);
  ExpectSame(built);
  EXPECT_TRUE(sys_.IsSealed(image));
  EXPECT_THAT(sys_.refused, IsEmpty());
}

// As after some power cuts on btrfs.
TEST_F(FsVerityTest, WhatCannotEvenBeOpenedIsSentAgain) {
  const std::string built = Build("1");
  ASSERT_EQ(Push({built}).error, "");
  sys_.Break(There(built) + "/image.erofs");
  base::WriteFileAtomically(There(built) + "/damaged", "");  // as verify --repair does
  EXPECT_EQ(Plan(built).images.at(0).image.chunks_sent, kChunks);
  base::Unlink(There(built) + "/damaged");
  const Outcome repair = Push({built});
  EXPECT_EQ(repair.error, "");
  EXPECT_TRUE(repair.images.at(0).repaired);
  EXPECT_EQ(repair.images.at(0).chunks_sent, kChunks);
  ExpectSame(built);
}

TEST_F(FsVerityTest, WhatOthersHoldAndCannotBeOpenedIsSent) {
  const std::string built = Build("1");
  ASSERT_EQ(Push({built}).error, "");
  sys_.Break(There(built) + "/image.erofs");
  chunks_[3] = tests::NoiseBytes(77, kChunkBytes);
  for (const std::string& next : {Build("2"), Build("1", "other")}) {
    const Outcome update = Push({next});
    EXPECT_EQ(update.error, "");
    ExpectSame(next);
  }
}

TEST_F(FsVerityTest, WhatWasLeftAndCannotBeOpenedIsMadeAnew) {
  const std::string built = Build("1");
  sys_.Break(PushUpToPublishing(built));
  EXPECT_EQ(Plan(built).images.at(0).image.chunks_sent, kChunks);
  const Outcome again = Push({built});
  EXPECT_EQ(again.error, "");
  EXPECT_EQ(again.images.at(0).chunks_sent, kChunks);
  ExpectSame(built);
}

class DmVerityPushTest : public SignedPushTest {
 protected:
  DmVerityPushTest() {
    built_ = BuildVerity();
    tree_ = There(built_) + "/image.verity";
  }
  std::string Damage(const std::string& built) const {
    return DamageOf(images::ImageDirectory(There(built)));
  }
  void ExpectWhole(const std::string& built) {
    ExpectSame(built);
    EXPECT_EQ(Damage(built), "");
    EXPECT_EQ(images::RootOfTree(There(built) + "/image.verity"),
              images::ImageDirectory(built).manifest().image.verity_root);
    EXPECT_THAT(base::ListDirectory(layout().Incoming()), IsEmpty());
  }

  std::string tree_;
};

TEST_F(DmVerityPushTest, TheHostMakesTheTreeItself) {
  const Outcome push = Push({built_});
  EXPECT_EQ(push.error, "");
  ExpectWhole(built_);
  EXPECT_THAT(base::ListDirectory(There(built_)),
              ElementsAre("image.caibx", "image.erofs", "image.verity", "manifest.json",
                          "provenance.json"));
  EXPECT_TRUE(Push({built_}).images.at(0).already_there);
}

TEST_F(DmVerityPushTest, AlsoOfAnImageThatIsThereByAnotherName) {
  ASSERT_EQ(Push({built_}).error, "");
  const std::string other = BuildVerity("other");
  const Outcome push = Push({other});
  EXPECT_EQ(push.error, "");
  EXPECT_EQ(push.images.at(0).chunks_sent, 0U);
  ExpectWhole(other);
  const std::string plain = Build("1", "plain");
  EXPECT_EQ(Push({plain}).error, "");
  EXPECT_FALSE(base::Exists(There(plain) + "/image.verity"));
}

TEST_F(DmVerityPushTest, ATreeThatIsDamagedOrGoneIsMadeAnew) {
  ASSERT_EQ(Push({built_}).error, "");
  Change(tree_, 5000);
  EXPECT_EQ(Damage(built_), tree_ + " is damaged");
  Outcome repair = Push({built_});
  EXPECT_EQ(repair.error, "");
  EXPECT_TRUE(repair.images.at(0).repaired);
  EXPECT_EQ(repair.images.at(0).chunks_sent, 0U);
  ExpectWhole(built_);
  base::Unlink(tree_);
  repair = Push({built_});
  EXPECT_TRUE(repair.images.at(0).repaired);
  ExpectWhole(built_);
}

// Its image is the same file as before.
TEST_F(DmVerityPushTest, AnActiveVersionWhoseTreeWasReplacedIsNamed) {
  ASSERT_EQ(Push({built_}).error, "");
  MakeActive(built_);
  EXPECT_THAT(Push({built_}).staged.replaced, IsEmpty());
  Change(tree_, 5000);
  EXPECT_THAT(Push({built_}).staged.replaced, ElementsAre("app"));
}

TEST_F(DmVerityPushTest, ADamagedImageIsRepairedWithItsTree) {
  ASSERT_EQ(Push({built_}).error, "");
  Change(There(built_) + "/image.erofs", 5000);
  EXPECT_THAT(Damage(built_), HasSubstr("its SHA-256 is"));
  EXPECT_EQ(Push({built_}).error, "");
  ExpectWhole(built_);
}

// The manifest's digest is right, and the sender lies all the same.
TEST_F(DmVerityPushTest, AnotherRootThanTheImageHasIsRefused) {
  const std::string lying = WithAnotherRoot(built_);
  EXPECT_THAT(Push({lying}).error, HasSubstr("the verity root of app "));
  EXPECT_FALSE(base::Exists(There(lying)));
  EXPECT_THAT(base::ListDirectory(layout().Incoming()), IsEmpty());
}

TEST_F(DmVerityPushTest, APolicyMayRequireIt) {
  RequireVerity();
  const std::string plain = Build("1");
  Sign(plain);
  ExpectRefused(plain, "has no verity root, and this host takes none without");
  Sign(built_);
  EXPECT_EQ(Push({built_}).error, "");
  EXPECT_THAT(SignersNow(built_), ElementsAre("alice@x"));
}

// What was taken before is neither activated nor taken again.
TEST_F(DmVerityPushTest, APolicyCountsForWhatIsHereToo) {
  Trust({"alice"});
  const std::string plain = Build("1");
  Sign(plain);
  ASSERT_EQ(Push({plain}).error, "");
  RequireVerity();
  EXPECT_THAT(Push({plain}).error, HasSubstr("has no verity root"));
  EXPECT_THROW(SignersNow(plain), base::Error);
}

}  // namespace
}  // namespace activator

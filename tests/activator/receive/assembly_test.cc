#include "activator/receive/assembly.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/atomic_file.h"
#include "base/sys.h"
#include "tests/support/synthetic_image.h"

namespace activator {
namespace {

using testing::HasSubstr;

class AssemblyTest : public testing::Test {
 protected:
  void SetUp() override { base::MakeDirectories(layout_.Incoming()); }

  Assembly Start(const std::string& built) {
    const images::ImageDirectory image(built);
    return Assembly(layout_, image.stored(), base::ReadFile(image.index_path()), "me");
  }
  std::string Write(const std::vector<std::string>& chunks, const std::string& version = "1") {
    return tests::WriteImage(directory_.path() + "/built", {"app", version, chunks, "", {}});
  }
  static void StoreAll(Assembly& assembly, const std::string& built) {
    assembly.WriteMetadata(base::ReadFile(images::ImageDirectory(built).index_path()), "{}");
    const std::string image = base::ReadFile(built + "/image.erofs");
    for (size_t i = 0; i < assembly.chunks().size(); ++i) {
      if (assembly.Needed()[i]) {
        const pusher::DistinctChunk& chunk = assembly.chunks()[i];
        assembly.Store(
            i, base::AsBytes(std::string_view(image).substr(chunk.offsets[0], chunk.size_bytes)));
      }
    }
  }
  std::string There(const std::string& built) {
    return layout_.Application("app") + "/" + base::BaseName(built);
  }

  base::TemporaryDirectory directory_{"/tmp", "assembly-"};
  images::HostLayout layout_{directory_.path() + "/root"};
};

TEST_F(AssemblyTest, AssemblesVerifiesAndPublishes) {
  const std::string built = Write({"one", "two", "one", "three"});
  Assembly assembly = Start(built);
  assembly.Open();
  EXPECT_EQ(assembly.missing_count(), 3U);  // distinct
  StoreAll(assembly, built);
  assembly.Verify();
  assembly.Publish(false);
  EXPECT_EQ(base::ReadFile(There(built) + "/image.erofs"), "onetwoonethree");
  EXPECT_FALSE(base::Exists(There(built) + "/lock"));
  EXPECT_NO_THROW(images::ImageDirectory(There(built)).ReadIndex());
}

TEST_F(AssemblyTest, WhatIsNotTheChunkIsRefused) {
  Assembly assembly = Start(Write({"one", "two"}));
  assembly.Open();
  EXPECT_FALSE(assembly.Store(0, base::AsBytes("owe")));
  EXPECT_FALSE(assembly.Store(0, base::AsBytes("on")));
  EXPECT_EQ(assembly.Needed(), (std::vector<bool>{true, true}));
}

TEST_F(AssemblyTest, TwoTransfersOfOneImageDoNotMeet) {
  const std::string built = Write({"one"});
  const Assembly assembly = Start(built);
  try {
    Start(built);
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ExitCode::kBusy);
    EXPECT_THAT(error.what(), HasSubstr("a push by me"));
  }
}

TEST_F(AssemblyTest, ContinuesWithWhatWasVerifiedAlone) {
  const std::string built = Write({"one", "two", "three"});
  {
    Assembly first = Start(built);
    first.Open();
    first.Store(0, base::AsBytes("one"));
    first.Store(2, base::AsBytes("three"));
  }
  std::string torn =
      base::ReadFile(layout_.Incoming() + "/" + base::BaseName(built) + "/image.erofs");
  torn[7] = 'X';
  base::WriteFileAtomically(layout_.Incoming() + "/" + base::BaseName(built) + "/image.erofs",
                            torn);
  Assembly second = Start(built);
  second.Open();
  EXPECT_EQ(second.Needed(), (std::vector<bool>{false, true, true}));
}

TEST_F(AssemblyTest, TakesVerifiedChunksOfAnotherImageAndLeavesDamagedOnes) {
  const std::string old = Write({"one", "two", "three"}, "1");
  std::string bytes = base::ReadFile(old + "/image.erofs");
  bytes[4] = 'X';  // in "two"
  base::WriteFileAtomically(old + "/image.erofs", bytes);
  Assembly assembly = Start(Write({"zero", "three", "two", "one"}, "2"));
  assembly.Open();
  assembly.AddLocalSource(old + "/image.erofs", images::ImageDirectory(old).ReadIndex());
  EXPECT_EQ(assembly.Needed(), (std::vector<bool>{true, false, false, false}));
  assembly.FillExpected([] {});
  EXPECT_EQ(assembly.Needed(), (std::vector<bool>{true, false, true, false}));
}

TEST_F(AssemblyTest, AnImageCutShortGivesWhatItHas) {
  const std::string old = Write({"one", "two", "three"}, "1");
  const chunker::ChunkIndex index = images::ImageDirectory(old).ReadIndex();
  base::WriteFileAtomically(old + "/image.erofs", "onetw");
  Assembly assembly = Start(Write({"two", "one"}, "2"));
  assembly.Open();
  assembly.AddLocalSource(old + "/image.erofs", index);
  assembly.FillExpected([] {});
  EXPECT_EQ(assembly.Needed(), (std::vector<bool>{true, false}));
}

TEST_F(AssemblyTest, LinksAnImageOnlyAfterReadingIt) {
  const std::string old = Write({"one", "two"}, "1");
  const std::string built = Write({"one", "two"}, "2");
  {
    Assembly assembly = Start(built);
    EXPECT_TRUE(assembly.LinkTo(old + "/image.erofs"));
    EXPECT_EQ(assembly.missing_count(), 0U);
  }
  base::WriteFileAtomically(old + "/image.erofs", "onetwX");
  Assembly again = Start(built);
  EXPECT_FALSE(again.LinkTo(old + "/image.erofs"));
  EXPECT_EQ(again.missing_count(), 2U);
}

TEST_F(AssemblyTest, NeverWritesIntoAPublishedImageThroughALink) {
  const std::string old = Write({"one", "two"}, "1");
  const std::string built = Write({"one", "two"}, "2");
  { EXPECT_TRUE(Start(built).LinkTo(old + "/image.erofs")); }
  Assembly again = Start(built);  // the push was interrupted after it made the link
  again.Open();
  EXPECT_EQ(base::StatIfThere(old + "/image.erofs")->st_nlink, 1U);
  EXPECT_EQ(base::StatIfThere(again.image_path())->st_nlink, 1U);
}

TEST_F(AssemblyTest, ALackOfSpaceIsSaidWithBothFiguresBeforeAnythingIsSent) {
  chunker::ChunkIndex index;
  for (int i = 0; i < 100; ++i) {
    index.Append({base::Sha256Of(std::to_string(i))}, 1 << 20);
  }
  const images::ImageDirectory small(Write({"one"}));
  images::Manifest manifest = small.manifest();
  manifest.index_sha256 = base::Sha256Of(index.Serialize());
  manifest.image.size_bytes = index.size_bytes();
  Assembly assembly(layout_, images::StoredManifest::Parse(manifest.Serialize(), "test"),
                    index.Serialize(), "me");

  class SmallDisk : public base::Sys {
    int Statvfs(const char* path, struct statvfs* out) override {
      const int result = Sys::Statvfs(path, out);
      out->f_frsize = 1000;
      out->f_bfree = out->f_bavail = 50'000;
      return result;
    }
  } disk;
  const base::ScopedSys seam(disk);
  try {
    assembly.Open();
    assembly.Reserve();
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_TRUE(base::IsDiskFull(error));
    EXPECT_THAT(error.what(), HasSubstr("104.9 MB more and 4.2 MB to spare are needed"));
    EXPECT_THAT(error.what(), HasSubstr("has 50.0 MB free"));
  }
}

}  // namespace
}  // namespace activator

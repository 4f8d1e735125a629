// What is made before a host has said what it wants.
#include "pusher/delta/image_send_state.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "chunker/codec_table.h"
#include "pusher/delta/delta_base.h"
#include "pusher/delta/delta_prefetcher.h"
#include "tests/support/synthetic_image.h"

namespace pusher {
namespace {

constexpr size_t kNoiseBytes = 100'000;

class ImageWorkTest : public testing::Test {
 protected:
  ImageWorkTest() {
    for (uint64_t i = 0; i < 10; ++i) {
      chunks_.push_back(tests::NoiseBytes(i, kNoiseBytes));
    }
  }
  // The later ones are newer.
  images::ImageDirectory Build(const std::string& version,
                               const chunker::Codec& codec = tests::ZstdCodec()) {
    const std::string path =
        tests::WriteImage(directory_.path(), {"app", version, chunks_, "", {}, false, codec});
    const timespec time{++built_at_, 0};
    const std::array times = {time, time};
    EXPECT_EQ(::utimensat(AT_FDCWD, path.c_str(), times.data(), 0), 0);
    return images::ImageDirectory(path);
  }
  static std::string GuessedFor(const images::ImageDirectory& image) {
    const std::optional<images::ImageDirectory> guess = GuessBasis(image);
    return guess ? guess->id().text() : "";
  }

  base::TemporaryDirectory directory_{"/tmp", "image-work-"};
  std::vector<std::string> chunks_;
  time_t built_at_ = 1'000'000;
};

TEST_F(ImageWorkTest, TheGuessIsTheNewestOtherOfTheSameCodec) {
  const auto first = Build("1");
  EXPECT_EQ(GuessedFor(first), "");
  const auto second = Build("2");
  const auto third = Build("3");
  Build("4", {chunker::kLz4, chunker::LibraryVersion(chunker::kLz4), 9, {}});
  EXPECT_EQ(GuessedFor(third), second.id().text());
  EXPECT_EQ(GuessedFor(second), third.id().text());
  base::Unlink(third.path() + "/manifest.json");
  EXPECT_EQ(GuessedFor(second), first.id().text());
}

TEST_F(ImageWorkTest, AChunkIsVerifiedBeforeItIsSentToTheFirstHost) {
  const auto image = Build("1");
  SendCache shared(true);
  const auto work = shared.Of(image);
  const std::vector<uint8_t> right = work->ReadChunk(3);
  EXPECT_EQ(base::Sha256Of(right), work->chunks()[3].id.digest);
  const base::UniqueFd fd = base::Open(image.image_path(), O_WRONLY, 0);
  for (const size_t number : {3U, 4U}) {
    base::PWriteAll(fd.get(), base::AsBytes("other"), work->chunks()[number].offsets.front(), "");
  }
  EXPECT_NE(work->ReadChunk(3), right) << "from here on hosts find it out";
  EXPECT_THROW(work->ReadChunk(4), base::Error);
  EXPECT_THROW(work->ReadChunk(4), base::Error);
}

TEST_F(ImageWorkTest, DamageInTheOldVersionCostsTheDeltasNearItAlone) {
  for (uint64_t i = 10; i < 30; ++i) {
    chunks_.push_back(tests::NoiseBytes(i, kNoiseBytes));
  }
  const auto old = Build("1");
  std::vector<bool> missing(chunks_.size());
  for (const size_t number : {3U, 25U}) {
    chunks_[number].replace(50000, 20, "twenty other letters");
    missing[number] = true;
  }
  const auto image = Build("2");
  const base::UniqueFd fd = base::Open(old.image_path(), O_WRONLY, 0);
  base::PWriteAll(fd.get(), base::AsBytes("other"), 5 * kNoiseBytes, "");  // it stays
  SendCache shared(true);
  const auto deltas = shared.Of(image)->DeltasAgainst(old);
  EXPECT_EQ(deltas->trouble(), "");
  deltas->MakeAhead(Never);
  EXPECT_NE(deltas->trouble().find("is damaged"), std::string::npos);
  size_t number = 0;
  EXPECT_FALSE(deltas->Make(*deltas->NextGroup(number, missing), missing));
  EXPECT_TRUE(deltas->Make(*deltas->NextGroup(number, missing), missing));
}

class AheadTest : public ImageWorkTest {
 protected:
  AheadTest() : old_(Build("1")) {
    chunks_[3].replace(50000, 20, "twenty other letters");
    chunks_[7].replace(50000, 20, "twenty other letters");
    new_.emplace(Build("2"));
    work_ = shared_.Of(*new_);
  }
  // Once the image can no longer be read.
  uint64_t MadeBefore(DeltaCache& deltas) {
    const std::vector<bool> missing = {false, false, false, true,  false,
                                       false, false, true,  false, false};
    std::vector<ChunkGroup> groups;
    for (size_t number = 0; const auto group = deltas.NextGroup(number, missing);) {
      groups.push_back(*group);
    }
    const std::string image = base::ReadFile(new_->image_path());
    const base::UniqueFd fd = base::Open(new_->image_path(), O_WRONLY | O_TRUNC, 0);
    uint64_t out = 0;
    for (const ChunkGroup& group : groups) {
      try {
        out += DeltaMessage::Parse(*deltas.Make(group, missing), "ourselves").chunks.size();
      } catch (const base::Error&) {
      }
    }
    base::WriteAll(fd.get(), base::AsBytes(image), new_->image_path());
    return out;
  }

  images::ImageDirectory old_;
  std::optional<images::ImageDirectory> new_;
  SendCache shared_{true};
  std::shared_ptr<ImageSendState> work_;
};

TEST_F(AheadTest, WhatAHostOfTheOldVersionWantsIsMadeBeforeItSaysSo) {
  const std::shared_ptr<DeltaCache> deltas = work_->DeltasAgainst(old_);
  EXPECT_EQ(MadeBefore(*deltas), 0U);
  deltas->MakeAhead([] { return true; });
  EXPECT_EQ(MadeBefore(*deltas), 0U);
  deltas->MakeAhead(Never);
  EXPECT_EQ(MadeBefore(*deltas), 2U);
}

TEST_F(AheadTest, NothingIsMadeWhereHostsHaveSomethingElse) {
  work_->Learn(nullptr);
  work_->MakeAhead(old_, Never);
  EXPECT_EQ(MadeBefore(*work_->DeltasAgainst(old_)), 0U);
  work_->Learn(&old_);
  work_->MakeAhead(old_, Never);
  EXPECT_EQ(MadeBefore(*work_->DeltasAgainst(old_)), 2U);
}

TEST_F(AheadTest, TheGuesserMakesWhatWasAdded) {
  {
    DeltaPrefetcher guesser(shared_);
    guesser.Add(*new_);
    guesser.Add(*new_);
    guesser.Wait();
  }
  EXPECT_EQ(MadeBefore(*work_->DeltasAgainst(old_)), 2U);
}

}  // namespace
}  // namespace pusher

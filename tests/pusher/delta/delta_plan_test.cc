#include "pusher/delta/delta_plan.h"

#include <fcntl.h>
#include <gmock/gmock.h>

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "pusher/protocol/delta_message.h"
#include "tests/support/synthetic_image.h"

namespace pusher {
namespace {

constexpr size_t kChunkBytes = 100'000;

class ReferenceFinderTest : public testing::Test {
 protected:
  ReferenceFinderTest() {
    for (uint64_t i = 0; i < 60; ++i) {
      chunks_.push_back(tests::NoiseBytes(i, kChunkBytes));
    }
    old_.emplace(images::ImageDirectory(tests::WriteImage(directory_.path(), Image("1"))));
  }
  tests::SyntheticImage Image(const std::string& version) {
    return {"app", version, chunks_, "", {}};
  }
  // For chunk `number` of an image that is `chunks_`.
  std::vector<ReferenceSlice> Find(size_t number) {
    const images::ImageDirectory image(tests::WriteImage(directory_.path(), Image("2")));
    const ChunkList list(image.ReadIndex());
    const std::vector contents = {base::AsBytes(chunks_[number])};
    return ReferenceFinder(*old_, list, cache_, Never).Find(number, contents);
  }
  static bool Has(const std::vector<ReferenceSlice>& slices, size_t entry) {
    return std::any_of(slices.begin(), slices.end(), [&](const ReferenceSlice& slice) {
      return entry >= slice.first && entry < slice.first + slice.count;
    });
  }

  base::TemporaryDirectory directory_{"/tmp", "delta-plan-"};
  std::vector<std::string> chunks_;
  std::optional<images::ChunkReader> old_;
  images::ContentCache cache_{1 << 20};
};

TEST_F(ReferenceFinderTest, WhatStoodInTheSamePlaceIsOne) {
  chunks_[30] = tests::NoiseBytes(999, kChunkBytes);
  const std::vector<ReferenceSlice> slices = Find(30);
  EXPECT_TRUE(Has(slices, 30));
  EXPECT_FALSE(Has(slices, 50));
  EXPECT_EQ(slices.size(), 1U);
}

TEST_F(ReferenceFinderTest, WhatWasPutInBeforeMovesThePlaceAlong) {
  for (uint64_t i = 0; i < 15; ++i) {
    chunks_.insert(chunks_.begin(), tests::NoiseBytes(2000 + i, kChunkBytes));
  }
  chunks_[45] = tests::NoiseBytes(999, kChunkBytes);  // was 30
  EXPECT_TRUE(Has(Find(45), 30));
  EXPECT_FALSE(Has(Find(45), 45));
}

TEST_F(ReferenceFinderTest, WhatIsSimilarIsFoundAnywhere) {
  std::string moved = chunks_[3];
  moved.replace(kChunkBytes / 2, 20, "twenty other letters");
  chunks_.push_back(moved);
  const std::vector<ReferenceSlice> slices = Find(60);
  EXPECT_TRUE(Has(slices, 3));
  uint64_t bytes = 0;
  for (size_t i = 0; i < slices.size(); ++i) {
    bytes += slices[i].count * kChunkBytes;
    for (size_t j = 0; j < i; ++j) {  // none twice
      EXPECT_TRUE(slices[i].first >= slices[j].first + slices[j].count ||
                  slices[j].first >= slices[i].first + slices[i].count);
    }
  }
  EXPECT_LE(bytes, kMaxDeltaOldBytes);
}

// What is damaged there is not found out.
TEST_F(ReferenceFinderTest, WhatStaysIsReadOnlyWhereMuchWasAdded) {
  const base::UniqueFd fd = base::Open(old_->path(), O_WRONLY, 0);
  base::PWriteAll(fd.get(), base::AsBytes("other"), old_->index().chunks()[50].offset, "");
  chunks_[30] = tests::NoiseBytes(999, kChunkBytes);
  EXPECT_NO_THROW(Find(30));
  for (uint64_t i = 0; i < 2; ++i) {
    chunks_.push_back(tests::NoiseBytes(2000 + i, kChunkBytes));
  }
  EXPECT_THROW(Find(30), base::Error);
}

}  // namespace
}  // namespace pusher

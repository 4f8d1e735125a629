#include "fetcher/range_plan.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace fetcher {
namespace {

// Chunks of these sizes, one after the other, each of its own.
pusher::ChunkList ListOf(const std::vector<uint32_t>& sizes) {
  chunker::ChunkIndex index;
  for (size_t i = 0; i < sizes.size(); ++i) {
    index.Append({base::Sha256Of(std::to_string(i))}, sizes[i]);
  }
  return pusher::ChunkList(index);
}

// "OFFSET+SIZE:END-CHUNK" each.
std::string TextOf(const RangePlan& plan) {
  std::string out;
  for (const RangePlan::Planned& one : plan.ranges) {
    out += fmt::format("{}+{}:{} ", one.range.offset, one.range.size_bytes, one.end_chunk);
  }
  return out;
}

TEST(RangePlanTest, NothingIsNoRange) {
  EXPECT_EQ(TextOf(PlanRanges(ListOf({10, 10}), {false, false})), "");
}

TEST(RangePlanTest, WhatIsCloseTogetherIsOneRange) {
  const pusher::ChunkList list = ListOf({100, 16 << 10, 100, (16 << 10) + 1, 100});
  EXPECT_EQ(TextOf(PlanRanges(list, {true, false, true, false, true})), "0+16584:2 32969+100:3 ");
  EXPECT_EQ(TextOf(PlanRanges(list, {true, true, true, true, true})), "0+33069:5 ");
  const RangePlan plan = PlanRanges(list, {false, false, true, false, true});
  EXPECT_EQ(plan.chunks[0].number, 2U);
  EXPECT_EQ(plan.chunks[0].offset, 16484U);
  EXPECT_EQ(plan.chunks[1].number, 4U);
}

TEST(RangePlanTest, NoRangeIsLongerThanItMayBe) {
  const auto chunk = static_cast<uint32_t>(kMaxRangeBytes / 2);
  EXPECT_EQ(TextOf(PlanRanges(ListOf({chunk, chunk, 1, chunk}), std::vector<bool>(4, true))),
            "0+1048576:2 1048576+524289:4 ");
}

// Of a chunk that the image has twice, the first place is read.
TEST(RangePlanTest, EachChunkIsReadOnce) {
  chunker::ChunkIndex index;
  for (const char* text : {"one", "two", "one"}) {
    index.Append({base::Sha256Of(text)}, 100'000);
  }
  EXPECT_EQ(TextOf(PlanRanges(pusher::ChunkList(index), {true, false})), "0+100000:1 ");
}

}  // namespace
}  // namespace fetcher

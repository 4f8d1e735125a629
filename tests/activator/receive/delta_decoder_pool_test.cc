#include "activator/receive/delta_decoder_pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <mutex>

#include "base/error.h"
#include "base/file.h"
#include "chunker/delta.h"
#include "tests/support/synthetic_image.h"

namespace activator {
namespace {

class RebuildPoolTest : public testing::Test {
 protected:
  RebuildPoolTest() {
    const std::string path = tests::WriteImage(directory_.path(), {"app", "1", {"one"}, "", {}});
    const images::ImageDirectory image(path);
    codec_ = image.manifest().image.codec;
    version_ = path;
  }

  static std::string ContentOf(uint64_t number) { return "one and " + std::to_string(number); }
  // Of the chunk `number`, which is ContentOf() it.
  static pusher::DeltaMessage Message(uint64_t number) {
    const std::string content = ContentOf(number);
    pusher::DeltaMessage out;
    out.first_chunk = number;
    out.chunks = {{content.size(), {}}};
    out.references = {{0, 1}};
    out.delta = chunker::DeltaEncoder(1).Encode(base::AsBytes(content), base::AsBytes("one"));
    return out;
  }

  base::TemporaryDirectory directory_{"/tmp", "rebuild-pool-"};
  chunker::Codec codec_;
  std::string version_;
};

TEST_F(RebuildPoolTest, AsManyThreadsAsFitTheMemory) {
  EXPECT_EQ(RebuildJobs(codec_, 1), 1U);
  EXPECT_EQ(RebuildJobs(codec_, 2), 2U);
  const size_t most = RebuildJobs(codec_, 1000);
  EXPECT_LE(most * *RebuilderBytes(codec_), size_t{44} << 20);
  EXPECT_GE(RebuildJobs(codec_, 0), 1U);
  EXPECT_LE(RebuildJobs(codec_, 0), most);
  chunker::Codec larger = codec_;
  larger.parameters["chain_log"] = 22;
  EXPECT_EQ(RebuildJobs(larger, 1000), 1U);
  larger.parameters["chain_log"] = 30;
  EXPECT_EQ(RebuildJobs(larger, 1), 0U);
  larger = codec_;
  larger.library_version = "0";
  EXPECT_EQ(RebuildJobs(larger, 1), 0U);
}

TEST_F(RebuildPoolTest, EachComesOutOnce) {
  for (const size_t jobs : {1U, 3U}) {
    std::mutex mutex;
    std::map<uint64_t, std::string> came;
    DeltaDecoderPool pool(codec_, version_, jobs, [&](uint64_t number, const auto& chunk) {
      const std::lock_guard<std::mutex> lock(mutex);
      EXPECT_TRUE(came.emplace(number, base::AsText(chunk)).second);
    });
    for (uint64_t number = 0; number < 200; ++number) {
      pool.Submit(Message(number));
    }
    pool.Finish();
    ASSERT_EQ(came.size(), 200U);
    for (const auto& [number, text] : came) {
      EXPECT_EQ(text, ContentOf(number));
    }
  }
}

TEST_F(RebuildPoolTest, WhatOneThrowsStopsAllAndIsThrownOn) {
  std::atomic<size_t> used = 0;
  DeltaDecoderPool pool(codec_, version_, 3, [&](uint64_t number, const auto& /*chunk*/) {
    ++used;
    if (number == 20) {
      base::FailErrno(ENOSPC, "cannot write");
    }
  });
  size_t submitted = 0;
  try {
    for (uint64_t number = 0; number < 1000; ++number) {
      pool.Submit(Message(number));
      ++submitted;
    }
    pool.Finish();
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_EQ(error.error_number(), ENOSPC);
  }
  EXPECT_GE(used, 21U - 3U);
  EXPECT_LE(used, submitted);
}

TEST_F(RebuildPoolTest, WhatWasNotBegunIsDropped) {
  std::atomic<size_t> used = 0;
  {
    DeltaDecoderPool pool(codec_, version_, 2, [&](uint64_t /*number*/, const auto&) { ++used; });
    pool.Submit(Message(0));
    pool.Submit(Message(1));
  }
  EXPECT_LE(used, 2U);
}

TEST_F(RebuildPoolTest, WithoutThreadsNothingComes) {
  DeltaDecoderPool pool(codec_, version_, 0,
                        [](uint64_t /*number*/, const auto& /*chunk*/) { FAIL(); });
  pool.Submit(Message(0));
  pool.Finish();
}

}  // namespace
}  // namespace activator

// What the agent takes of the host's memory while it makes chunks again. Sanitizers take more.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <sstream>

#include "base/process.h"
#include "chunker/codec_table.h"
#include "pusher/protocol/delta_message.h"
#include "pusher/session/push_session.h"
#include "tests/support/synthetic_image.h"

namespace activator {
namespace {

class MemoryTest : public testing::Test {
 protected:
  void SetUp() override {
    std::signal(SIGPIPE, SIG_IGN);
    ::setenv("SLIPWAY_TEST_STATUS", status().c_str(), 1);
  }
  void TearDown() override { ::unsetenv("SLIPWAY_TEST_STATUS"); }

  // Frames of 900 KB of content each, which differ a little from version to version.
  std::string Build(const std::string& version, const chunker::Codec& codec) {
    const auto encoder = chunker::MakeFrameEncoder(codec);
    tests::SyntheticImage image;
    image.version = version;
    image.codec = codec;
    for (uint64_t i = 0; i < 16; ++i) {
      std::string text;
      for (uint64_t word = i; text.size() < 900'000; word += 7919) {
        text += std::to_string(word * word % 10'000'019) + " ";
      }
      text.replace(400'000, version.size(), version);
      const std::vector<size_t> end = {text.size()};
      image.chunks.emplace_back(base::AsText(
          chunker::AlignedToBlocks(encoder->EncodeUpToLast(base::AsBytes(text), end))));
    }
    for (uint64_t i = 0; i < 64; ++i) {  // the host copies them meanwhile
      image.chunks.push_back(tests::NoiseBytes(i, 1 << 20));
    }
    return tests::WriteImage(directory_.path() + "/built", image);
  }

  pusher::PushedImage Push(const std::string& built, const std::string& root) {
    base::Child agent({TEST_AGENT, "receive", "--root", directory_.path() + "/" + root, "--by",
                       "me", "--dir", "--host-jobs", "100"});
    pusher::StreamOptions options;
    options.peer = "host";
    options.read_while_writing = true;
    pusher::Stream stream(agent.from(), agent.to(), options);
    pusher::Wire wire(stream);
    pusher::PushOptions push_options;
    push_options.work = &work_;
    const auto result =
        pusher::Push(wire, {images::ImageDirectory(built)}, base::Io(), push_options);
    EXPECT_EQ(agent.WaitFor(std::chrono::seconds(60)), 0);
    return result.images.at(0);
  }

  // The most that it had in memory at once.
  uint64_t PeakBytes() const {
    std::istringstream lines(base::ReadFile(status()));
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("VmHWM:")) {
        return std::stoull(line.substr(6)) << 10;
      }
    }
    return 0;
  }
  std::string status() const { return directory_.path() + "/status"; }

  void ExpectWithinLimit(const chunker::Codec& codec) {
    const std::string old = Build("1", codec);
    Push(old, "one");
    Push(old, "other");
    const std::string built = Build("2", codec);
    Push(built, "one");
    const pusher::PushedImage update = Push(built, "other");  // deltas come as fast as they can
    EXPECT_EQ(update.chunks_as_delta, 16U);
    EXPECT_EQ(update.chunks_failed, 0U);
    EXPECT_GT(PeakBytes(), uint64_t{4} << 20);
    EXPECT_LT(PeakBytes(), uint64_t{64} << 20);
  }

  pusher::SendCache work_{true};
  base::TemporaryDirectory directory_{"/tmp", "memory-"};
};

TEST_F(MemoryTest, AsManyThreadsAsTheyLikeStayWithinTheLimit) {
  ExpectWithinLimit(tests::ZstdCodec());
}

TEST_F(MemoryTest, TheLargestEncoderStaysWithinTheLimit) {
  chunker::Codec codec = tests::ZstdCodec();
  while (chunker::EncoderBytes(codec) <= pusher::kMaxRebuildEncoderBytes) {
    ++codec.parameters["chain_log"];
  }
  --codec.parameters["chain_log"];
  ExpectWithinLimit(codec);
}

}  // namespace
}  // namespace activator
#endif

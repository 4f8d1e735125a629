// Deltas from a real sender to a real receiver, and what happens where they do not come out.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <csignal>
#include <thread>

#include "activator/receive/receive_session.h"
#include "activator/state/version_locks.h"
#include "base/error.h"
#include "chunker/codec_table.h"
#include "pusher/delta/delta_prefetcher.h"
#include "pusher/session/push_session.h"
#include "tests/support/synthetic_image.h"

namespace activator {
namespace {

constexpr size_t kChunkBytes = 100000;

class ReceiveDeltaTest : public testing::Test {
 protected:
  void SetUp() override {
    std::signal(SIGPIPE, SIG_IGN);
    for (uint64_t i = 0; i < 20; ++i) {
      chunks_.push_back(tests::NoiseBytes(i, kChunkBytes));
    }
    old_ = Build("1");
    for (const size_t i : {3U, 4U, 11U}) {  // a few bytes of each
      chunks_[i].replace(50000, 20, "twenty other letters");
    }
    chunks_.insert(chunks_.begin() + 8, tests::NoiseBytes(99, kChunkBytes));
    new_ = Build("2");
  }

  std::string Build(const std::string& version) {
    return tests::WriteImage(directory_.path() + "/built",
                             {"app", version, chunks_, "", {}, false, codec_});
  }

  struct Outcome {
    pusher::PushedImage image;
    uint64_t sent_bytes = 0;
    std::string error;
  };

  Outcome Push(const std::string& built, const pusher::PushOptions& push_options = {}) {
    std::array<int, 2> pair{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()), 0);
    base::UniqueFd ours(pair[0]);
    ReceiveOptions options;
    options.root = root();
    options.by = "me";
    options.plain_directory = true;
    options.host_jobs = 3;
    std::thread agent([&, fd = base::UniqueFd(pair[1])] {
      base::Io io;
      io.in = io.out = fd.get();
      try {
        RunReceiveWith(options, {&Prepare, nullptr, stage_}, io);
      } catch (const base::Error&) {  // the sender is told
      }
    });
    Outcome out;
    {
      pusher::StreamOptions stream_options;
      stream_options.peer = "host";
      stream_options.read_while_writing = true;
      pusher::Stream stream(ours.get(), ours.get(), stream_options);
      pusher::Wire wire(stream);
      try {
        out.image = pusher::Push(wire, {images::ImageDirectory(built)}, base::Io(), push_options)
                        .images.at(0);
      } catch (const base::Error& error) {
        out.error = error.what();
      }
      out.sent_bytes = stream.sent_bytes();
      ours.Reset();
    }
    agent.join();
    return out;
  }

  static void Prepare(const images::HostLayout& layout) {
    base::MakeDirectories(layout.Incoming());
  }
  static StagedGeneration Stage(const images::HostLayout& /*layout*/,
                                const std::map<std::string, base::Sha256>& /*changes*/,
                                const std::string& /*by*/) {
    return {1, true, false};
  }

  void ExpectPublished(const std::string& built) {
    const std::string there = root() + "/app/" + base::BaseName(built);
    EXPECT_EQ(base::ReadFile(there + "/image.erofs"), base::ReadFile(built + "/image.erofs"));
    EXPECT_EQ(base::ReadFile(there + "/manifest.json"), base::ReadFile(built + "/manifest.json"));
    EXPECT_EQ(base::ReadFile(there + "/image.caibx"), base::ReadFile(built + "/image.caibx"));
  }
  void Damage(const std::string& image, size_t at) {
    std::string bytes = base::ReadFile(image);
    bytes[at] = static_cast<char>(bytes[at] ^ 1);
    base::Unlink(image);
    const base::UniqueFd fd = base::Open(image, O_WRONLY | O_CREAT, 0644);
    base::WriteAll(fd.get(), base::AsBytes(bytes), image);
  }
  std::string root() const { return directory_.path() + "/root"; }

  decltype(ReceiveSteps::stage) stage_ = &Stage;
  chunker::Codec codec_;
  base::TemporaryDirectory directory_{"/tmp", "receive-delta-"};
  std::vector<std::string> chunks_;
  std::string old_;
  std::string new_;
};

TEST_F(ReceiveDeltaTest, AnUpdateCostsWhatChanged) {
  EXPECT_EQ(Push(old_).image.chunks_as_delta, 0U);
  const Outcome update = Push(new_);
  EXPECT_EQ(update.error, "");
  EXPECT_EQ(update.image.chunks_sent, 4U);
  EXPECT_EQ(update.image.chunks_failed, 0U);
  EXPECT_EQ(update.image.basis, "app/" + base::BaseName(old_));
  EXPECT_LT(update.sent_bytes, kChunkBytes + 6000);  // the new chunk, and hardly more
  ExpectPublished(new_);
}

TEST_F(ReceiveDeltaTest, WithoutDeltasOrWithoutTheOldVersionHereTheChunksAreSent) {
  Push(old_);
  pusher::PushOptions options;
  options.deltas = false;
  const Outcome plain = Push(new_, options);
  EXPECT_EQ(plain.image.chunks_as_delta, 0U);
  EXPECT_GT(plain.sent_bytes, 4 * kChunkBytes);
  ExpectPublished(new_);
  base::RemoveTree(root() + "/app/" + base::BaseName(new_));
  base::RemoveTree(old_);
  const Outcome alone = Push(new_);
  EXPECT_EQ(alone.image.chunks_as_delta, 0U);
  EXPECT_EQ(alone.image.basis, "");
  ExpectPublished(new_);
}

// Images of other cut sizes than ours: what cannot be made again is known before it is sent.
TEST_F(ReceiveDeltaTest, FramesThatCannotBeMadeAgainGoAsTheyAre) {
  const auto encoder =
      chunker::MakeFrameEncoder(images::ImageDirectory(old_).manifest().image.codec);
  std::string text;
  for (int i = 0; text.size() < 150'000; ++i) {
    text += std::to_string(i * 7919) + " ";
  }
  const auto framed = [&] {
    const std::vector<size_t> anywhere = {50'000, 50'001, 90'000, text.size()};
    return std::string(base::AsText(
        chunker::AlignedToBlocks(encoder->EncodeUpToLast(base::AsBytes(text), anywhere))));
  };
  chunks_.push_back(framed());
  Push(Build("3"));
  text.replace(1000, 5, "other");
  chunks_.back() = framed();
  chunks_[1].replace(50'000, 20, "twenty other letters");
  const std::string update = Build("4");
  const Outcome outcome = Push(update);
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.image.chunks_sent, 2U);
  EXPECT_EQ(outcome.image.chunks_failed, 0U);
  ExpectPublished(update);
}

TEST_F(ReceiveDeltaTest, AnImageOfAnotherCodecVersionGoesAsChunks) {
  Push(old_);
  codec_ = tests::ZstdCodec();
  codec_.library_version = "1.4.0";
  const std::string built = Build("3");
  const Outcome update = Push(built);
  EXPECT_EQ(update.error, "");
  EXPECT_EQ(update.image.chunks_as_delta, 0U);
  EXPECT_EQ(update.image.chunks_failed, 0U);
  ExpectPublished(built);
}

TEST_F(ReceiveDeltaTest, FramesOfLz4AreMadeAgainToo) {
  codec_ = {chunker::kLz4, chunker::LibraryVersion(chunker::kLz4), 9, {}};
  const auto encoder = chunker::MakeFrameEncoder(codec_);
  std::string text;
  for (int i = 0; text.size() < 200'000; ++i) {
    text += std::to_string(i * 7919) + " ";
  }
  const auto build = [&](const std::string& version) {
    chunks_.back() = std::string(
        base::AsText(chunker::AlignedToBlocks(encoder->EncodeWhole(base::AsBytes(text)))));
    return Build(version);
  };
  Push(build("3"));
  text.replace(1000, 5, "other");
  const std::string built = build("4");
  const Outcome update = Push(built);
  EXPECT_EQ(update.error, "");
  EXPECT_EQ(update.image.chunks_sent, 1U);
  EXPECT_EQ(update.image.chunks_as_delta, 1U);
  EXPECT_EQ(update.image.chunks_failed, 0U);
  EXPECT_LT(update.sent_bytes, 6000U);
  ExpectPublished(built);
}

TEST_F(ReceiveDeltaTest, ChunksOfLz4GoPackedWhereThatIsWanted) {
  codec_ = {chunker::kLz4, chunker::LibraryVersion(chunker::kLz4), 9, {}};
  for (std::string& chunk : chunks_) {  // half of it zeros
    chunk.resize(kChunkBytes / 2);
    chunk.resize(kChunkBytes);
  }
  const std::string first = Build("3");
  pusher::PushOptions options;
  options.pack = false;
  const uint64_t as_they_are = Push(first, options).sent_bytes;
  ExpectPublished(first);
  base::RemoveTree(root());
  const Outcome packed = Push(first);
  EXPECT_EQ(packed.error, "");
  EXPECT_EQ(packed.image.chunks_sent, chunks_.size());
  EXPECT_LT(packed.sent_bytes, as_they_are * 6 / 10);
  ExpectPublished(first);
}

// An index of 80 KB that does not compress.
TEST_F(ReceiveDeltaTest, ManifestAndIndexTravelAsAPatchOfTheOldOnes) {
  chunks_.clear();
  for (uint64_t i = 0; i < 2000; ++i) {
    chunks_.push_back(tests::NoiseBytes(i, 64));
  }
  Push(Build("3"));
  chunks_[900] = tests::NoiseBytes(9999, 64);
  const std::string built = Build("4");
  const Outcome update = Push(built);
  EXPECT_EQ(update.image.chunks_sent, 1U);
  EXPECT_LT(update.sent_bytes, 3000U);
  ExpectPublished(built);
}

TEST_F(ReceiveDeltaTest, WhereTheHostsOldContentIsDamagedTheChunksAreSentInTheSamePush) {
  Push(old_);
  Damage(root() + "/app/" + base::BaseName(old_) + "/image.erofs", 4 * kChunkBytes + 5);
  const Outcome update = Push(new_);
  EXPECT_EQ(update.error, "");
  EXPECT_GT(update.image.chunks_failed, 0U);
  ExpectPublished(new_);
}

// The index says that it is here; what is read of it while the deltas come says otherwise.
TEST_F(ReceiveDeltaTest, AChunkThatIsDamagedInTheVersionThatHasItIsSentInTheSamePush) {
  Push(old_);
  Damage(root() + "/app/" + base::BaseName(old_) + "/image.erofs", 19 * kChunkBytes + 5);
  const Outcome update = Push(new_);
  EXPECT_EQ(update.error, "");
  EXPECT_EQ(update.image.chunks_as_delta, 3U);
  EXPECT_EQ(update.image.chunks_sent, 5U);
  EXPECT_EQ(update.image.chunks_failed, 0U);
  ExpectPublished(new_);
}

TEST_F(ReceiveDeltaTest, ARightGuessAndAWrongOneBringTheSame) {
  Push(old_);
  for (const bool right : {true, false}) {
    if (!right) {  // the newest beside it is no longer what the host has
      base::RemoveTree(root() + "/app/" + base::BaseName(new_));
      chunks_[0].replace(50000, 20, "twenty other letters");
      Build("3");
    }
    pusher::SendCache shared(true);
    pusher::DeltaPrefetcher guesser(shared);
    guesser.Add(images::ImageDirectory(new_));
    const Outcome update = Push(new_, {true, true, &shared});
    EXPECT_EQ(update.error, "");
    EXPECT_EQ(update.image.chunks_as_delta, 3U);
    EXPECT_EQ(update.image.chunks_sent, 4U);
    ExpectPublished(new_);
  }
}

TEST_F(ReceiveDeltaTest, WhereOurOldVersionIsDamagedNothingOfItIsUsed) {
  Push(old_);
  Damage(old_ + "/image.erofs", 4 * kChunkBytes + 5);
  const Outcome update = Push(new_);
  EXPECT_EQ(update.error, "");
  EXPECT_EQ(update.image.chunks_as_delta, 0U);
  ExpectPublished(new_);
}

// That is found out when the deltas near it are made.
TEST_F(ReceiveDeltaTest, WhereOurOldVersionIsDamagedInWhatStaysChunksNearItGoWhole) {
  Push(old_);
  Damage(old_ + "/image.erofs", 15 * kChunkBytes + 5);
  testing::internal::CaptureStderr();
  const Outcome update = Push(new_);
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_EQ(update.error, "");
  EXPECT_NE(
      said.find("host: some chunks were sent without deltas: " + old_ + "/image.erofs is damaged"),
      std::string::npos);
  EXPECT_GT(update.image.chunks_as_delta, 0U);
  EXPECT_LT(update.image.chunks_as_delta, 3U);
  ExpectPublished(new_);
}

TEST_F(ReceiveDeltaTest, NoPruneTakesAwayWhatItMayReadFromUntilItHasEnded) {
  Push(old_);
  const images::ImageId id = images::ImageId::Parse(base::BaseName(old_));
  bool shared = false;
  stage_ = [&](const images::HostLayout& layout, const auto& changes, const std::string& by) {
    shared = VersionLocks(layout).IsShared(id);
    return Stage(layout, changes, by);
  };
  EXPECT_EQ(Push(new_).error, "");
  EXPECT_TRUE(shared);
  const VersionLocks prune{images::HostLayout(root())};
  ASSERT_TRUE(prune.Own(id));
  EXPECT_EQ(Push(new_).error, "");  // what is just being removed is not held
}

}  // namespace
}  // namespace activator

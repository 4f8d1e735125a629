// Pushes whose host fails at every possible moment.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <thread>

#include "activator/receive/receive_session.h"
#include "base/error.h"
#include "base/process.h"
#include "base/sys.h"
#include "pusher/session/push_session.h"
#include "tests/pusher/protocol/pipe.h"
#include "tests/support/synthetic_image.h"

namespace activator {
namespace {

using testing::HasSubstr;

struct Outcome {
  std::string error;  // as the sender sees it; empty: it worked
  uint64_t chunks_sent = 0;
};

class FaultTest : public testing::Test {
 protected:
  void SetUp() override {
    std::signal(SIGPIPE, SIG_IGN);
    for (int i = 0; i < 6; ++i) {
      chunks_.push_back(tests::NoiseBytes(static_cast<uint64_t>(i), 5000));
    }
    built_ = tests::WriteImage(directory_.path() + "/built", {"app", "1", chunks_, "", {}});
  }
  void TearDown() override { ::unsetenv("SLIPWAY_TEST_DIE_AT"); }

  pusher::StreamOptions Options(const std::string& peer) {
    pusher::StreamOptions out;
    out.peer = peer;
    out.read_while_writing = peer == "host";
    out.idle_limit = std::chrono::seconds(10);
    return out;
  }

  // With a real agent process, which dies at its `die_at`th change; 0: never.
  Outcome PushToProcess(int die_at) {
    ::setenv("SLIPWAY_TEST_DIE_AT", std::to_string(die_at).c_str(), 1);
    base::Child child({TEST_AGENT, "receive", "--root", root(), "--by", "me", "--dir"});
    pusher::Stream stream(child.from(), child.to(), Options("host"));
    return PushOver(stream);
  }

  // With the agent in a thread of this process, under the seam that the test put there.
  Outcome PushToThread() {
    tests::SocketPair pair;
    ReceiveOptions options;
    options.root = root();
    options.by = "me";
    options.plain_directory = true;
    std::thread agent([&, fd = std::move(pair.b)] {
      base::Io io;
      io.in = io.out = fd.get();
      try {
        RunReceiveWith(options, {&FaultTest::Prepare, nullptr, &FaultTest::Stage}, io);
      } catch (const base::Error&) {  // the sender is told
      }
    });
    Outcome outcome;
    {
      pusher::Stream stream(pair.a.get(), pair.a.get(), Options("host"));
      outcome = PushOver(stream);
      pair.a.Reset();
    }
    agent.join();
    return outcome;
  }

  Outcome PushOver(pusher::Stream& stream) {
    pusher::Wire wire(stream);
    Outcome outcome;
    try {
      const pusher::PushResult result =
          pusher::Push(wire, {images::ImageDirectory(built_)}, base::Io());
      outcome.chunks_sent = result.images.at(0).chunks_sent;
    } catch (const base::Error& error) {
      outcome.error = error.what();
    }
    return outcome;
  }

  static void Prepare(const images::HostLayout& layout) {
    base::MakeDirectories(layout.Incoming());
  }
  static StagedGeneration Stage(const images::HostLayout& /*layout*/,
                                const std::map<std::string, base::Sha256>& /*changes*/,
                                const std::string& /*by*/) {
    return {1, true, false};
  }

  // What is there is nothing, or all of it.
  void ExpectWholeOrNothing() {
    const std::string there = root() + "/app/" + base::BaseName(built_);
    if (base::Exists(there)) {
      EXPECT_NO_THROW(images::ImageDirectory(there).ReadIndex());
      EXPECT_EQ(base::ReadFile(there + "/image.erofs"), base::ReadFile(built_ + "/image.erofs"));
    }
  }
  std::string root() const { return directory_.path() + "/root"; }

  base::TemporaryDirectory directory_{"/tmp", "fault-"};
  std::vector<std::string> chunks_;
  std::string built_;
};

TEST_F(FaultTest, AnAgentThatDiesAtAnyChangeLeavesWholeVersionsAndTheNextPushEndsIt) {
  int died = 0;
  for (int call = 1;; ++call) {
    base::RemoveTree(root());
    const Outcome outcome = PushToProcess(call);
    ExpectWholeOrNothing();
    if (outcome.error.empty()) {
      break;
    }
    ++died;
    const Outcome next = PushToProcess(0);
    EXPECT_EQ(next.error, "") << "after " << call;
    ExpectWholeOrNothing();
    EXPECT_TRUE(base::Exists(root() + "/app/" + base::BaseName(built_)));
    EXPECT_TRUE(base::ListDirectory(root() + "/incoming").empty()) << "after " << call;
  }
  EXPECT_GT(died, 25);
}

TEST_F(FaultTest, WhatWasStoredBeforeADeathIsNotSentAgain) {
  uint64_t least = 6;
  for (int call = 1; call < 40; ++call) {
    base::RemoveTree(root());
    if (PushToProcess(call).error.empty()) {
      break;
    }
    least = std::min(least, PushToProcess(0).chunks_sent);
  }
  EXPECT_EQ(least, 0U);  // it died in the commit: all chunks were there
}

class FailingWrite : public base::Sys {
 public:
  FailingWrite(int at, int error_number, size_t at_least)
      : calls_left_(at), error_number_(error_number), at_least_(at_least) {}
  ssize_t PWrite(int fd, const void* buffer, size_t size_bytes, off_t offset) override {
    if (size_bytes >= at_least_ && --calls_left_ == 0) {
      errno = error_number_;
      return -1;
    }
    return Sys::PWrite(fd, buffer, size_bytes, offset);
  }

 private:
  int calls_left_;
  const int error_number_;
  const size_t at_least_;
};

TEST_F(FaultTest, ADiskThatBecomesFullIsSaidAndLeftEmpty) {
  for (int chunk = 1; chunk <= 6; ++chunk) {
    FailingWrite full(chunk, ENOSPC, 5000);
    const base::ScopedSys seam(full);
    const Outcome outcome = PushToThread();
    EXPECT_THAT(outcome.error, HasSubstr("host: the disk is full: "));
    EXPECT_THAT(outcome.error, HasSubstr("what had arrived was removed"));
    EXPECT_TRUE(base::ListDirectory(root() + "/incoming").empty());
    EXPECT_FALSE(base::Exists(root() + "/app"));
  }
}

TEST_F(FaultTest, ADiskThatFailsIsSaidAndTheNextPushGoesOn) {
  {
    FailingWrite bad(4, EIO, 5000);
    const base::ScopedSys seam(bad);
    EXPECT_THAT(PushToThread().error, HasSubstr("Input/output error"));
  }
  const Outcome next = PushToThread();
  EXPECT_EQ(next.error, "");
  EXPECT_EQ(next.chunks_sent, 3U);
}

TEST_F(FaultTest, AVersionThatGoesAwayBeforeTheCommitIsNoSuccess) {
  ASSERT_EQ(PushToThread().error, "");
  class Pruning : public base::Sys {
   public:
    explicit Pruning(std::string path) : path_(std::move(path)) {}
    int Flock(int fd, int operation) override {  // the host's lock is the first that is taken
      base::RemoveTree(path_);
      return Sys::Flock(fd, operation);
    }

   private:
    std::string path_;
  } pruning(root() + "/app/" + base::BaseName(built_));
  const base::ScopedSys seam(pruning);
  EXPECT_THAT(PushToThread().error, HasSubstr("was removed meanwhile; push again"));
}

TEST_F(FaultTest, AStagingThatFailsIsNoSuccess) {
  tests::SocketPair pair;
  ReceiveOptions options;
  options.root = root();
  options.plain_directory = true;
  std::thread agent([&, fd = std::move(pair.b)] {
    base::Io io;
    io.in = io.out = fd.get();
    const ReceiveSteps steps = {&FaultTest::Prepare, nullptr,
                                [](const auto&, const auto&, const auto&) -> StagedGeneration {
                                  base::Fail(base::ExitCode::kFailed, "two units are app.service");
                                }};
    EXPECT_THROW(RunReceiveWith(options, steps, io), base::Error);
  });
  pusher::Stream stream(pair.a.get(), pair.a.get(), Options("host"));
  EXPECT_EQ(PushOver(stream).error, "host: two units are app.service");
  agent.join();
}

}  // namespace
}  // namespace activator

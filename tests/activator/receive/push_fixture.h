// Pushes from a real sender to a real receiver in a thread of the test; staging is left out.
#ifndef SLIPWAY_TESTS_ACTIVATOR_RECEIVE_PUSH_FIXTURE_H_
#define SLIPWAY_TESTS_ACTIVATOR_RECEIVE_PUSH_FIXTURE_H_

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <exception>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "activator/receive/receive_session.h"
#include "activator/state/generations.h"
#include "base/atomic_file.h"
#include "base/error.h"
#include "base/file.h"
#include "pusher/session/push_session.h"
#include "tests/pusher/protocol/pipe.h"
#include "tests/support/synthetic_image.h"

namespace activator {

class PushTest : public testing::Test {
 protected:
  static constexpr size_t kChunkBytes = 98304;  // whole blocks
  static constexpr size_t kChunks = 20;

  explicit PushTest(const std::string& parent = "/tmp") : directory_(parent, "push-") {
    std::signal(SIGPIPE, SIG_IGN);
    for (uint64_t i = 0; i < kChunks; ++i) {
      chunks_.push_back(tests::NoiseBytes(i, kChunkBytes));
    }
  }

  std::string Build(const std::string& version, const std::string& name = "app") {
    return tests::WriteImage(directory_.path() + "/built", {name, version, chunks_, "", {}});
  }

  struct Outcome {
    std::vector<pusher::PushedImage> images;
    pusher::Staged staged;
    uint64_t sent_bytes = 0;
    std::string error;  // as the sender sees it; empty: it worked
    std::string said;   // on standard error
  };

  Outcome Push(const std::vector<std::string>& built,
               const pusher::PushOptions& push_options = {}) {
    Outcome out;
    WithAgent([&](int fd) { out = PushOver(fd, fd, built, push_options); });
    return out;
  }

  pusher::PushPlan Plan(const std::string& built) {
    pusher::PushPlan out;
    WithAgent([&](int fd) {
      const std::vector<images::ImageDirectory> images = {images::ImageDirectory(built)};
      pusher::StreamOptions stream_options;
      stream_options.read_while_writing = true;
      pusher::Stream stream(fd, fd, stream_options);
      pusher::Wire wire(stream);
      out = pusher::PushSession(wire, images, {}).Plan({});
    });
    return out;
  }

  void WithAgent(const std::function<void(int fd)>& work) {
    tests::SocketPair pair;
    std::thread agent([&, fd = std::move(pair.b)] {
      base::Io io;
      io.in = io.out = fd.get();
      try {
        RunReceiveWith(options_, {&Prepare, nullptr, stage_}, io);
      } catch (const base::Error&) {  // the sender is told
      }
    });
    std::exception_ptr thrown;
    try {
      work(pair.a.get());
    } catch (const base::Error&) {
      thrown = std::current_exception();
    }
    pair.a.Reset();
    agent.join();
    if (thrown) {
      std::rethrow_exception(thrown);
    }
  }

  // The sender's side alone.
  static Outcome PushOver(int in, int out_fd, const std::vector<std::string>& built,
                          const pusher::PushOptions& push_options) {
    Outcome out;
    std::vector<images::ImageDirectory> images;
    for (const std::string& path : built) {
      images.emplace_back(path);
    }
    base::TemporaryDirectory place("/tmp", "push-said-");
    const base::UniqueFd said = base::Open(place.path() + "/said", O_RDWR | O_CREAT, 0600);
    base::Io io;
    io.err = said.get();
    pusher::StreamOptions stream_options;
    stream_options.peer = "host";
    stream_options.read_while_writing = true;
    pusher::Stream stream(in, out_fd, stream_options);
    pusher::Wire wire(stream);
    try {
      const pusher::PushResult result = pusher::Push(wire, images, io, push_options);
      out.images = result.images;
      out.staged = result.staged;
    } catch (const base::Error& error) {
      out.error = error.what();
    }
    out.sent_bytes = stream.sent_bytes();
    out.said = base::ReadFile(place.path() + "/said");
    return out;
  }

  void ExpectSame(const std::string& built) {
    for (const std::string& file : base::ListDirectory(built)) {
      EXPECT_EQ(base::ReadFile(There(built) + "/" + file), base::ReadFile(built + "/" + file))
          << file;
    }
  }
  // A byte of the file in place: the file stays the same.
  static void Change(const std::string& file, uint64_t at) {
    const base::UniqueFd fd = base::Open(file, O_RDWR);
    std::vector<uint8_t> byte = base::PRead(fd.get(), at, 1, file);
    byte.at(0) ^= 1U;
    base::PWriteAll(fd.get(), byte, at, file);
  }
  images::HostLayout layout() const { return images::HostLayout(options_.root); }
  // A generation that is active there, with this image as application app.
  void MakeActive(const std::string& built) const {
    Generation active;
    active.number = 7;
    active.created = "2026-11-24T12:00:00Z";
    active.apps["app"] = images::ImageDirectory(built).stored().digest;
    active.state = GenerationState::kActive;
    base::MakeDirectories(layout().Generation(7));
    StoreGeneration(layout(), active);
    base::ReplaceSymlink("generations/7", layout().Current());
  }
  std::string There(const std::string& built) const {
    return options_.root + "/" + base::BaseName(base::ParentOf(built)) + "/" +
           base::BaseName(built);
  }

  base::TemporaryDirectory directory_;
  std::vector<std::string> chunks_;
  ReceiveOptions options_ = {directory_.path() + "/root", "me", true};
  decltype(ReceiveSteps::stage) stage_ = &Stage;

 private:
  static void Prepare(const images::HostLayout& layout) {
    base::MakeDirectories(layout.Incoming());
  }
  static StagedGeneration Stage(const images::HostLayout& /*layout*/,
                                const std::map<std::string, base::Sha256>& /*changes*/,
                                const std::string& /*by*/) {
    return {1, true, false};
  }
};

}  // namespace activator

#endif  // SLIPWAY_TESTS_ACTIVATOR_RECEIVE_PUSH_FIXTURE_H_

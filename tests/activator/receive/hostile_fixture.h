// A sender that says anything at all, to a real agent process.
#ifndef SLIPWAY_TESTS_ACTIVATOR_RECEIVE_HOSTILE_FIXTURE_H_
#define SLIPWAY_TESTS_ACTIVATOR_RECEIVE_HOSTILE_FIXTURE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <functional>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "images/version/image_directory.h"
#include "pusher/protocol/protocol.h"
#include "tests/support/synthetic_image.h"

namespace activator {

class HostileTest : public testing::Test {
 protected:
  void SetUp() override {
    std::signal(SIGPIPE, SIG_IGN);
    built_ = tests::WriteImage(directory_.path() + "/built",
                               {"app", "1", {"one", "two", "three"}, "", {}});
  }

  // Greets, begins with `images` images, lets `say` speak, and returns what the agent fails with.
  std::string Failure(uint64_t images, const std::function<void(pusher::Wire&)>& say) {
    // Whatever is said, it takes no more memory than an agent may: 64 MiB and what threads reserve.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    const std::string limit = "ulimit -d 131072; ";
#else
    const std::string limit;
#endif
    base::Child child(
        {"sh", "-c", limit + "exec \"$0\" receive --root \"$1\" --by me --dir", TEST_AGENT, root()},
        base::ChildError::kPiped);
    pusher::StreamOptions options;
    options.peer = "host";
    options.read_while_writing = true;
    options.diagnostics = child.error();
    options.idle_limit = std::chrono::seconds(10);
    pusher::Stream stream(child.from(), child.to(), options);
    pusher::Wire wire(stream);
    try {
      pusher::Expect(wire, pusher::MessageType::kHello);
      pusher::Begin begin;
      begin.images = images;
      pusher::SendText(wire, pusher::MessageType::kBegin, begin.Serialize());
      say(wire);
      wire.Flush();
      for (;;) {
        pusher::ReceiveMessage(wire);
      }
    } catch (const base::Error& error) {
      exit_code_ = child.WaitFor(std::chrono::seconds(10)).value_or(-1);
      return error.what();
    }
  }

  pusher::Offer TheOffer() {
    const images::ImageDirectory image(built_);
    pusher::Offer offer;
    offer.name = "app";
    offer.manifest_sha256 = image.stored().digest;
    offer.manifest_bytes = image.stored().text.size();
    offer.index_bytes = base::ReadFile(image.index_path()).size();
    return offer;
  }
  void SendOffer(pusher::Wire& wire, const pusher::Offer& offer) {
    const images::ImageDirectory image(built_);
    pusher::SendText(wire, pusher::MessageType::kOffer, offer.Serialize());
    pusher::SendBlob(wire, image.stored().text);
    pusher::SendBlob(wire, base::ReadFile(image.index_path()));
  }
  // Of an image that deltas may be against the one version that is here.
  pusher::Offer TheOfferWithBasis() {
    if (!base::Exists(root() + "/base")) {
      tests::WriteImage(root(), {"base", "1", {"uno", "due"}, "", {}});
    }
    pusher::Offer offer = TheOffer();
    offer.basis = 1;
    return offer;
  }
  void ExpectNothingPublished() {
    EXPECT_FALSE(base::Exists(root() + "/app"));
    EXPECT_FALSE(base::Exists(root() + "/generations/log"));
  }
  std::string root() const { return directory_.path() + "/root"; }

  base::TemporaryDirectory directory_{"/tmp", "hostile-"};
  std::string built_;
  int exit_code_ = 0;
};

}  // namespace activator

#endif  // SLIPWAY_TESTS_ACTIVATOR_RECEIVE_HOSTILE_FIXTURE_H_

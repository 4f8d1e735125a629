// What a push with nothing to do costs: bytes and round trips.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <thread>

#include "base/file.h"
#include "base/process.h"
#include "pusher/session/push_session.h"
#include "tests/support/synthetic_image.h"

namespace pusher {
namespace {

// Passes on what a sender and an agent say to each other, and counts.
class Relay {
 public:
  Relay(int sender, const base::Child& agent)
      : sender_(sender), agent_(agent), thread_([this] { Run(); }) {}
  ~Relay() { thread_.join(); }

  uint64_t sent_bytes() const { return sent_bytes_; }
  // How often the sender spoke after it had listened.
  int round_trips() const { return round_trips_; }

 private:
  void Run() {
    bool sender_spoke_last = false;
    std::array<uint8_t, 65536> buffer{};
    for (;;) {
      std::array<pollfd, 2> fds{{{sender_, POLLIN, 0}, {agent_.from(), POLLIN, 0}}};
      ::poll(fds.data(), fds.size(), -1);
      const bool from_sender = fds[0].revents != 0;
      const ssize_t got =
          ::read(from_sender ? sender_ : agent_.from(), buffer.data(), buffer.size());
      if (got <= 0) {
        return;
      }
      const base::Bytes data(buffer.data(), static_cast<size_t>(got));
      base::WriteAll(from_sender ? agent_.to() : sender_, data, "the peer");
      if (from_sender) {
        sent_bytes_ += data.size();
        round_trips_ += sender_spoke_last ? 0 : 1;
      }
      sender_spoke_last = from_sender;
    }
  }

  const int sender_;
  const base::Child& agent_;
  std::atomic<uint64_t> sent_bytes_ = 0;
  std::atomic<int> round_trips_ = 0;
  std::thread thread_;
};

TEST(RoundTripTest, APushWithNothingToDoIsSmallAndShort) {
  std::signal(SIGPIPE, SIG_IGN);
  const base::TemporaryDirectory directory("/tmp", "round-trip-");
  std::vector<images::ImageDirectory> images;
  for (const char* name : {"a", "b", "c"}) {
    tests::SyntheticImage image;
    image.name = name;
    image.chunks = std::vector<std::string>(200, "one chunk");
    images.emplace_back(tests::WriteImage(directory.path() + "/built", image));
  }
  for (const bool again : {false, true}) {
    std::array<int, 2> pair{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()), 0);
    base::UniqueFd ours(pair[0]);
    const base::UniqueFd theirs(pair[1]);
    base::Child agent(
        {TEST_AGENT, "receive", "--root", directory.path() + "/host", "--by", "me", "--dir"});
    const Relay relay(theirs.get(), agent);
    StreamOptions options;
    options.peer = "host";
    options.read_while_writing = true;
    Stream stream(ours.get(), ours.get(), options);
    Wire wire(stream);
    const PushResult result = PushSession(wire, images, {}).Push({});
    EXPECT_EQ(result.images.at(0).already_there, again);
    ::shutdown(ours.get(), SHUT_RDWR);
    if (again) {
      EXPECT_LE(relay.sent_bytes(), 20'000U);
      EXPECT_EQ(relay.sent_bytes(), wire.sent_bytes());
      EXPECT_LE(relay.round_trips(), 3);
    }
  }
}

}  // namespace
}  // namespace pusher

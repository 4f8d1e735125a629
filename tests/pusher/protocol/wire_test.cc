#include "pusher/protocol/wire.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <string>
#include <thread>

#include "base/error.h"
#include "base/log.h"
#include "base/printable.h"
#include "pusher/protocol/keep_alive.h"
#include "pusher/protocol/protocol.h"
#include "pusher/session/content_sender.h"
#include "tests/pusher/protocol/pipe.h"
#include "tests/support/synthetic_image.h"

namespace pusher {
namespace {

StreamOptions Options() {
  StreamOptions out;
  out.peer = "the peer";
  out.idle_limit = std::chrono::milliseconds(2000);
  return out;
}

// The bytes of one frame as they go over the link.
std::string FrameBytes(uint8_t type, std::string_view payload) {
  tests::SocketPair pair;
  Stream stream(pair.a.get(), pair.a.get(), Options());
  Wire wire(stream);
  wire.Send(type, base::AsBytes(payload));
  wire.Flush();
  std::string out(stream.sent_bytes(), '\0');
  EXPECT_EQ(::read(pair.b.get(), out.data(), out.size()), static_cast<ssize_t>(out.size()));
  return out;
}

// What a peer that sends `bytes` and leaves is taken for.
std::string Outcome(const std::string& bytes) {
  tests::SocketPair pair;
  Stream stream(pair.a.get(), pair.a.get(), Options());
  Wire wire(stream);
  EXPECT_EQ(::write(pair.b.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  pair.b.Reset();
  try {
    const std::optional<Frame> frame = wire.Receive();
    return frame ? "frame" : "end";
  } catch (const base::Error& error) {
    return error.what();
  }
}

TEST(WireTest, TheLogHasTypesAndSizesAndNoContent) {
  std::string logged;
  const base::LogOutput output([&](const std::string& line) { logged += line; });
  base::SetLogLevel(base::LogLevel::kDebug);
  const std::string frame = FrameBytes(static_cast<uint8_t>(MessageType::kChunk), "sentinel");
  EXPECT_EQ(Outcome(frame), "frame");
  EXPECT_EQ(Outcome(FrameBytes(200, "sentinel")), "frame");
  EXPECT_THAT(logged, testing::HasSubstr(" debug: the peer: sent chunk, 8 bytes\n"));
  EXPECT_THAT(logged, testing::HasSubstr(" debug: the peer: got chunk, 8 bytes\n"));
  EXPECT_THAT(logged, testing::HasSubstr(" debug: the peer: got unknown, 8 bytes\n"));
  EXPECT_THAT(logged, testing::Not(testing::HasSubstr("sentinel")));
}

TEST(WireTest, AFrameIsItsHeaderAndPayload) {
  const std::string bytes = FrameBytes(7, "hello");
  ASSERT_EQ(bytes.size(), kFrameHeaderBytes + 5);
  EXPECT_EQ(bytes.substr(0, 5), std::string("\5\0\0\0\7", 5));
  EXPECT_EQ(bytes.substr(5, 8), [] {
    const base::Sha256 digest = base::Sha256Of("\7hello");
    return std::string(digest.bytes.begin(), digest.bytes.begin() + 8);
  }());
  EXPECT_EQ(bytes.substr(13), "hello");
  EXPECT_EQ(Outcome(bytes), "frame");
}

TEST(WireTest, CutAtEveryByteIsTheEndOfTheConnection) {
  const std::string bytes = FrameBytes(7, "hello, host");
  EXPECT_EQ(Outcome(""), "end");
  for (size_t length = 1; length < bytes.size(); ++length) {
    EXPECT_EQ(Outcome(bytes.substr(0, length)),
              "the peer ended the connection in the middle of a message")
        << length;
  }
}

TEST(WireTest, EveryFlippedBitIsFound) {
  const std::string bytes = FrameBytes(7, "hello, host");
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string bad = bytes;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ 1 << (bit % 8));
    EXPECT_THAT(Outcome(bad), testing::AnyOf(testing::HasSubstr("broke the protocol"),
                                             testing::HasSubstr("in the middle of a message")))
        << bit;
  }
}

TEST(WireTest, AnOversizedFrameIsRefusedByItsHeader) {
  EXPECT_THAT(Outcome(std::string("\xff\xff\xff\xff\7aaaaaaaa", 13)),
              testing::HasSubstr("a message of 4294967295 bytes, at most 1048640 are possible"));
}

TEST(WireTest, TextInThePlaceOfAFrameIsTold) {
  const std::string told = "' was printed into the connection; a start file of the login shell";
  for (const std::string text :
       {"backup of /srv runs, please wait", "hi!", "\tlast login: never"}) {
    EXPECT_THAT(
        Outcome(text + "\n" + FrameBytes(7, "hello")),
        testing::HasSubstr("the peer broke the protocol: '" + base::Printable(text) + told));
  }
}

TEST(WireTest, OurOwnOversizedFrameIsAnError) {
  tests::SocketPair pair;
  Stream stream(pair.a.get(), pair.a.get(), Options());
  Wire wire(stream);
  EXPECT_THROW(wire.Send(1, std::vector<uint8_t>(kMaxPayloadBytes + 1)), base::Error);
}

TEST(KeepAliveTest, HeartbeatsKeepASlowPeerAndEndWhenItIsStuck) {
  tests::SocketPair pair;
  StreamOptions patient = Options();
  patient.idle_limit = std::chrono::milliseconds(600);
  Stream reader_stream(pair.a.get(), pair.a.get(), patient);
  Wire reader(reader_stream);
  Stream worker_stream(pair.b.get(), pair.b.get(), Options());
  Wire worker(worker_stream);
  const auto start = std::chrono::steady_clock::now();
  KeepAlive alive(worker, std::chrono::milliseconds(100), std::chrono::milliseconds(1500));
  EXPECT_THROW(ReceiveMessage(reader), base::Error);  // only heartbeats come, until the limit
  const auto waited = std::chrono::steady_clock::now() - start;
  EXPECT_GT(waited, std::chrono::milliseconds(1500));
  EXPECT_LT(waited, std::chrono::milliseconds(4000));
}

// Heartbeats had ended, and go on while chunks are sent.
TEST(KeepAliveTest, AChunkThatIsSentIsProgress) {
  const base::TemporaryDirectory directory("/tmp", "keep-alive-");
  const images::ImageDirectory image(
      tests::WriteImage(directory.path(), {"app", "1", {"one", "two"}, "", {}}));
  SendCache shared(false);
  const std::shared_ptr<ImageSendState> work = shared.Of(image);
  const base::UniqueFd null = base::Open("/dev/null", O_RDWR);
  Stream nowhere_stream(null.get(), null.get(), {});
  Wire nowhere(nowhere_stream);
  tests::SocketPair pair;
  Stream stream(pair.b.get(), pair.b.get(), Options());
  Wire wire(stream);
  StreamOptions patient = Options();
  patient.idle_limit = std::chrono::seconds(10);
  Stream reader_stream(pair.a.get(), pair.a.get(), patient);
  Wire reader(reader_stream);
  KeepAlive alive(wire, std::chrono::milliseconds(100), std::chrono::milliseconds(500));
  ::usleep(1'000'000);
  wire.Send(9, {});
  wire.Flush();
  while (reader.Receive()->type != 9) {
  }
  std::atomic<bool> done = false;
  std::thread sender([&] {
    const std::vector<bool> missing(work->chunks().size(), true);
    while (!done) {
      ContentSender(nowhere, *work, missing, alive, {}, "").Send(nullptr, false);
      ::usleep(10'000);
    }
  });
  EXPECT_NO_THROW(EXPECT_EQ(reader.Receive()->type, static_cast<uint8_t>(MessageType::kHeartbeat)));
  done = true;
  sender.join();
}

// A link that was dead stays so: each thread would wait for it anew.
TEST(WireTest, WhatCouldNotBeSentIsNotTriedAgain) {
  tests::SocketPair pair;
  StreamOptions impatient = Options();
  impatient.idle_limit = std::chrono::milliseconds(100);
  Stream stream(pair.a.get(), pair.a.get(), impatient);
  Wire wire(stream);
  const std::vector<uint8_t> data(kMaxPayloadBytes);
  const auto fill = [&] {
    for (;;) {
      wire.Send(1, data);  // nobody reads
    }
  };
  EXPECT_THROW(fill(), base::Error);
  std::vector<uint8_t> read(kMaxPayloadBytes);
  while (::recv(pair.b.get(), read.data(), read.size(), MSG_DONTWAIT) > 0) {
  }
  EXPECT_THROW(wire.SendAside(2), base::Error);
  EXPECT_THROW(wire.Flush(), base::Error);
  Stream peer_stream(pair.b.get(), pair.b.get(), Options());
  Wire peer(peer_stream);
  SendText(peer, MessageType::kFailure, "last words");
  peer.Flush();
  stream.DropOutput();
  EXPECT_TRUE(wire.Receive());
}

}  // namespace
}  // namespace pusher

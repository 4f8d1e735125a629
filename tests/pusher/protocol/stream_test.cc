#include "pusher/protocol/stream.h"

#include <gtest/gtest.h>

#include <thread>

#include "base/error.h"
#include "tests/pusher/protocol/pipe.h"

namespace pusher {
namespace {

using std::chrono::milliseconds;

StreamOptions Options(bool read_while_writing = false, milliseconds idle = milliseconds(5000)) {
  StreamOptions out;
  out.peer = "the peer";
  out.idle_limit = idle;
  out.read_while_writing = read_while_writing;
  return out;
}

base::ExitCode CodeOf(const std::function<void()>& call) {
  try {
    call();
  } catch (const base::Error& error) {
    return error.code();
  }
  return base::ExitCode{0};
}

TEST(StreamTest, GathersSmallWritesUntilFlushed) {
  tests::SocketPair pair;
  Stream stream(pair.a.get(), pair.a.get(), Options());
  stream.Write(base::AsBytes("one "));
  stream.Write(base::AsBytes("two\n"));
  EXPECT_EQ(stream.sent_bytes(), 0U);
  stream.Flush();
  EXPECT_EQ(stream.sent_bytes(), 8U);
  Stream other(pair.b.get(), pair.b.get(), Options());
  EXPECT_EQ(other.ReadLine(100), "one two");
}

TEST(StreamTest, ASilentPeerIsGivenUp) {
  tests::SocketPair pair;
  Stream stream(pair.a.get(), pair.a.get(), Options(false, milliseconds(300)));
  std::array<uint8_t, 1> byte{};
  EXPECT_EQ(CodeOf([&] { stream.Read(byte); }), base::ExitCode::kUnreachable);
}

TEST(StreamTest, APeerThatDoesNotReadIsGivenUp) {
  tests::SocketPair pair;
  Stream stream(pair.a.get(), pair.a.get(), Options(true, milliseconds(300)));
  const std::vector<uint8_t> much(8 << 20);
  EXPECT_EQ(CodeOf([&] { stream.Write(much); }), base::ExitCode::kUnreachable);
}

TEST(StreamTest, APeerThatIsGoneIsAnErrorNotASignal) {
  tests::SocketPair pair;
  Stream stream(pair.a.get(), pair.a.get(), Options());
  pair.b.Reset();
  const std::vector<uint8_t> much(1 << 20);
  EXPECT_EQ(CodeOf([&] { stream.Write(much); }), base::ExitCode::kUnreachable);
}

TEST(StreamTest, TheEndBeforeAByteIsNoErrorTheEndWithinIs) {
  tests::SocketPair pair;
  Stream stream(pair.a.get(), pair.a.get(), Options());
  ASSERT_EQ(::write(pair.b.get(), "abc", 3), 3);
  pair.b.Reset();
  std::array<uint8_t, 2> two{};
  EXPECT_TRUE(stream.Read(two));
  EXPECT_EQ(CodeOf([&] { stream.Read(two); }), base::ExitCode::kUnreachable);
  EXPECT_FALSE(stream.Read(two));
}

TEST(StreamTest, BothSidesMayWriteAtOnce) {
  tests::SocketPair pair;
  Stream one(pair.a.get(), pair.a.get(), Options(true));
  Stream other(pair.b.get(), pair.b.get(), Options());
  const std::vector<uint8_t> much(700 << 10, 7);
  std::thread thread([&] {
    other.Write(much);
    other.Flush();
    std::vector<uint8_t> got(much.size());
    EXPECT_TRUE(other.Read(got));
  });
  one.Write(much);
  one.Flush();
  std::vector<uint8_t> got(much.size());
  EXPECT_TRUE(one.Read(got));
  EXPECT_EQ(got, much);
  thread.join();
}

TEST(StreamTest, ALongLineComesInPieces) {
  tests::SocketPair pair;
  Stream stream(pair.a.get(), pair.a.get(), Options());
  ASSERT_EQ(::write(pair.b.get(), "abcdef\ngh", 9), 9);
  pair.b.Reset();
  EXPECT_EQ(stream.ReadLine(4), "abcd");
  EXPECT_EQ(stream.ReadLine(4), "ef");
  EXPECT_EQ(stream.ReadLine(4), "gh");
  EXPECT_EQ(stream.ReadLine(4), std::nullopt);
}

}  // namespace
}  // namespace pusher

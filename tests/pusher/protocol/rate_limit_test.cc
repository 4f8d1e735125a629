#include "pusher/protocol/rate_limit.h"

#include <gtest/gtest.h>

#include "pusher/protocol/stream.h"
#include "tests/pusher/protocol/pipe.h"

namespace pusher {
namespace {

// Goes on by itself whenever it is looked at.
class TickingClock : public base::Clock {
 public:
  explicit TickingClock(std::chrono::milliseconds tick) : tick_(tick) {}
  std::chrono::steady_clock::time_point Monotonic() override { return now_ += tick_; }
  double Seconds() const { return std::chrono::duration<double>(now_.time_since_epoch()).count(); }

 private:
  const std::chrono::milliseconds tick_;
  std::chrono::steady_clock::time_point now_;
};

TEST(RateLimitTest, GivesWhatTheTimeAllowsAndNoMore) {
  TickingClock clock(std::chrono::milliseconds(20));
  RateLimit rate(1000, clock);
  EXPECT_EQ(rate.Take(5), 5U);  // of 20
  EXPECT_EQ(rate.Take(1000), 35U);
  EXPECT_EQ(rate.Take(1000), 20U);
}

TEST(RateLimitTest, WhatNobodySendsIsNotSavedUp) {
  TickingClock clock(std::chrono::milliseconds(60'000));
  RateLimit rate(1000, clock);
  EXPECT_EQ(rate.Take(100'000), 100U);
}

TEST(RateLimitTest, SeveralStreamsShareIt) {
  TickingClock clock(std::chrono::milliseconds(50));
  const auto rate = std::make_shared<RateLimit>(20'000, clock);
  tests::SocketPair pair;
  StreamOptions options;
  options.peer = "the peer";
  options.rate = rate;
  Stream one(pair.a.get(), pair.a.get(), options);
  Stream two(pair.a.get(), pair.a.get(), options);
  const std::string text(10'000, 'x');
  for (Stream* stream : {&one, &two}) {
    stream->Write(base::AsBytes(text));
    stream->Flush();
    EXPECT_EQ(stream->sent_bytes(), text.size());
  }
  EXPECT_GE(clock.Seconds(), 1.0);  // by the clock of the test
}

}  // namespace
}  // namespace pusher

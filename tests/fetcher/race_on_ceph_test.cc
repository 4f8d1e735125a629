// Publishers, pruners and hosts on one store, in a time that jumps for hours and days between their
// steps: nothing that a head names is ever gone. SLIPWAY_RACE_SECONDS is for how long, 10 without
// it. With each rule of the protocol left out: tests/images/channel/prune_race_test.cc.
#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <optional>
#include <random>
#include <thread>

#include "pusher/publish/head_judge.h"
#include "pusher/publish/prune_run.h"
#include "tests/fetcher/ceph.h"
#include "tests/support/run.h"

namespace fetcher {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr int kImages = 24;
// Heads last a year at most, so the time is in the past of the hosts, and ends before today.
constexpr days kLasts(366);
constexpr days kBegins(-360);
const std::vector<std::string> kChannels = {"alt", "web"};

// The store's, as far ahead of ours. It does not jump while somebody does what he read it for, nor
// while a request is under way: the protocol gives them hours for that.
class JumpingClock {
 public:
  seconds offset() const { return offset_; }
  void Hold() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !is_jumping_; });
    ++holders_;
  }
  void Release() {
    const std::lock_guard lock(mutex_);
    --holders_;
    changed_.notify_all();
  }
  void Jump(seconds by) {
    std::unique_lock lock(mutex_);
    is_jumping_ = true;
    changed_.wait(lock, [&] { return holders_ == 0; });
    offset_ = offset_.load() + by;
    is_jumping_ = false;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::atomic<seconds> offset_ = seconds(kBegins);
  int holders_ = 0;
  bool is_jumping_ = false;
};

// A store of that time, for one action, which may be killed at one of its writes.
class RacersStore : public store::Store {
 public:
  RacersStore(store::Store& inner, JumpingClock& clock) : inner_(inner), clock_(clock) {}
  ~RacersStore() override { Release(); }
  void KillAt(unsigned write) { killed_at_ = write; }

  const std::string& location() const override { return inner_.location(); }
  store::Traffic traffic() const override {
    Hold();  // until the next request
    return {0, 0, 0, clock_.offset().count()};
  }

 private:
  template <typename Work>
  auto Do(Work work) {
    struct Releasing {
      RacersStore& store;
      ~Releasing() { store.Release(); }
    };
    Hold();
    const Releasing releasing{*this};
    return work();
  }
  template <typename Work>
  auto Write(Work work) {
    if (killed_at_ == writes_++) {
      throw pusher::Killed();
    }
    return Do(work);
  }
  store::Object DoGet(const std::string& key, uint64_t max_bytes,
                      const std::string& known) override {
    return Do([&] { return inner_.Get(key, max_bytes, known); });
  }
  store::RangesRead DoGetRanges(const std::string& key, const std::vector<store::Range>& ranges,
                                const store::RangeSink& sink) override {
    return Do([&] { return inner_.GetRanges(key, ranges, sink); });
  }
  store::Info DoHead(const std::string& key) override {
    return Do([&] { return inner_.Head(key); });
  }
  std::vector<store::Listed> DoList(const std::string& prefix, size_t most) override {
    return Do([&] { return inner_.List(prefix, most); });
  }
  store::Written DoPutIfAbsent(const std::string& key, const store::Content& content,
                               const store::PutOptions& options) override {
    return Write([&] { return inner_.PutIfAbsent(key, content, options); });
  }
  store::Written DoCompareAndSwap(const std::string& key, const std::string& version,
                                  const store::Content& content,
                                  const store::PutOptions& options) override {
    return Write([&] { return inner_.CompareAndSwap(key, version, content, options); });
  }
  void DoDelete(const std::string& key) override {
    Write([&] {
      inner_.Delete(key);
      return true;
    });
  }

  void Hold() const {
    if (!holds_) {
      clock_.Hold();
    }
    holds_ = true;
  }
  void Release() const {
    if (holds_) {
      clock_.Release();
    }
    holds_ = false;
  }

  store::Store& inner_;
  JumpingClock& clock_;
  mutable bool holds_ = false;
  unsigned writes_ = 0;
  std::optional<unsigned> killed_at_;
};

class RaceTest : public FetchOnCephTest {
 protected:
  void SetUp() override {
    for (int i = 0; i < kImages; ++i) {
      images_.push_back(Build("app", std::to_string(i)));
    }
    const auto store = Open(location_);
    for (const std::string& channel : kChannels) {
      RacersStore racers(*store, clock_);
      FetchTest::Publish(racers, Change(0, channel));
    }
    GiveKey();
  }

  pusher::ChannelChange Change(size_t image, const std::string& channel) const {
    return ChangeTo({images_.at(image)}, channel, {.lasts = kLasts});
  }

  // Does it again and again, with pauses. That others are in the way is no failure.
  template <typename Act>
  void Race(uint32_t seed, unsigned most_pause_ms, Act act) {
    std::mt19937 random(seed);
    const auto store = Open(location_);
    while (!is_over_) {
      try {
        RacersStore racers(*store, clock_);
        if (random() % 3 == 0) {
          racers.KillAt(random() % 8);
        }
        act(racers, random);
      } catch (const pusher::Killed&) {
        ++killed_;
      } catch (const base::Error& error) {
        EXPECT_EQ(error.code(), base::ExitCode::kBusy) << error.what();
        ++busy_;
      }
      std::this_thread::sleep_for(milliseconds(random() % most_pause_ms));
    }
  }
  void PublishOne(store::Store& store, std::mt19937& random) {
    FetchTest::Publish(store, Change(random() % kImages, kChannels[random() % 2]));
    ++published_;
  }
  void PruneOnce(store::Store& store) {
    pusher::ChannelObjects objects(store, pusher::JudgeNothing());
    deleted_ += pusher::RunPrune(objects, false, pusher::kSoon).deleted.size();
    ++pruned_;
  }
  // All of `activate pull` but systemd, every other time on a host that has nothing.
  void PullOnce(const std::string& host, std::mt19937& random) {
    if (random() % 2 == 0) {
      std::filesystem::remove_all(At(host));
    }
    if (!std::filesystem::exists(At(host))) {
      MakeHost(host, location_, kChannels[random() % 2]);
    }
    EXPECT_THAT(tests::MustRun({TEST_PULL_AGENT, TEST_FETCH, At(host)}),
                testing::HasSubstr(R"("exit_code":0,"result":"active")"));
    ++pulled_;
  }

  const std::string location_ = Location("race");
  std::vector<pusher::ImageUpload> images_;
  JumpingClock clock_;
  std::atomic<bool> is_over_ = false;
  std::atomic<size_t> published_ = 0, pruned_ = 0, deleted_ = 0, pulled_ = 0, busy_ = 0,
                      killed_ = 0;
};

TEST_F(RaceTest, NothingThatAHeadNamesIsEverGone) {
  const char* const wanted = std::getenv("SLIPWAY_RACE_SECONDS");
  const seconds lasts(wanted == nullptr ? 10 : std::stoi(wanted));
  std::vector<std::thread> racers;
  for (const uint32_t number : {1U, 2U}) {
    racers.emplace_back([this, number] {
      Race(number, 150, [&](auto& store, auto& random) { PublishOne(store, random); });
    });
    racers.emplace_back(
        [this, number] { Race(10 + number, 100, [&](auto& store, auto&) { PruneOnce(store); }); });
    racers.emplace_back([this, number] {
      const std::string host = "host" + std::to_string(number);
      Race(20 + number, 20, [&](auto&, auto& random) { PullOnce(host, random); });
    });
  }
  racers.emplace_back([this] {
    Race(30, 20, [&](auto& store, auto& random) { WholeHead(store, kChannels[random() % 2]); });
  });
  std::mt19937 random(0);
  const std::vector<seconds> jumps = {minutes(20), hours(2), hours(9), hours(25), days(3)};
  const auto end = std::chrono::steady_clock::now() + lasts;
  // On a busy machine for longer, until each has done something.
  const auto has_raced = [&] { return published_ > 10 && deleted_ > 0 && pulled_ > 5; };
  while (std::chrono::steady_clock::now() < (has_raced() ? end : end + minutes(2))) {
    std::this_thread::sleep_for(milliseconds(random() % 1500));  // a prune takes a second here
    for (size_t left = 1 + random() % 8; left > 0 && clock_.offset() < days(-4); --left) {
      clock_.Jump(jumps[random() % jumps.size()]);
    }
  }
  is_over_ = true;
  for (std::thread& racer : racers) {
    racer.join();
  }
  fmt::print(
      "{} published, {} prunes, {} objects deleted, {} pulls; {} killed, {} found others busy, {} "
      "days\n",
      published_.load(), pruned_.load(), deleted_.load(), pulled_.load(), killed_.load(),
      busy_.load(), std::chrono::floor<days>(clock_.offset() - kBegins).count());
  EXPECT_TRUE(has_raced());
  const auto store = Open(location_);
  for (const std::string& channel : kChannels) {
    WholeHead(*store, channel);
  }
}

}  // namespace
}  // namespace fetcher

// Polls of hosts that find nothing new, for bench/publish:
//   poll_store LOCATION CHANNEL COUNT SECONDS
// COUNT polls begin evenly within SECONDS, each as a host makes it: a connection of its own, and
// one conditional request. Prints one line of JSON: how long they took, and how many failed.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "store/open.h"

namespace {

using Clock = std::chrono::steady_clock;

struct Polls {
  std::string location;
  std::string key;
  std::string version;  // of the head
  size_t count = 0;
  double seconds = 0;
  std::atomic<size_t> next = 0;
  std::atomic<size_t> failed = 0;
  std::atomic<uint64_t> received = 0;
  std::vector<double>
      took;  // seconds of each; of one that waited for a thread, from when it was due
};

void Poll(Polls& polls, Clock::time_point start) {
  while (true) {
    const size_t number = polls.next++;
    if (number >= polls.count) {
      return;
    }
    const auto due =
        start +
        std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(
            static_cast<double>(number) * polls.seconds / static_cast<double>(polls.count)));
    std::this_thread::sleep_until(due);
    try {
      const auto store = store::Open(polls.location);
      const store::Object head = store->Get(polls.key, 1 << 20, polls.version);
      polls.failed += head.state == store::State::kUnchanged ? 0 : 1;
      polls.received += store->traffic().received_bytes;
    } catch (const base::Error&) {
      ++polls.failed;
    }
    polls.took[number] = std::chrono::duration<double>(Clock::now() - due).count();
  }
}

void Run(Polls& polls) {
  polls.version = store::Open(polls.location)->Get(polls.key, 1 << 20).version;
  polls.took.resize(polls.count);
  std::vector<std::thread> threads;
  const auto start = Clock::now();
  for (int i = 0; i < 32; ++i) {
    threads.emplace_back([&] { Poll(polls, start); });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  const std::chrono::duration<double> all = Clock::now() - start;
  std::ranges::sort(polls.took);
  const auto at = [&](double part) {
    return polls.took.at(static_cast<size_t>(part * static_cast<double>(polls.count - 1))) * 1000;
  };
  fmt::print(
      R"({{"polls":{},"failed":{},"seconds":{:.1f},"p50_ms":{:.1f},"p99_ms":{:.1f},"max_ms":{:.1f},"bytes":{}}})"
      "\n",
      polls.count, polls.failed.load(), all.count(), at(0.5), at(0.99), at(1),
      polls.received / polls.count);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    fmt::print(stderr, "usage: poll_store LOCATION CHANNEL COUNT SECONDS\n");
    return 2;
  }
  try {
    Polls polls;
    polls.location = argv[1];
    polls.key = fmt::format("channels/{}/head", argv[2]);
    polls.count = std::strtoul(argv[3], nullptr, 10);
    polls.seconds = std::strtod(argv[4], nullptr);
    Run(polls);
    return 0;
  } catch (const base::Error& error) {
    fmt::print(stderr, "poll_store: {}\n", error.what());
    return 1;
  }
}

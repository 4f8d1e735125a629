#include "base/parallel_for.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "base/error.h"

namespace base {
namespace {

TEST(ForEachAtOnceTest, DoesEachOnceAndNeverMoreThanSoManyAtOnce) {
  std::atomic<int> now = 0;
  std::atomic<int> most = 0;
  std::vector<std::atomic<int>> done(50);
  ParallelFor(50, 4, [&](size_t i) {
    const int here = ++now;
    int before = most;
    while (before < here && !most.compare_exchange_weak(before, here)) {
    }
    ::usleep(1000);
    ++done[i];
    --now;
  });
  EXPECT_LE(most, 4);
  for (const std::atomic<int>& count : done) {
    EXPECT_EQ(count, 1);
  }
}

TEST(ForEachAtOnceTest, ThrowsInTheEndWhatOneThrewAndBeginsNoMore) {
  std::atomic<int> begun = 0;
  EXPECT_THROW(ParallelFor(1000, 2,
                           [&](size_t) {
                             ++begun;
                             Fail(ExitCode::kFailed, "standard output is gone");
                           }),
               Error);
  EXPECT_LE(begun, 2);
}

// 3 waits until 5 has failed, and fails later: it is the first all the same.
TEST(ForEachAtOnceTest, ThrowsWhatTheFirstThrew) {
  std::promise<void> five;
  const std::shared_future<void> failed = five.get_future().share();
  const auto work = [&](size_t i, size_t worker) {
    EXPECT_LT(worker, 6U);
    if (i == 5) {
      five.set_value();
      Fail(ExitCode::kFailed, "five");
    }
    if (i == 3) {
      failed.wait();
      Fail(ExitCode::kFailed, "three");
    }
  };
  try {
    ParallelFor(100, 6, work);
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "three");
  }
}

// Sanitizers want more address space than that.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
// Each thread wants a stack, and there is room for a few only.
TEST(ForEachAtOnceTest, WhereTheSystemHasNoMoreThreadsThoseThatRunDoItAll) {
  const auto exit_code = [] {
    const rlimit few{256 << 20, 256 << 20};
    ::setrlimit(RLIMIT_AS, &few);
    std::atomic<size_t> done = 0;
    std::set<std::thread::id> threads;
    std::mutex mutex;
    ParallelFor(200, 200, [&](size_t) {
      ::usleep(20'000);
      const std::lock_guard<std::mutex> lock(mutex);
      threads.insert(std::this_thread::get_id());
      ++done;
    });
    return done == 200 && threads.size() < 200 ? 0 : 1;
  };
  EXPECT_EXIT(::_exit(exit_code()), testing::ExitedWithCode(0), "");
}
#endif

}  // namespace
}  // namespace base

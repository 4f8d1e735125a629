#include "base/worker_pool.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include "base/error.h"

namespace base {
namespace {

TEST(WorkerPoolTest, WhatWorkReturnsOrThrowsIsInItsFuture) {
  WorkerPool pool(3);
  std::vector<std::future<size_t>> all;
  for (size_t i = 0; i < 200; ++i) {
    all.push_back(pool.Submit([i](size_t /*worker*/) {
      if (i % 7 == 0) {
        Fail(ExitCode::kBusy, "work {}", i);
      }
      return i * i;
    }));
  }
  for (size_t i = 0; i < all.size(); ++i) {
    if (i % 7 == 0) {
      EXPECT_THROW(all[i].get(), Error);
    } else {
      EXPECT_EQ(all[i].get(), i * i);
    }
  }
}

TEST(WorkerPoolTest, EachWorkerDoesOneThingAtATime) {
  std::vector<std::atomic<int>> busy(3);
  WorkerPool pool(3);
  std::vector<std::future<int>> all;
  for (int i = 0; i < 300; ++i) {
    all.push_back(pool.Submit([&busy](size_t worker) {
      const int here = ++busy.at(worker);
      std::this_thread::yield();
      --busy.at(worker);
      return here;
    }));
  }
  for (std::future<int>& one : all) {
    EXPECT_EQ(one.get(), 1);
  }
}

TEST(WorkerPoolTest, ThatManyWorkAtOnce) {
  WorkerPool pool(3);
  std::promise<void> all_there;
  std::atomic<int> there = 0;
  const auto work = [&, last = all_there.get_future().share()](size_t /*worker*/) {
    if (++there == 3) {
      all_there.set_value();
    }
    last.wait();
  };
  std::vector<std::future<void>> all;
  for (int i = 0; i < 3; ++i) {
    all.push_back(pool.Submit(work));
  }
  for (std::future<void>& one : all) {
    one.get();
  }
}

// The first ends when the second is dropped, which takes a promise with it.
TEST(WorkerPoolTest, WhatWasNotBegunIsDropped) {
  std::atomic<bool> begun = false;
  {
    auto promise = std::make_shared<std::promise<void>>();
    WorkerPool pool(1);
    pool.Submit([dropped = promise->get_future().share()](size_t /*worker*/) { dropped.wait(); });
    pool.Submit([&begun, promise = std::move(promise)](size_t /*worker*/) { begun = true; });
  }
  EXPECT_FALSE(begun);
}

// The flag belongs to the process.
TEST(WorkerPoolTest, AnInterruptIsAnErrorInPlaceOfWork) {
  EXPECT_EXIT(
      {
        InstallInterruptHandlers();
        ::raise(SIGINT);
        WorkerPool pool(2);
        std::future<void> work = pool.Submit([](size_t /*worker*/) { ::_exit(1); });
        try {
          work.get();
        } catch (const Error& error) {
          ::_exit(static_cast<int>(error.code()));
        }
        ::_exit(2);
      },
      testing::ExitedWithCode(130), "");
}

TEST(WorkerPoolTest, WithoutThreadsTheCallerDoesIt) {
  WorkerPool none(0);
  const std::thread::id here = std::this_thread::get_id();
  EXPECT_EQ(none.Submit([](size_t worker) {
                  EXPECT_EQ(worker, 0U);
                  return std::this_thread::get_id();
                })
                .get(),
            here);
}

}  // namespace
}  // namespace base

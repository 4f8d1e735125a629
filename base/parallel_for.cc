#include "base/parallel_for.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <future>
#include <mutex>
#include <vector>

#include "base/interrupt.h"
#include "base/worker_pool.h"

namespace base {

void ParallelFor(size_t count, size_t jobs,
                 const std::function<void(size_t i, size_t worker)>& work) {
  std::atomic<size_t> next = 0;
  std::mutex mutex;
  size_t failed = count;
  std::exception_ptr thrown;  // by that
  const auto run = [&](size_t worker) {
    for (size_t i = next++; i < count && !Interrupted(); i = next++) {
      try {
        work(i, worker);
      } catch (...) {
        const std::lock_guard<std::mutex> lock(mutex);
        next = count;
        if (i < failed) {
          failed = i;
          thrown = std::current_exception();
        }
      }
    }
  };
  WorkerPool pool(std::min(count, jobs));
  std::vector<std::future<void>> runs;
  for (size_t i = 0; i < std::min(count, jobs); ++i) {
    runs.push_back(pool.Submit(run));
  }
  for (const std::future<void>& one : runs) {
    one.wait();
  }
  if (thrown) {
    std::rethrow_exception(thrown);
  }
}

void ParallelFor(size_t count, size_t jobs, const std::function<void(size_t)>& work) {
  ParallelFor(count, jobs, [&](size_t i, size_t /*worker*/) { work(i); });
}

}  // namespace base

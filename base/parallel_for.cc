#include "base/parallel_for.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "base/interrupt.h"

namespace base {

void ParallelFor(size_t count, size_t jobs, const std::function<void(size_t)>& work) {
  std::atomic<size_t> next = 0;
  std::mutex mutex;
  std::exception_ptr thrown;
  const auto run = [&] {
    try {
      for (size_t i = next++; i < count && !Interrupted(); i = next++) {
        work(i);
      }
    } catch (...) {
      const std::lock_guard<std::mutex> lock(mutex);
      thrown = std::current_exception();
      next = count;
    }
  };
  std::vector<std::thread> threads;
  threads.reserve(std::min(count, jobs));
  try {
    for (size_t i = 0; i < std::min(count, jobs); ++i) {
      threads.emplace_back(run);
    }
  } catch (const std::system_error&) {  // the system has no more; those that run do it all
    if (threads.empty()) {
      throw;
    }
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  if (thrown) {
    std::rethrow_exception(thrown);
  }
}

}  // namespace base

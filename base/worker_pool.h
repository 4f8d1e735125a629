// Threads that take work from one queue. What work returns or throws reaches whoever asks its
// future; once we were interrupted, work that was not begun throws Error{kInterrupted} instead.
//
// For a row of work. One thing beside the caller's own is std::async's; what waits for a clock
// (pusher/protocol/keep_alive.h) has a thread of its own.
#ifndef SLIPWAY_BASE_WORKER_POOL_H_
#define SLIPWAY_BASE_WORKER_POOL_H_

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/interrupt.h"

namespace base {

// All threads may submit. What work refers to must outlive the pool, so the pool is declared last.
class WorkerPool {
 public:
  // At most `most` threads, started when there is work for them.
  explicit WorkerPool(size_t most) : most_(most) {}
  // Drops what was not begun, and waits for the rest.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // Calls `work` with the number of its thread, below `most`, for what each keeps to itself. Where
  // the system has no thread to give, that is done here, as number 0, before this returns.
  template <typename Work>
  std::future<std::invoke_result_t<Work&, size_t>> Submit(Work work) {
    using Result = std::invoke_result_t<Work&, size_t>;
    const auto task = std::make_shared<std::packaged_task<Result(size_t)>>(
        [work = std::move(work)](size_t worker) mutable {
          ThrowIfInterrupted();
          return work(worker);
        });
    Add([task](size_t worker) { (*task)(worker); });
    return task->get_future();
  }

 private:
  using Task = std::function<void(size_t worker)>;

  void Add(Task task);
  void Work(size_t worker);

  const size_t most_;
  std::mutex mutex_;  // for all that follows
  std::condition_variable changed_;
  std::deque<Task> tasks_;
  size_t idle_ = 0;  // threads that wait for one
  bool stopped_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace base

#endif  // SLIPWAY_BASE_WORKER_POOL_H_

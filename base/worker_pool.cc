#include "base/worker_pool.h"

#include <system_error>

namespace base {

WorkerPool::~WorkerPool() {
  std::deque<Task> dropped;  // destroyed without the lock
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopped_ = true;
    dropped.swap(tasks_);
  }
  changed_.notify_all();
  dropped.clear();
  for (std::thread& thread : threads_) {
    thread.join();
  }
}

void WorkerPool::Add(Task task) {
  std::unique_lock<std::mutex> lock(mutex_);
  if (idle_ <= tasks_.size() && threads_.size() < most_) {
    try {
      threads_.emplace_back([this, worker = threads_.size()] { Work(worker); });
    } catch (const std::system_error&) {  // those that run do it all
    }
  }
  if (threads_.empty()) {
    lock.unlock();
    task(0);
    return;
  }
  tasks_.push_back(std::move(task));
  lock.unlock();
  changed_.notify_one();
}

void WorkerPool::Work(size_t worker) {
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    ++idle_;
    changed_.wait(lock, [this] { return stopped_ || !tasks_.empty(); });
    --idle_;
    if (stopped_) {
      return;
    }
    Task task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task(worker);  // what it throws goes into its future
    task = nullptr;
    lock.lock();
  }
}

}  // namespace base

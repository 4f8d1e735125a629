#include "pusher/delta/delta_prefetcher.h"

#include <sys/resource.h>

#include <optional>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "pusher/delta/delta_base.h"

namespace pusher {
namespace {

constexpr int kNice = 3;  // the login goes first, and other programs are not far behind

}  // namespace

void DeltaPrefetcher::Add(const images::ImageDirectory& image) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!added_.insert(image.path()).second) {
    return;
  }
  waiting_.push_back(image);
  if (running_) {
    return;
  }
  try {
    thread_ = std::async(std::launch::async, [this] { Run(); });
    running_ = true;
  } catch (const std::system_error&) {  // no thread to be had: hosts wait a little longer
  }
}

void DeltaPrefetcher::Wait() {
  if (thread_.valid()) {
    thread_.wait();
  }
}

void DeltaPrefetcher::Run() {
  ::setpriority(PRIO_PROCESS, 0, kNice);  // on Linux of this thread, and those that it starts
  std::unique_lock<std::mutex> lock(mutex_);
  while (!waiting_.empty() && !ended_) {
    const images::ImageDirectory image = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    Make(image);
    lock.lock();
  }
  running_ = false;
}

void DeltaPrefetcher::Make(const images::ImageDirectory& image) {
  try {
    if (const std::optional<images::ImageDirectory> old = GuessBasis(image)) {
      work_.Of(image)->MakeAhead(*old, [this] { return ended_.load(); });
    }
  } catch (const base::Error&) {
  }
}

}  // namespace pusher

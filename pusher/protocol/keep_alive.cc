#include "pusher/protocol/keep_alive.h"

#include "base/error.h"
#include "pusher/protocol/protocol.h"

namespace pusher {

KeepAlive::KeepAlive(Wire& wire, std::chrono::milliseconds interval,
                     std::chrono::milliseconds limit)
    : wire_(wire),
      interval_(interval),
      limit_(limit),
      touched_(std::chrono::steady_clock::now()),
      thread_([this] { Run(); }) {}

KeepAlive::~KeepAlive() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void KeepAlive::Touch() {
  const std::lock_guard<std::mutex> lock(mutex_);
  touched_ = std::chrono::steady_clock::now();
}

void KeepAlive::Run() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (!changed_.wait_for(lock, interval_, [this] { return stopped_; })) {
    if (std::chrono::steady_clock::now() - touched_ >= limit_) {
      continue;
    }
    lock.unlock();
    try {
      wire_.SendAside(static_cast<uint8_t>(MessageType::kHeartbeat));
      wire_.Flush();
    } catch (const std::exception&) {  // the thread that works finds out by itself
      return;
    }
    lock.lock();
  }
}

}  // namespace pusher

// Sends heartbeats to the peer from a thread of its own, because a host may spend a minute in one
// fsync, and the peer gives up on a link on which nothing moves for half a minute.
#ifndef SLIPWAY_PUSHER_PROTOCOL_KEEP_ALIVE_H_
#define SLIPWAY_PUSHER_PROTOCOL_KEEP_ALIVE_H_

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "pusher/protocol/wire.h"

namespace pusher {

// Of a person who is asked, of hosts whose turn is later, and while an old image is read.
inline constexpr std::chrono::hours kPatience(1);

class KeepAlive {
 public:
  // `wire` must outlive the object. Heartbeats end `limit` after the last Touch(), so that a peer
  // is not kept waiting by a process that is stuck.
  explicit KeepAlive(Wire& wire, std::chrono::milliseconds interval = std::chrono::seconds(5),
                     std::chrono::milliseconds limit = std::chrono::minutes(10));
  ~KeepAlive();
  KeepAlive(const KeepAlive&) = delete;
  KeepAlive& operator=(const KeepAlive&) = delete;

  void Touch();  // work goes on

 private:
  void Run();

  Wire& wire_;
  const std::chrono::milliseconds interval_;
  const std::chrono::milliseconds limit_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::chrono::steady_clock::time_point touched_;
  bool stopped_ = false;
  std::thread thread_;
};

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_PROTOCOL_KEEP_ALIVE_H_

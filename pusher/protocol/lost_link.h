// The patience of whoever follows a switch on another host, `imgpush --activate` and `activate
// --host`. The switch goes on there while the link is lost, and is followed again under its id.
#ifndef SLIPWAY_PUSHER_PROTOCOL_LOST_LINK_H_
#define SLIPWAY_PUSHER_PROTOCOL_LOST_LINK_H_

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace pusher {

class LostLink {
 public:
  // `patience`: for one loss, however many there are. `switching`: as in "the connection was lost
  // while generation 3 was being activated". `show` is told of each loss.
  LostLink(std::chrono::milliseconds patience, std::string switching,
           std::function<void(const std::string& line)> show)
      : patience_(patience), switching_(std::move(switching)), show_(std::move(show)) {}

  // To be called after each connection that ended without an outcome, `why`. Returns when it is
  // time for the next one. `was_back`: the link had worked again since the call before.
  // Throws Error{kNeedsAttention} where patience is at its end, Error{kInterrupted}.
  void Wait(std::string_view why, bool was_back);

  // Throws Error{kNeedsAttention}, at once: no other connection would tell more.
  [[noreturn]] void GiveUp(std::string_view why) const;

  // The pause before a connection that was not made is tried again. Throws Error{kInterrupted}.
  static void Pause();

  // An interrupt ends the following, not the switch.
  [[noreturn]] static void FailInterrupted();

 private:
  const std::chrono::milliseconds patience_;
  const std::string switching_;
  const std::function<void(const std::string& line)> show_;
  std::optional<std::chrono::steady_clock::time_point> since_;
};

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_PROTOCOL_LOST_LINK_H_

// history.jsonl: what happened on this host, one JSON object a line, each durable before the next
// step, numbered without gaps. The caller holds the host's lock when it appends.
#ifndef SLIPWAY_ACTIVATOR_HISTORY_H_
#define SLIPWAY_ACTIVATOR_HISTORY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "images/host_layout.h"

namespace activator {

struct Event {
  uint64_t sequence = 0;  // given by AppendEvent
  std::string time;       // likewise, ISO 8601, UTC
  std::string event;      // staged, activated, rolled-back, failed, preflight-failed, pruned
  uint64_t generation = 0;
  uint64_t from = 0;
  std::string activation_id;  // empty where there was no switch
  std::string by;
  std::string reason;
  bool operator==(const Event&) const = default;
};

// In order. A last line that a crash cut short is passed over, and so is one that cannot be read: a
// damaged past must not keep the host from switching.
std::vector<Event> ReadHistory(const images::HostLayout& layout);

// Returns the event's sequence number. An event of the same kind and activation that stands there
// already is not written again (recovery repeats steps); its number is returned.
uint64_t AppendEvent(const images::HostLayout& layout, Event event);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_HISTORY_H_

// One event of a host's history.
#ifndef SLIPWAY_ACTIVATOR_STATE_EVENT_H_
#define SLIPWAY_ACTIVATOR_STATE_EVENT_H_

#include <cstdint>
#include <map>
#include <string>

namespace activator {

struct Event {
  uint64_t sequence = 0;  // given by AppendEvent
  std::string time;       // likewise, ISO 8601, UTC
  std::string event;      // "activated": docs/formats/generation.md has all
  uint64_t generation = 0;
  uint64_t from = 0;
  std::string activation_id;  // empty where there was no switch
  std::string by;             // who asked, and from where
  std::string reason;
  std::string what{};        // was asked for: "--rollback web"; empty where it was no activation
  uint64_t duration_ms = 0;  // of a switch
  bool cut_off = false;  // nothing but that ended the switch: nobody knows whether it was healthy
  // Application -> image ID: the generation's. Empty also where its record could not be read, and
  // in a line that an older version wrote.
  std::map<std::string, std::string> apps{};
  std::map<std::string, std::string> versions{};  // application -> what its version calls itself
  bool operator==(const Event&) const = default;
};

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_STATE_EVENT_H_

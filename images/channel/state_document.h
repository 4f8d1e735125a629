// state/HOST.json: what a host reports of its channels. The authority on the format is
// docs/formats/channel.md.
#ifndef SLIPWAY_IMAGES_CHANNEL_STATE_DOCUMENT_H_
#define SLIPWAY_IMAGES_CHANNEL_STATE_DOCUMENT_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "images/channel/channel_types.h"

namespace images {

inline constexpr size_t kMaxStateBytes = size_t{4} << 20;
inline constexpr size_t kMaxReportError = 1000;  // bytes

enum class ChannelResult {
  kActive,      // the host runs the channel's set
  kWaiting,     // its time has not come, or it is at it
  kHeld,        // the head says that nobody starts
  kRolledBack,  // the set failed here and is not tried again
  kFailed,      // `error` says why; tried again
  kStale,       // the head has expired
  kOverridden,  // the set, less applications that somebody pushed
};
const char* NameOf(ChannelResult result);

struct SeenHead {
  uint64_t version = 0;
  TimePoint expires;
  bool operator==(const SeenHead&) const = default;
};

struct Fetched {  // in the last run that fetched something
  uint64_t requests = 0;
  uint64_t bytes = 0;
  uint64_t seconds = 0;
  bool operator==(const Fetched&) const = default;
};

struct ChannelReport {
  std::optional<SeenHead> seen{};
  std::optional<AppliedSet> applied{};
  uint64_t place = 0;
  std::optional<TimePoint> starts{};  // where it waits for a time
  ChannelResult result = ChannelResult::kWaiting;
  uint64_t exit_code = 0;
  std::string error{};  // one line
  Fetched fetched{};
  bool operator==(const ChannelReport&) const = default;
};

struct StateDocument {
  std::string host;
  TimePoint time;                    // by the host's clock
  uint64_t sequence = 0;             // one more with each document
  std::string agent;                 // the version of activate
  int64_t clock_offset_seconds = 0;  // the store's clock less the host's
  std::map<std::string, ChannelReport> channels;
  bool operator==(const StateDocument&) const = default;

  std::string Serialize() const;
  // Throws Error{kVerification} for whatever Serialize() does not write. `where` begins the
  // message.
  static StateDocument Parse(const std::string& text, const std::string& where);
};

// When each channel was polled last, by the host's clock. The host's own: a report is made only
// where something changed.
using PollTimes = std::map<std::string, TimePoint>;

// Of exit codes of channels: 0 for 0, and the worse the higher.
size_t BadnessOf(uint64_t exit_code);

}  // namespace images

#endif  // SLIPWAY_IMAGES_CHANNEL_STATE_DOCUMENT_H_

// `activate history`: what happened on this host. Read-only, without the host's lock.
#ifndef SLIPWAY_ACTIVATOR_REPORT_HISTORY_COMMAND_H_
#define SLIPWAY_ACTIVATOR_REPORT_HISTORY_COMMAND_H_

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/io.h"
#include "images/version/host_layout.h"

namespace activator {

struct HistoryOptions {
  std::optional<uint64_t> since;  // events after this number; nullopt: the last `most`
  bool follow = false;            // and those to come, until we are interrupted or nobody listens
  bool json = false;              // a line an event, as it is stored
  uint64_t most = 100;            // without any limit given
  // Those of the time from `from` on and before `until`; nullopt: not limited.
  std::optional<std::chrono::system_clock::time_point> from{};
  std::optional<std::chrono::system_clock::time_point> until{};
  bool until_input_ends = false;  // listener.h
};

// Events are durable before they are told, so that `since` the last one that was told is without
// loss. Where it follows, an interrupt ends it well.
void RunHistory(const images::HostLayout& layout, const HistoryOptions& options,
                const base::Io& io);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_REPORT_HISTORY_COMMAND_H_

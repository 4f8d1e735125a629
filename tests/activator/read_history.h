// All events of a host, in order, for tests.
#ifndef SLIPWAY_TESTS_ACTIVATOR_READ_HISTORY_H_
#define SLIPWAY_TESTS_ACTIVATOR_READ_HISTORY_H_

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "activator/state/history.h"
#include "activator/state/history_file.h"

namespace activator {

inline std::vector<Event> ReadHistory(const images::HostLayout& layout) {
  const HistoryFile file(layout.History());
  std::vector<Event> out;
  file.EachFrom(0, file.End(), [&](std::string_view line, uint64_t /*offset*/) {
    if (std::optional<Event> event = ParseEvent(line, layout.History())) {
      out.push_back(std::move(*event));
    }
    return true;
  });
  return out;
}

}  // namespace activator

#endif  // SLIPWAY_TESTS_ACTIVATOR_READ_HISTORY_H_

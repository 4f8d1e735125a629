// What the journal tells of how a unit ended, from the entries that journalctl prints as JSON.
#ifndef SLIPWAY_ACTIVATOR_OS_UNIT_LOG_H_
#define SLIPWAY_ACTIVATOR_OS_UNIT_LOG_H_

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace activator {

struct UnitLog {
  // What its processes wrote last: five lines at most, each once, where it was written last. A line
  // that tells of an error is kept before others. Where they wrote nothing, what systemd says.
  std::vector<std::string> lines;
  // How the process that ended last did, as in UnitState, which forgets it when the unit is started
  // again; empty: not known.
  std::string result;
  int exit_status = 0;
  // Why it does not run although nothing failed: "a condition of its unit is not met
  // (ConditionPathExists=/srv/x)"; empty: not known.
  std::string why_down;
  bool ended_well = false;  // its last run did
};

// `entries`: one JSON object a line, oldest first. What is none is passed over.
UnitLog ParseUnitLog(const std::string& entries);

// systemd's messages of a run's end, as MESSAGE_ID= has them.
inline constexpr const char* kEndedWell = "7ad2d189f7e94e70a38c781354912448";
inline constexpr const char* kEndedBadly = "d9b373ed55a64feb8242e02dbe79a49c";
// Of the end of its main process, which comes before.
inline constexpr const char* kProcessEnded = "98e322203f7a4ed290d09fe03c09fe15";

// How a run ended.
struct RunEnd {
  bool is_good = false;
  std::string result;  // as in UnitState
  int exit_status = 0;
  std::chrono::system_clock::time_point when;
};

// The last one that the entries tell of; nullopt: they tell of none.
std::optional<RunEnd> ParseLastEnd(const std::string& entries);

// Of entries that are such messages: when a run ended badly, on the monotonic clock. nullopt: there
// are no entries.
std::optional<std::vector<std::chrono::microseconds>> ParseBadEnds(const std::string& entries);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_OS_UNIT_LOG_H_

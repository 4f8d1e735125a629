#include "activator/os/unit_state.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <limits>
#include <set>
#include <sstream>

namespace activator {

const char* const kShownProperties =
    "Id,LoadState,ActiveState,SubState,Result,Type,FragmentPath,InvocationID,"
    "RootImage,MainPID,"
    "WatchdogUSec,WatchdogTimestampMonotonic,StartLimitIntervalUSec,"
    "NRestarts,ExecMainStatus,Job,ConditionResult,NeedDaemonReload,TimeoutStopUSec,"
    "InactiveExitTimestampMonotonic,ExecMainStartTimestampMonotonic,ActiveEnterTimestampMonotonic,"
    "StateChangeTimestampMonotonic,"
    "MemoryCurrent,DropInPaths,"
    "RequiredBy,RequisiteOf,BoundBy,ConsistsOf,PropagatesStopTo";

namespace {

void AddWords(const std::string& text, std::vector<std::string>& to) {
  std::istringstream words(text);
  to.insert(to.end(), std::istream_iterator<std::string>(words), {});
}

template <typename Number>
Number ToNumber(const std::string& text) {
  Number out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

// "1min 30s", "100ms", "infinity": how systemctl prints a time span.
std::chrono::microseconds ParseSpan(const std::string& text) {
  static const std::map<std::string, uint64_t> kUnits = {{"us", 1},         {"ms", 1000},
                                                         {"s", 1000000},    {"min", 60000000},
                                                         {"h", 3600000000}, {"d", 86400000000}};
  uint64_t total = 0;
  for (size_t at = 0; at < text.size();) {
    uint64_t number = 0;
    const char* begin = text.data() + at;
    const auto [end, error] = std::from_chars(begin, text.data() + text.size(), number);
    if (error != std::errc()) {
      return std::chrono::microseconds{0};  // infinity
    }
    at += static_cast<size_t>(end - begin);
    const size_t next = std::min(text.find(' ', at), text.size());
    const auto unit = kUnits.find(text.substr(at, next - at));
    total += unit == kUnits.end() ? 0 : number * unit->second;
    at = next + 1;
  }
  return std::chrono::microseconds(total);
}

void SetProperty(UnitState& state, const std::string& name, const std::string& value) {
  static const std::map<std::string, std::string UnitState::*> kTexts = {
      {"LoadState", &UnitState::load},
      {"ActiveState", &UnitState::active},
      {"SubState", &UnitState::sub},
      {"Result", &UnitState::result},
      {"Type", &UnitState::type},
      {"FragmentPath", &UnitState::fragment_path},
      {"InvocationID", &UnitState::invocation_id},
      {"RootImage", &UnitState::root_image}};
  static const std::set<std::string> kStoppingAlong = {"RequiredBy", "RequisiteOf", "BoundBy",
                                                       "ConsistsOf", "PropagatesStopTo"};
  if (const auto text = kTexts.find(name); text != kTexts.end()) {
    state.*(text->second) = value;
  } else if (name == "MainPID") {
    state.main_pid = ToNumber<uint64_t>(value);
  } else if (name == "NRestarts") {
    state.restarts = ToNumber<uint64_t>(value);
  } else if (name == "ExecMainStatus") {
    state.exit_status = ToNumber<int>(value);
  } else if (name == "Job") {
    state.has_job = ToNumber<uint64_t>(value) != 0;
  } else if (name == "ConditionResult") {
    state.condition_failed = value == "no";
  } else if (name == "NeedDaemonReload") {
    state.needs_reload = value == "yes";
  } else if (name == "TimeoutStopUSec") {
    state.stop_timeout = ParseSpan(value);
  } else if (name == "WatchdogUSec") {
    state.watchdog = ParseSpan(value);
  } else if (name == "StartLimitIntervalUSec") {
    state.start_limit = ParseSpan(value);
  } else if (name == "WatchdogTimestampMonotonic") {
    state.watchdog_told = std::chrono::microseconds(ToNumber<int64_t>(value));
  } else if (name == "InactiveExitTimestampMonotonic") {
    state.started = std::chrono::microseconds(ToNumber<int64_t>(value));
  } else if (name == "ExecMainStartTimestampMonotonic") {
    state.process_started = std::chrono::microseconds(ToNumber<int64_t>(value));
  } else if (name == "ActiveEnterTimestampMonotonic") {
    state.up_since = std::chrono::microseconds(ToNumber<int64_t>(value));
  } else if (name == "StateChangeTimestampMonotonic") {
    state.changed_at = std::chrono::microseconds(ToNumber<int64_t>(value));
  } else if (name == "MemoryCurrent") {  // "[not set]", or the largest number
    const auto bytes = ToNumber<uint64_t>(value);
    state.memory_bytes = bytes == std::numeric_limits<uint64_t>::max() ? 0 : bytes;
  } else if (name == "DropInPaths") {
    AddWords(value, state.drop_ins);
  } else if (kStoppingAlong.contains(name)) {
    AddWords(value, state.stops_along);
  }
}

}  // namespace

std::map<std::string, UnitState> ParseShow(const std::string& text) {
  std::map<std::string, UnitState> out;
  UnitState state;
  std::string id;
  const auto finish = [&] {
    if (!id.empty()) {
      out[id] = state;
    }
    state = {};
    id.clear();
  };
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    at = end + 1;
    const size_t equals = line.find('=');
    if (equals == std::string::npos) {
      finish();
    } else if (line.compare(0, equals, "Id") == 0) {
      id = line.substr(equals + 1);
    } else {
      SetProperty(state, line.substr(0, equals), line.substr(equals + 1));
    }
  }
  finish();
  return out;
}

}  // namespace activator

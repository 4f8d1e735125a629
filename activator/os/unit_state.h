// What systemd says of a unit, as systemctl show prints it.
#ifndef SLIPWAY_ACTIVATOR_OS_UNIT_STATE_H_
#define SLIPWAY_ACTIVATOR_OS_UNIT_STATE_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace activator {

// systemctl show of one unit; what systemd does not know is empty or 0.
struct UnitState {
  std::string load;    // loaded, not-found, bad-setting, masked, ...
  std::string active;  // active, activating, deactivating, inactive, failed, ...
  std::string sub;     // running, exited, dead, auto-restart, ...
  std::string result;  // success, exit-code, signal, start-limit-hit, ...
  std::string type;    // exec, oneshot, ...
  std::string fragment_path;
  std::string invocation_id;
  std::string root_image;
  uint64_t main_pid = 0;
  uint64_t restarts = 0;  // automatic ones since the last start by hand
  int exit_status = 0;    // of the main process's last end
  bool has_job = false;   // queued or running
  bool condition_failed = false;
  bool needs_reload = false;
  std::chrono::microseconds stop_timeout{0};     // 0: none
  std::chrono::microseconds started{0};          // its last start, on the monotonic clock; 0: never
  std::chrono::microseconds process_started{0};  // its main process, likewise
  // WatchdogSec=, 0: none, and when the service last said WATCHDOG=1, or was started.
  std::chrono::microseconds watchdog{0};
  std::chrono::microseconds watchdog_told{0};
  std::chrono::microseconds start_limit{0};  // StartLimitIntervalSec=
  std::chrono::microseconds up_since{0};     // when it last became active; 0: never
  // When `sub` last changed, by the machine's monotonic clock; 0: never.
  std::chrono::microseconds changed_at{0};
  uint64_t memory_bytes = 0;          // 0: not known
  std::vector<std::string> drop_ins;  // paths of an operator's additions to the unit
  // The units that systemd stops along with it; not those that it stops along with them in turn.
  std::vector<std::string> stops_along;

  bool IsDown() const { return active == "inactive" || active == "failed"; }
};

// The properties that ParseShow knows, as an argument of systemctl show.
extern const char* const kShownProperties;

// "Property=value" blocks of systemctl show -> state by Id.
std::map<std::string, UnitState> ParseShow(const std::string& text);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_OS_UNIT_STATE_H_

// The activator's interface to systemd. The product calls systemctl, each time with a timeout;
// tests use a fake (tests/support/fake_systemd.h).
#ifndef SLIPWAY_ACTIVATOR_OS_SYSTEMD_H_
#define SLIPWAY_ACTIVATOR_OS_SYSTEMD_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "activator/os/unit_log.h"

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
  std::chrono::microseconds stop_timeout{0};  // 0: none
  std::chrono::microseconds started{0};       // its last start, on the monotonic clock; 0: never
  // When `sub` last changed, by the machine's monotonic clock; 0: never.
  std::chrono::microseconds changed_at{0};
  uint64_t memory_bytes = 0;          // 0: not known
  std::vector<std::string> drop_ins;  // paths of an operator's additions to the unit
  // The units that systemd stops along with it; not those that it stops along with them in turn.
  std::vector<std::string> stops_along;

  bool IsDown() const { return active == "inactive" || active == "failed"; }
};

using UnitNames = std::vector<std::string>;

// Whether a call waits a moment for what it queued to be done. That costs less than asking again
// and again; what takes longer is for the caller to follow, and what failed is for Show to say.
enum class Jobs { kQueue, kAwaitBriefly };

// All throw Error{kFailed} with what systemctl said. An empty list of units is no call at all.
class Systemd {
 public:
  Systemd() = default;
  Systemd(const Systemd&) = delete;
  Systemd& operator=(const Systemd&) = delete;
  virtual ~Systemd() = default;

  virtual std::map<std::string, UnitState> Show(const UnitNames& units) = 0;
  // Those of `units` that systemd holds in memory; it reads any other one when it is next asked
  // for.
  virtual UnitNames InMemory(const UnitNames& units) = 0;
  virtual void DaemonReload() = 0;
  virtual void Start(const UnitNames& units, Jobs jobs) = 0;
  // Whether all are known to be down afterwards.
  virtual bool Stop(const UnitNames& units, Jobs jobs) = 0;
  // Stop and start in one job each; what does not run is started.
  virtual void Restart(const UnitNames& units, Jobs jobs) = 0;
  // Takes away the units' jobs. What is stopping goes on to stop without one.
  virtual void CancelJobs(const UnitNames& units) = 0;
  virtual void ResetFailed(const UnitNames& units) = 0;
  // SIGKILL to all processes of a unit that does not stop.
  virtual void Kill(const std::string& unit) = 0;
  // What the journal has since the unit was last to be started; empty on a host without one. Throws
  // only where we are interrupted.
  virtual UnitLog ReadLog(const std::string& unit, const UnitState& state) = 0;
  // Whether the unit's main process runs from the image. True where it has none, and where
  // `image_path` is empty.
  virtual bool RunsFrom(const UnitState& state, const std::string& image_path) = 0;
  // RootImage= of every loaded service that has one.
  virtual std::vector<std::string> RootImages() = 0;
  // Checks unit files; returns what is wrong with them, empty where nothing is or where there is
  // no systemd-analyze.
  virtual std::string Verify(const std::vector<std::string>& files) = 0;
};

class RealSystemd : public Systemd {
 public:
  std::map<std::string, UnitState> Show(const UnitNames& units) override;
  UnitNames InMemory(const UnitNames& units) override;
  void DaemonReload() override;
  void Start(const UnitNames& units, Jobs jobs) override;
  bool Stop(const UnitNames& units, Jobs jobs) override;
  void Restart(const UnitNames& units, Jobs jobs) override;
  void CancelJobs(const UnitNames& units) override;
  void ResetFailed(const UnitNames& units) override;
  void Kill(const std::string& unit) override;
  UnitLog ReadLog(const std::string& unit, const UnitState& state) override;
  bool RunsFrom(const UnitState& state, const std::string& image_path) override;
  std::vector<std::string> RootImages() override;
  std::string Verify(const std::vector<std::string>& files) override;

 private:
  void NoteStart(const UnitNames& units);
  bool RunJobs(const std::string& command, const UnitNames& units, Jobs jobs);

  // When each unit was first to be started since it was reset, on the monotonic clock.
  std::map<std::string, std::chrono::microseconds> asked_;
};

// Whether systemd manages this machine (sd_booted(3)).
bool HasSystemd();

// "Property=value" blocks of systemctl show -> state by Id. For tests.
std::map<std::string, UnitState> ParseShow(const std::string& text);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_OS_SYSTEMD_H_

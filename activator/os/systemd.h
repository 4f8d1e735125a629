// The activator's interface to systemd. The product calls systemctl, each time with a timeout;
// tests use a fake (tests/support/fake_systemd.h).
#ifndef SLIPWAY_ACTIVATOR_OS_SYSTEMD_H_
#define SLIPWAY_ACTIVATOR_OS_SYSTEMD_H_

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "activator/os/unit_log.h"
#include "activator/os/unit_state.h"

namespace activator {

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

  // A job that was asked for and is neither there nor done, because systemd executed itself anew,
  // is asked for once more, and counts as there.
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
  // When the unit's runs ended badly within the last minutes, on the monotonic clock, oldest first;
  // nullopt: the journal does not tell, or not to us.
  virtual std::optional<std::vector<std::chrono::microseconds>> BadEnds(
      const std::string& unit) = 0;
  // How the unit's last run that has ended did, in this boot; nullopt: the journal does not tell.
  // Show forgets it when the next run begins.
  virtual std::optional<RunEnd> LastEnd(const std::string& unit) = 0;
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
  std::optional<std::vector<std::chrono::microseconds>> BadEnds(const std::string& unit) override;
  std::optional<RunEnd> LastEnd(const std::string& unit) override;
  bool RunsFrom(const UnitState& state, const std::string& image_path) override;
  std::vector<std::string> RootImages() override;
  std::string Verify(const std::vector<std::string>& files) override;

 private:
  void NoteStart(const UnitNames& units);
  bool RunJobs(const std::string& command, const UnitNames& units, Jobs jobs);
  void NoteJobs(const std::string& command, const UnitNames& units, std::chrono::microseconds when);
  void AskAgainForLost(std::map<std::string, UnitState>& states);

  struct Job {
    std::string command;
    std::chrono::microseconds when;  // on the monotonic clock
  };
  std::map<std::string, Job> jobs_;  // by unit: taken by systemd, and not known to be done
  // When each unit was first to be started since it was reset, on the monotonic clock.
  std::map<std::string, std::chrono::microseconds> asked_;
};

// Whether systemd manages this machine (sd_booted(3)).
bool HasSystemd();

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_OS_SYSTEMD_H_

// A systemd for tests of the activator: it loads units through their links when it is reloaded, and
// "runs" what is started. What a unit's program does is told by its ExecStart=: one that ends in
// "fail", "loop", "hang", "crash" or "stubborn" does that; every other one runs.
#ifndef SLIPWAY_TESTS_SUPPORT_FAKE_SYSTEMD_H_
#define SLIPWAY_TESTS_SUPPORT_FAKE_SYSTEMD_H_

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "activator/os/systemd.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"

namespace tests {

// Time passes only while somebody sleeps.
class FakeClock : public base::Clock {
 public:
  std::chrono::steady_clock::time_point Monotonic() override { return now_; }
  void Sleep(std::chrono::milliseconds duration) override {
    now_ += duration;
    if (on_sleep) {
      on_sleep();
    }
  }
  std::function<void()> on_sleep;  // what happens meanwhile

 private:
  std::chrono::steady_clock::time_point now_{std::chrono::hours(1)};
};

class FakeSystemd : public activator::Systemd {
 public:
  explicit FakeSystemd(std::string unit_directory) : unit_directory_(std::move(unit_directory)) {}

  std::vector<std::string> calls;  // "reload", "start web.service", ...
  std::string fail_call;           // the call that throws, once
  std::string verify_says;
  std::vector<std::string> root_images;
  bool runs_from = true;
  activator::UnitLog log = {{"its last words"}, "exit-code", 7, "", false};
  std::optional<std::vector<std::chrono::microseconds>> bad_ends;  // of every unit
  std::optional<activator::RunEnd> last_end;                       // of every unit
  int asked_too_early = 0;  // so many times a process is not in its image yet
  std::function<void(activator::UnitState&)> touch_up;  // of what Show tells
  // Units that go down with another, as by Requires= or BindsTo=.
  std::map<std::string, std::vector<std::string>> stopped_with;
  // Units that a start takes along, as by Requires=; one that is not loaded fails it.
  std::map<std::string, std::string> requires_unit;
  bool forgets = false;        // what is down: then it needs no reload
  std::string task_directory;  // where units are linked, too
  // Called before each call; tests end the process in it.
  std::function<void(const std::string& call)> before_call;
  // How many times such a unit is seen deactivating before it is down.
  int slow_stops = 0;

  // The text that the running unit was started with; empty: it does not run.
  std::string RunningText(const std::string& unit) const {
    const auto found = units_.find(unit);
    return found == units_.end() || found->second.state.IsDown() ? "" : found->second.running;
  }
  bool IsActive(const std::string& unit) const { return !RunningText(unit).empty(); }
  // As after a reboot: nothing runs, and units are loaded anew.
  void Reboot() {
    units_.clear();
    Load();
    calls.clear();
  }
  // A package's unit, which runs; a link of ours hides it.
  void AddForeign(const std::string& name, const std::string& path) {
    foreign_[name] = path;
    Load();
    Start(units_[name]);
  }
  void StopByHand(const std::string& unit) { Down(units_[unit], "inactive"); }

  std::map<std::string, activator::UnitState> Show(const activator::UnitNames& units) override {
    std::map<std::string, activator::UnitState> out;
    for (const std::string& unit : units) {
      out[unit] = units_[unit].state;
      out[unit].stops_along = stopped_with[unit];
      if (touch_up) {
        touch_up(out[unit]);
      }
      if (units_[unit].state.active == "deactivating" && !units_[unit].state.has_job &&
          !units_[unit].until_killed && --slow_stops <= 0) {
        Down(units_[unit], "inactive");
      }
    }
    return out;
  }
  activator::UnitNames InMemory(const activator::UnitNames& units) override {
    activator::UnitNames out;
    for (const std::string& unit : units) {
      if (!forgets || IsActive(unit)) {
        out.push_back(unit);
      }
    }
    if (forgets && out.empty()) {
      Load();
    }
    return out;
  }
  void DaemonReload() override {
    Call("reload");
    Load();
  }
  void Start(const activator::UnitNames& units, activator::Jobs /*jobs*/) override {
    for (const std::string& unit : units) {
      Call("start " + unit);
      if (!units_.contains(unit)) {  // systemd looks for what it does not know
        LoadFrom(task_directory);
      }
      if (const auto required = requires_unit.find(unit); required != requires_unit.end()) {
        Start(units_[required->second]);
      }
      Start(units_[unit]);
    }
  }
  bool Stop(const activator::UnitNames& units, activator::Jobs jobs) override {
    bool all_down = true;
    for (const std::string& unit : units) {
      Call("stop " + unit);
      if (!units_[unit].running.ends_with("stubborn\n")) {
        Down(units_[unit], "inactive");
      } else if (!units_[unit].state.IsDown()) {
        units_[unit].state.active = "deactivating";
        units_[unit].until_killed = true;
      }
      for (const std::string& dependent : stopped_with[unit]) {
        if (slow_stops > 0 && IsActive(dependent)) {
          units_[dependent].state.active = "deactivating";
        } else {
          Down(units_[dependent], "inactive");
        }
      }
      all_down = all_down && units_[unit].state.IsDown();
    }
    return all_down && jobs == activator::Jobs::kAwaitBriefly;
  }
  // A socket's service goes and comes with it; a stubborn one has to be killed first.
  void Restart(const activator::UnitNames& units, activator::Jobs /*jobs*/) override {
    for (const std::string& unit : units) {
      Call("restart " + unit);
      const bool is_socket = unit.ends_with(".socket");
      const std::string service = is_socket ? unit.substr(0, unit.rfind('.')) + ".service" : "";
      const bool takes_along = is_socket && IsActive(service);
      RestartOne(units_[unit]);
      if (takes_along) {
        RestartOne(units_[service]);
      }
    }
  }
  void CancelJobs(const activator::UnitNames& units) override {
    for (const std::string& unit : units) {
      Call("cancel " + unit);
    }
  }
  void ResetFailed(const activator::UnitNames& units) override {
    for (const std::string& unit : units) {
      Call("reset-failed " + unit);
      if (units_[unit].state.active == "failed") {
        Down(units_[unit], "inactive");
      }
    }
  }
  void Kill(const std::string& unit) override {
    Call("kill " + unit);
    Down(units_[unit], "failed");
    if (units_[unit].state.has_job) {
      units_[unit].state.has_job = false;
      Start(units_[unit]);
    }
  }
  activator::UnitLog ReadLog(const std::string& /*unit*/,
                             const activator::UnitState& /*state*/) override {
    return log;
  }
  std::optional<std::vector<std::chrono::microseconds>> BadEnds(
      const std::string& /*unit*/) override {
    return bad_ends;
  }
  std::optional<activator::RunEnd> LastEnd(const std::string& /*unit*/) override {
    return last_end;
  }
  bool RunsFrom(const activator::UnitState& /*state*/, const std::string& /*image*/) override {
    return asked_too_early > 0 ? --asked_too_early < 0 : runs_from;
  }
  std::vector<std::string> RootImages() override { return root_images; }
  // "FILE" in what it says is the first of the files.
  std::string Verify(const std::vector<std::string>& files) override {
    const size_t at = verify_says.find("FILE");
    return at == std::string::npos ? verify_says
                                   : std::string(verify_says).replace(at, 4, files.front());
  }

 private:
  struct Unit {
    Unit() { state.active = "inactive"; }

    activator::UnitState state;
    std::string loaded;
    std::string running;
    bool until_killed = false;  // it was told to stop and does not
  };

  void Call(const std::string& call) {
    if (before_call) {
      before_call(call);
    }
    calls.push_back(call);
    if (call == fail_call) {
      fail_call.clear();
      base::Fail(base::ExitCode::kFailed, "systemctl {}: it was told to fail", call);
    }
  }

  static void Down(Unit& unit, const std::string& active) {
    unit.until_killed = false;
    unit.state.active = active;
    unit.state.sub = "dead";
    unit.running.clear();
  }

  void RestartOne(Unit& unit) {
    if (unit.running.ends_with("stubborn\n")) {
      unit.state.active = "deactivating";
      unit.state.has_job = true;
      return;
    }
    Down(unit, "inactive");
    Start(unit);
  }

  void Load() {
    for (auto& [name, unit] : units_) {
      unit.state.load = "not-found";
      unit.loaded.clear();
    }
    for (const auto& [name, path] : foreign_) {
      units_[name].state.load = "loaded";
      units_[name].state.fragment_path = path;
      if (units_[name].state.active.empty()) {
        Down(units_[name], "inactive");
      }
    }
    LoadFrom(task_directory);
    LoadFrom(unit_directory_);
  }

  void LoadFrom(const std::string& directory) {
    for (const std::string& name : base::ListDirectory(directory)) {
      const auto text = base::ReadLinkIfThere(directory + "/" + name)
                            ? base::ReadFileIfThere(directory + "/" + name)
                            : std::nullopt;
      if (text) {
        Unit& unit = units_[name];
        unit.loaded = *text;
        unit.state.load = "loaded";
        unit.state.stop_timeout = std::chrono::seconds(90);
        unit.state.fragment_path = directory + "/" + name;
        if (unit.state.active.empty()) {
          Down(unit, "inactive");
        }
      }
    }
  }

  static std::string Program(const std::string& text) {
    const size_t at = text.find("\nExecStart=");
    return at == std::string::npos ? "(no program)\n"
                                   : text.substr(at + 1, text.find('\n', at + 1) - at);
  }

  void Start(Unit& unit) {
    if (!unit.state.IsDown() && !unit.state.active.empty()) {
      return;
    }
    if (unit.state.load != "loaded") {
      base::Fail(base::ExitCode::kFailed, "systemctl start: not loaded");
    }
    const std::string program = Program(unit.loaded);
    unit.running = program;
    unit.state.result = "success";
    unit.state.invocation_id = "run-" + std::to_string(++invocations_);
    unit.state.restarts = 0;
    unit.state.active = "active";
    unit.state.sub = "running";
    if (program.ends_with("fail\n")) {
      Down(unit, "failed");
      unit.state.result = "exit-code";
      unit.state.exit_status = 203;
    } else if (program.ends_with("loop\n")) {
      unit.state.restarts = 1;
    } else if (program.ends_with("hang\n")) {
      unit.state.active = "activating";
    } else if (program.ends_with("crash\n")) {
      Down(unit, "inactive");
    }
  }

  const std::string unit_directory_;
  std::map<std::string, Unit> units_;
  std::map<std::string, std::string> foreign_;  // name -> path
  int invocations_ = 0;
};

}  // namespace tests

#endif  // SLIPWAY_TESTS_SUPPORT_FAKE_SYSTEMD_H_

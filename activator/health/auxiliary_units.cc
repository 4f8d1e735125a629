#include "activator/health/auxiliary_units.h"

#include <fmt/ranges.h>
#include <unistd.h>

#include <optional>

#include "activator/health/stopping.h"
#include "activator/state/generations.h"
#include "base/atomic_file.h"
#include "base/error.h"
#include "base/file.h"

namespace activator {
namespace {

using std::chrono::seconds;

// systemd ends a task when its time is over; this is for a systemd that does not.
constexpr seconds kSystemdPatience{20};

std::string DirectoryOf(const images::HostLayout& layout, uint64_t generation) {
  return layout.Generation(generation) + "/tasks";
}

UnitNames LinkedTasks(const Host& host) {
  UnitNames out;
  for (const std::string& name : base::ListDirectory(host.task_directory)) {
    const auto target = base::ReadLinkIfThere(host.task_directory + "/" + name);
    if (target && target->starts_with(host.layout.Generations() + "/")) {
      out.push_back(name);
    }
  }
  return out;
}

// Waits until the task has ended. nullopt: it ended well.
std::optional<UnitState> WaitForTask(const Host& host, const std::string& name, seconds limit) {
  const auto start = host.clock.Monotonic();
  PollBackoff pause(host.clock);
  for (;;) {
    const UnitState state = host.systemd.Show({name})[name];
    if (state.active == "active") {  // its RemainAfterExit= shows that it ran to its end
      return std::nullopt;
    }
    if ((state.IsDown() && !state.has_job) || state.load != "loaded") {
      return state;
    }
    if (host.clock.Monotonic() - start > limit) {
      return state;
    }
    pause.Sleep();
  }
}

// As it ended; nullopt: well. Afterwards it is down either way.
std::optional<UnitState> RunTask(const Host& host, const std::string& name, seconds limit) {
  host.systemd.Start({name}, Jobs::kAwaitBriefly);
  std::optional<UnitState> bad = WaitForTask(host, name, limit + kSystemdPatience);
  if (!bad || !bad->IsDown()) {
    StopUnits(host, {name});
  }
  if (bad) {
    host.systemd.ResetFailed({name});  // or it would be listed as failed for ever
  }
  return bad;
}

std::string HowTaskEnded(const UnitState& state) {
  if (state.active != "failed") {
    return state.IsDown() ? "was not run: systemd does not say why"
                          : "did not end, and was stopped";
  }
  return state.result == "timeout" ? "did not end within its time, and was stopped"
                                   : "failed (" + HowItEnded(state.result, state.exit_status) + ")";
}

}  // namespace

bool EnsureAuxiliaryLinks(const Host& host, uint64_t generation) {
  const auto wanted = TaskTexts(host.layout, generation);
  bool changed = false;
  for (const std::string& name : LinkedTasks(host)) {
    if (!wanted.contains(name)) {
      base::Unlink(host.task_directory + "/" + name);
      changed = true;
    }
  }
  for (const auto& [name, text] : wanted) {
    const std::string target = DirectoryOf(host.layout, generation) + "/" + name;
    const std::string link = host.task_directory + "/" + name;
    if (base::ReadLinkIfThere(link) != target) {
      base::MakeDirectories(host.task_directory);
      base::ReplaceSymlink(target, link);
      changed = true;
    }
  }
  return changed;
}

void StopAuxiliaryUnits(const Host& host) {
  const UnitNames tasks = LinkedTasks(host);
  StopUnits(host, tasks);
  host.systemd.ResetFailed(tasks);
}

void RunHooks(const Host& host, const InstalledUnits& units, units::AuxiliaryUnit task) {
  for (const auto& [unit, description] : units) {
    const auto limit = description.task_limits.find(task);
    if (limit == description.task_limits.end()) {
      continue;
    }
    const std::string name = units::AuxiliaryUnitName(unit, task);
    if (const std::optional<UnitState> bad = RunTask(host, name, limit->second)) {
      FailUnit(host, name, *bad, HowTaskEnded(*bad));
    }
  }
}

namespace {

// A second name of a task, for as long as the object lives. The links of a generation that a switch
// makes take it away, too, so that a crash leaves nothing for long.
class SecondName {
 public:
  SecondName(const Host& host, const std::string& task)
      : name_(fmt::format("{}-{}.service", task.substr(0, task.rfind('.')), ::getpid())),
        link_(host.task_directory + "/" + name_) {
    const auto target = base::ReadLinkIfThere(host.task_directory + "/" + task);
    if (!target) {
      base::Fail(base::ExitCode::kFailed,
                 "{} is missing in {}: the next `activate` that switches makes it again", task,
                 host.task_directory);
    }
    base::ReplaceSymlink(*target, link_);
  }
  ~SecondName() { ::unlink(link_.c_str()); }
  SecondName(const SecondName&) = delete;
  SecondName& operator=(const SecondName&) = delete;

  const std::string& name() const { return name_; }

 private:
  const std::string name_;
  const std::string link_;
};

}  // namespace

ProbeResult RunCheckUnit(const Host& host, const std::string& unit, const InstalledUnit& of,
                         CheckRunner runner) {
  std::string name = units::AuxiliaryUnitName(unit, units::AuxiliaryUnit::kCheck);
  const auto limit = of.task_limits.find(units::AuxiliaryUnit::kCheck);
  if (limit == of.task_limits.end()) {
    return {false, "this version of its unit has no check", ""};
  }
  std::optional<SecondName> own;
  if (runner == CheckRunner::kOnlyLooks) {
    name = own.emplace(host, name).name();
  }
  const std::optional<UnitState> bad = RunTask(host, name, limit->second);
  if (!bad) {
    return {true, "", ""};
  }
  return {false, HowTaskEnded(*bad),
          fmt::format("{}", fmt::join(host.systemd.ReadLog(name, *bad).lines, "\n"))};
}

}  // namespace activator

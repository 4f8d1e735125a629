#include "activator/health/check_now.h"

#include <unistd.h>

#include "activator/health/health.h"
#include "activator/health/health_prober.h"
#include "base/error.h"
#include "base/interrupt.h"

namespace activator {
namespace {

void RequireRootFor(const images::Health& health) {
  if (!health.exec.empty() && ::geteuid() != 0) {
    base::Fail(base::ExitCode::kFailed, "it is a command, which only root can run: sudo activate");
  }
}

}  // namespace

CheckAnswers AskChecks(const Host& host, const InstalledUnits& units) {
  CheckAnswers out;
  HealthProber checks(host, CheckRunner::kOnlyLooks);
  const InstalledUnits watched = Watched(Unscheduled(units));
  for (const auto& [name, state] : host.systemd.Show(NamesOf(watched))) {
    const InstalledUnit& unit = watched.at(name);
    if (state.IsDown() || state.sub.starts_with("auto-restart")) {
      continue;
    }
    if (state.active != "active" && state.active != "reloading") {
      out.problems[name] = fmt::format("{} is {} ({})", name, state.active, state.sub);
      if (state.active == "activating") {
        out.starting.insert(name);
      }
      continue;
    }
    if (!unit.health.HasCheck()) {
      continue;
    }
    ++out.asked;
    try {
      RequireRootFor(unit.health);
      if (!checks.Pass(name, unit, std::chrono::seconds(unit.health.try_seconds))) {
        out.problems[name] = fmt::format("{} is {}, but {} did not pass: {}", name, state.active,
                                         CheckName(unit.health), checks.Last(name).problem);
      }
    } catch (const base::Error& error) {
      if (error.code() == base::ExitCode::kInterrupted) {
        throw;
      }
      out.problems[name] = fmt::format("{} is {}, but {} could not be asked: {}", name,
                                       state.active, CheckName(unit.health), error.what());
    }
  }
  return out;
}

std::vector<std::string> FailedChecks(const Host& host, InstalledUnits units) {
  constexpr int kTries = 3;
  const auto begin = host.clock.Monotonic();
  std::map<std::string, int> tries;
  std::map<std::string, std::string> problems;
  while (!units.empty()) {
    CheckAnswers answers = AskChecks(host, units);
    std::erase_if(units, [&](const auto& unit) {
      const std::string& name = unit.first;
      problems.erase(name);
      const auto problem = answers.problems.find(name);
      if (problem == answers.problems.end()) {
        return true;
      }
      problems[name] = std::move(problem->second);
      const bool may_start =
          answers.starting.contains(name) &&
          host.clock.Monotonic() - begin < std::chrono::seconds(unit.second.health.timeout_seconds);
      return !may_start && ++tries[name] >= kTries;
    });
    if (!units.empty()) {
      base::ThrowIfInterrupted();
      host.clock.Sleep(std::chrono::seconds(1));
    }
  }
  std::vector<std::string> out;
  out.reserve(problems.size());
  for (const auto& [name, problem] : problems) {
    out.push_back(problem);
  }
  return out;
}

}  // namespace activator

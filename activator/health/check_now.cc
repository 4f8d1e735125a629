#include "activator/health/check_now.h"

#include <unistd.h>

#include "activator/health/health.h"
#include "activator/health/health_prober.h"
#include "base/error.h"

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
    if (!unit.health.HasCheck() || (state.active != "active" && state.active != "reloading")) {
      continue;
    }
    ++out.asked;
    try {
      RequireRootFor(unit.health);
      if (!checks.Pass(name, unit, std::chrono::seconds(unit.health.try_seconds))) {
        out.problems.push_back(fmt::format("{} is {}, but {} did not pass: {}", name, state.active,
                                           CheckName(unit.health), checks.Last(name).problem));
      }
    } catch (const base::Error& error) {
      if (error.code() == base::ExitCode::kInterrupted) {
        throw;
      }
      out.problems.push_back(fmt::format("{} is {}, but {} could not be asked: {}", name,
                                         state.active, CheckName(unit.health), error.what()));
    }
  }
  return out;
}

}  // namespace activator

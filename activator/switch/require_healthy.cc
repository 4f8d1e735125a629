#include "activator/switch/require_healthy.h"

#include <algorithm>

#include "activator/health/check_now.h"
#include "activator/health/find_down.h"
#include "base/error.h"

namespace activator {

void RequireHealthy(const Host& host, uint64_t active, const UnitNames& asked,
                    std::string_view so_far, const ChooseUnits& theirs) {
  const InstalledUnits all = LoadUnits(host.layout, active);
  const InstalledUnits units = theirs ? theirs(all) : all;
  base::Error::Detail problems = FailedChecks(host, Select(units, NamesOf(units) - asked));
  const std::vector<DownUnit> down = FindDown(host, units);  // last: a check may have ended one
  for (const DownUnit& unit : down) {
    problems.push_back(unit.what);
  }
  if (problems.empty()) {
    return;
  }
  if (!std::ranges::all_of(down, &DownUnit::is_up)) {
    problems.push_back(fmt::format("`activate --generation {}` starts what is down", active));
  }
  throw base::Error(base::ExitCode::kNeedsAttention,
                    fmt::format("generation {} is active{}", active, so_far), std::move(problems));
}

}  // namespace activator

#include "activator/host/foreign_units.h"

#include "activator/host/unit_links.h"
#include "base/error.h"
#include "base/file.h"
#include "base/problems.h"

namespace activator {
namespace {

bool IsForeign(const Host& host, const UnitState& state) {
  const std::string& path = state.fragment_path;
  return state.load != "not-found" && !path.empty() &&
         !path.starts_with(host.unit_directory + "/") &&
         !path.starts_with(host.layout.root() + "/");
}

void CheckLink(const Host& host, const std::string& unit) {
  const std::optional<std::string> other = InTheWayOf(host, unit);
  if (!other) {
    return;
  }
  const bool can_change = other->starts_with(host.unit_directory + "/");
  const char* where = can_change ? "" : " in the system's own configuration";
  if (base::ReadLinkIfThere(*other) == "/dev/null") {
    base::Fail(
        base::ExitCode::kFailed, "{} is masked on this host: {}", unit,
        can_change ? "systemctl unmask " + unit : fmt::format("unmask it{} ({})", where, *other));
  }
  base::Fail(base::ExitCode::kFailed,
             "{} is not one of our links: move it away{}, or rename the service in its definition",
             *other, where);
}

}  // namespace

void CheckNames(const Host& host, const UnitNames& units, const UnitNames& added,
                UnitConflictPolicy foreign) {
  base::Problems problems;
  UnitNames hidden;  // by what is in the way of our link
  for (const std::string& unit : units) {
    problems.Try([&] {
      hidden.push_back(unit);
      CheckLink(host, unit);
      hidden.pop_back();
    });
  }
  for (const auto& [unit, state] : host.systemd.Show(added)) {
    if (foreign == UnitConflictPolicy::kRefuse && IsForeign(host, state) &&
        !Contains(hidden, unit)) {
      problems.Add(base::ExitCode::kFailed,
                   "this host has a unit {} already ({}): remove its package, rename the service "
                   "in its definition, or take its place with --adopt",
                   unit, state.fragment_path);
    }
  }
  problems.ThrowIfAny();
}

UnitNames RunningForeign(const Host& host, const UnitNames& added) {
  UnitNames out;
  for (const auto& [unit, state] : host.systemd.Show(added)) {
    if (IsForeign(host, state) && !state.IsDown()) {
      out.push_back(unit);
    }
  }
  return out;
}

}  // namespace activator

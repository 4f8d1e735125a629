#include "activator/host/unit_links.h"

#include <algorithm>

#include "activator/state/generations.h"
#include "base/atomic_file.h"
#include "base/error.h"
#include "base/file.h"

namespace activator {
namespace {

std::string LinkPath(const Host& host, const std::string& unit) {
  return host.unit_directory + "/" + unit;
}

std::string TargetOf(const Host& host, const std::string& unit) {
  return host.layout.Current() + "/units/" + unit;
}

}  // namespace

bool HasOurLink(const Host& host, const std::string& unit) {
  return base::ReadLinkIfThere(LinkPath(host, unit)) == TargetOf(host, unit);
}

std::optional<std::string> InTheWayOf(const Host& host, const std::string& unit) {
  const std::string hiding = host.configured_directory + "/" + unit;
  if (!host.UnitsSurviveReboot() && base::LstatIfThere(hiding) &&
      base::ReadLinkIfThere(hiding) != TargetOf(host, unit)) {
    return hiding;
  }
  const std::string path = LinkPath(host, unit);
  return HasOurLink(host, unit) || !base::LstatIfThere(path) ? std::nullopt : std::optional(path);
}

Obstacle LookAtObstacle(const std::string& path) {
  const std::optional<std::string> target = base::ReadLinkIfThere(path);
  if (!target) {
    return {"a file", fmt::format("mv {} /root/", path)};
  }
  if (*target == "/dev/null") {
    return {"masked", fmt::format("systemctl unmask {}", base::BaseName(path))};
  }
  return {"a link to " + *target, fmt::format("rm {}", path)};
}

bool EnsureUnitLinks(const Host& host, const UnitNames& units) {
  bool changed = false;
  for (const std::string& unit : units) {
    if (const std::optional<std::string> other = InTheWayOf(host, unit)) {
      const Obstacle found = LookAtObstacle(*other);
      base::Fail(base::ExitCode::kFailed,
                 "{} is {}, not our link to the generation's unit: `{}`, then `activate "
                 "--generation {}`",
                 *other, found.what, found.remedy, ActiveGeneration(host.layout));
    }
    if (HasOurLink(host, unit)) {
      continue;
    }
    base::ReplaceSymlink(TargetOf(host, unit), LinkPath(host, unit));
    changed = true;
  }
  return changed;
}

bool RemoveUnitLinks(const Host& host, const UnitNames& units) {
  bool changed = false;
  for (const std::string& unit : units) {
    if (HasOurLink(host, unit)) {
      base::Unlink(LinkPath(host, unit));
      changed = true;
    }
  }
  if (changed) {
    base::FsyncDirectory(host.unit_directory);
  }
  return changed;
}

UnitNames LinkedUnits(const Host& host) {
  UnitNames out;
  for (const std::string& name : base::ListDirectory(host.unit_directory)) {
    if (HasOurLink(host, name)) {
      out.push_back(name);
    }
  }
  return out;
}

bool NeedsReload(const Host& host, const UnitNames& units) {
  const auto states = host.systemd.Show(units);
  return std::any_of(states.begin(), states.end(), [](const auto& entry) {
    return entry.second.load != "loaded" || entry.second.needs_reload;
  });
}

}  // namespace activator

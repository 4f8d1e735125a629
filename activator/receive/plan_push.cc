#include "activator/receive/plan_push.h"

#include "activator/host/dependents.h"
#include "activator/host/installed_units.h"
#include "activator/state/generations.h"
#include "base/error.h"
#include "base/problems.h"
#include "images/version/package_changes.h"

namespace activator {
namespace {

pusher::PlannedChange ChangeOf(const images::HostLayout& layout, const Apps& active,
                               const images::StoredManifest& offered) {
  pusher::PlannedChange out;
  out.name = offered.manifest.name;
  const auto old = active.find(out.name);
  if (old == active.end()) {
    return out;
  }
  const images::ImageId id = images::ImageId::Of(old->second);
  out.old_id = id.text();
  try {
    const images::ImageDirectory version(layout.Version(out.name, id));
    out.old_version = version.version();
    out.packages = images::ComparePackages(version.manifest(), offered.manifest);
  } catch (const base::Error&) {  // the version that runs is damaged: what it was is not known
  }
  return out;
}

}  // namespace

pusher::Planned PlanPush(const images::HostLayout& layout, const PendingManifests& coming,
                         Systemd* systemd, const PlanCheck& check) {
  const uint64_t active = ActiveGeneration(layout);
  const Apps before = active == kNoGeneration ? Apps{} : LoadGeneration(layout, active).apps;
  Apps apps = before;
  pusher::Planned out;
  for (const auto& [name, offered] : coming) {
    out.images.push_back(ChangeOf(layout, before, offered));
    apps.insert_or_assign(name, offered.digest);
  }
  if (apps == before) {
    return out;
  }
  const Rendered after = RenderUnits(layout, apps, coming);
  const InstalledUnits runs = LoadUnits(layout, active);
  const InstalledUnits planned = UnitsOf(after.units, after.facts);
  const UnitEffects units = EffectsOf(runs, planned);
  const Dependents dependents =
      systemd == nullptr ? Dependents() : FindDependents(*systemd, runs, planned);
  out.start = units.started;
  out.restart = units.restarted + dependents.started_again;
  out.stop = units.stopped + dependents.left_down;
  base::Problems problems;
  problems.Try([&] {
    if (check) {
      check(apps, coming);
    }
  });
  out.problems = problems.Messages();
  return out;
}

}  // namespace activator

#include "activator/receive/plan_push.h"

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
    out.old_version = version.manifest().version;
    out.packages = images::ComparePackages(version.manifest(), offered.manifest);
  } catch (const base::Error&) {  // the version that runs is damaged: what it was is not known
  }
  return out;
}

}  // namespace

pusher::Planned PlanPush(const images::HostLayout& layout, const PendingManifests& coming,
                         const PlanCheck& check) {
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
  UnitEffects units = EffectsOf(LoadUnits(layout, active), UnitsOf(after.units, after.facts));
  out.start = std::move(units.started);
  out.restart = std::move(units.restarted);
  out.stop = std::move(units.stopped);
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

#include "activator/stage/stage.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "activator/state/generations.h"
#include "activator/state/record_event.h"
#include "activator/state/secrets.h"
#include "base/atomic_file.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/problems.h"
#include "base/sys.h"
#include "images/label.h"
#include "images/version/image_directory.h"
#include "units/auxiliary_units.h"
#include "units/render.h"

namespace activator {
namespace {

// A version that runs may be gone or damaged, and then it stands in the way of all others.
images::StoredManifest ManifestOf(const std::string& name, const std::string& version_path,
                                  const base::Sha256& digest) {
  try {
    const images::ImageDirectory version(version_path);
    if (version.stored().digest != digest) {
      base::Fail(base::ExitCode::kVerification, "{} holds another manifest than {}", version_path,
                 digest.ToHex());
    }
    return version.stored();
  } catch (const base::Error& error) {
    base::Fail(base::ExitCode::kVerification,
               "{} {}, which the generation also has, is missing or damaged here: {}; push {} too",
               name, images::ImageId::Of(digest).text(), error.what(), name);
  }
}

std::optional<uint64_t> StagedAlready(const images::HostLayout& layout, const Apps& apps,
                                      uint64_t parent) {
  for (const Generation& generation : LoadGenerations(layout)) {
    if (generation.state == GenerationState::kStaged && generation.parent == parent &&
        generation.apps == apps) {
      return generation.number;
    }
  }
  return std::nullopt;
}

Changes ChangesBetween(const Apps& from, const Apps& to) {
  Changes out;
  for (const auto& [name, digest] : to) {
    const auto old = from.find(name);
    if (old == from.end()) {
      out[name] = {std::nullopt, digest};
    } else if (old->second != digest) {
      out[name] = {old->second, digest};
    }
  }
  for (const auto& [name, digest] : from) {
    if (!to.contains(name)) {
      out[name] = {digest, std::nullopt};
    }
  }
  return out;
}

bool HasSecrets(const images::Manifest& manifest) {
  return std::ranges::any_of(manifest.services,
                             [](const auto& service) { return !service.second.secrets.empty(); });
}

// A file that is as it was in `before` is the same file, so that systemd sees no change of it.
void WriteUnits(const std::string& directory, const UnitsByName& units, const std::string& before) {
  base::MakeDirectories(directory);
  for (const auto& [name, text] : units) {
    const std::string path = directory + "/" + name;
    const std::string old = before + "/" + name;
    if (base::ReadFileIfThere(old) != text || base::TheSys().Link(old.c_str(), path.c_str()) != 0) {
      base::WriteFileAtomically(path, text);
    }
  }
  base::FsyncDirectory(directory);
}

void Publish(const images::HostLayout& layout, const Generation& generation,
             const Rendered& rendered) {
  base::TemporaryDirectory work(layout.Generations(), std::string(base::kTemporaryPrefix));
  base::WriteFileAtomically(work.path() + "/generation.json", generation.Serialize());
  base::WriteFileAtomically(work.path() + kUnitFactsFile, units::Serialize(rendered.facts));
  const std::string parent = layout.Generation(generation.parent);
  WriteUnits(work.path() + "/units", rendered.units, parent + "/units");
  if (!rendered.tasks.empty()) {
    WriteUnits(work.path() + "/tasks", rendered.tasks, parent + "/tasks");
  }
  // mkdtemp makes it for us alone; systemd and people read it.
  if (::chmod(work.path().c_str(), 0755) != 0) {
    base::FailErrno(errno, "cannot set the mode of {}", work.path());
  }
  base::PublishDirectory(work.path(), layout.Generation(generation.number));
  work.Release();
}

// Under another name first: nobody finds half of it.
void TakeAway(const images::HostLayout& layout, uint64_t number) {
  const std::string gone =
      fmt::format("{}/{}gone-{}", layout.Generations(), base::kTemporaryPrefix, number);
  const std::string path = layout.Generation(number);
  const bool moved = base::TheSys().Rename(path.c_str(), gone.c_str()) == 0;
  base::RemoveTree(moved ? gone : path);
  base::FsyncDirectory(layout.Generations());
}

}  // namespace

Rendered RenderUnits(const images::HostLayout& layout, const Apps& apps,
                     const PendingManifests& coming) {
  Rendered out;
  // A version that got another label since is not restarted for that.
  const UnitsByName active = UnitTexts(layout, ActiveGeneration(layout));
  std::map<std::string, std::string> owner;
  base::Problems problems;
  const auto render = [&](const std::string& name, const base::Sha256& digest) {
    const std::string path = layout.Version(name, images::ImageId::Of(digest));
    const auto offered = coming.find(name);
    const images::StoredManifest stored =
        offered == coming.end() ? ManifestOf(name, path, digest) : offered->second;
    const std::string label = images::ReadLabel(path);
    const std::string& version = label.empty() ? stored.manifest.version : label;
    if (!out.secrets && HasSecrets(stored.manifest)) {
      out.secrets = KeptSecretForm(layout).value_or(images::SecretForm::kEncrypted);
    }
    const images::SecretForm form = out.secrets.value_or(images::SecretForm::kPlain);
    for (units::RenderedUnit& unit : units::Render(stored, path, version, form)) {
      if (const auto now = active.find(unit.name);
          now != active.end() && units::DifferInDescriptionAlone(now->second, unit.text)) {
        unit.text = now->second;
      }
      const auto [other, is_first] = owner.emplace(unit.name, name);
      if (!is_first) {
        problems.Add(base::ExitCode::kFailed,
                     "{} and {} both have a service {}: rename one in its definition",
                     other->second, name, unit.name);
      }
      out.units.emplace(unit.name, std::move(unit.text));
    }
    for (units::RenderedUnit& task : units::RenderAuxiliaryUnits(stored, path, form)) {
      out.tasks.emplace(task.name, std::move(task.text));
    }
    out.facts.merge(units::FactsOf(stored, path));
  };
  for (const auto& [name, digest] : apps) {
    problems.Try([&, &app = name, &its = digest] { render(app, its); });
  }
  problems.ThrowIfAny();
  return out;
}

StagedGeneration StageApps(const images::HostLayout& layout, const Apps& apps,
                           const std::string& by) {
  const uint64_t active = ActiveGeneration(layout);
  const Apps before = active == kNoGeneration ? Apps{} : LoadGeneration(layout, active).apps;
  if (active != kNoGeneration && apps == before) {
    return {active, false, true};
  }
  if (const std::optional<uint64_t> staged = StagedAlready(layout, apps, active)) {
    return {*staged, false, false};
  }
  Generation generation;
  generation.number = NextGenerationNumber(layout);
  generation.parent = active;
  generation.changes = ChangesBetween(before, apps);
  generation.created = base::ToIso8601(base::SystemClock().Now());
  generation.by = by;
  generation.apps = apps;
  Rendered rendered = RenderUnits(layout, apps);
  if (rendered.secrets) {
    const images::SecretForm form = SecretFormOf(layout);
    KeepSecretForm(layout, form);
    if (form != *rendered.secrets) {
      rendered = RenderUnits(layout, apps);
    }
  }
  Publish(layout, generation, rendered);
  Event event;
  event.event = "staged";
  event.generation = generation.number;
  event.from = active;
  event.by = by;
  try {
    RecordEvent(layout, std::move(event));
  } catch (const base::Error&) {  // a full disk: both are there or neither
    try {
      TakeAway(layout, generation.number);
    } catch (const base::Error&) {  // why it could not be staged is what matters
    }
    throw;
  }
  return {generation.number, true, false};
}

StagedGeneration StageGeneration(const images::HostLayout& layout,
                                 const std::map<std::string, base::Sha256>& changes,
                                 const std::string& by) {
  const uint64_t active = ActiveGeneration(layout);
  Apps apps = active == kNoGeneration ? Apps{} : LoadGeneration(layout, active).apps;
  for (const auto& [name, digest] : changes) {
    apps.insert_or_assign(name, digest);
  }
  return StageApps(layout, apps, by);
}

}  // namespace activator

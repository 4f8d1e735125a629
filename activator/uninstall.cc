#include "activator/uninstall.h"

#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "activator/host/boot_unit.h"
#include "activator/host/host_files.h"
#include "activator/host/unit_links.h"
#include "activator/pull/enroll.h"
#include "activator/state/generations.h"
#include "activator/state/host_lock.h"
#include "activator/state/lost_current.h"
#include "activator/state/switch_record.h"
#include "activator/state/tombstones.h"
#include "base/atomic_file.h"
#include "base/error.h"
#include "base/file.h"
#include "images/version/image_directory.h"
#include "units/rendered_unit.h"
#include "units/unit_paths.h"

namespace activator {
namespace {

// Lines of an older version may be such as are refused now: then what the fields say.
std::vector<units::ServiceDirectory> DirectoriesOf(const std::string& name,
                                                   images::Service service) {
  try {
    return units::DirectoriesOf(name, service);
  } catch (const base::Error&) {
    service.directives.clear();
    return units::DirectoriesOf(name, service);
  }
}

// None where the manifest does not tell. A damaged image does not matter.
images::Services ServicesOf(const std::string& version) {
  const std::string path = version + "/" + images::kManifestFile;
  try {
    return images::StoredManifest::Parse(base::ReadFile(path), path).manifest.services;
  } catch (const base::Error&) {
    return {};
  }
}

// What systemd made for the services of the versions that are here, and leaves when they go.
std::set<std::string> ServiceDirectories(const Host& host) {
  std::set<std::string> out;
  for (const images::VersionDirectory& version : host.layout.Versions()) {
    for (const auto& [name, service] : ServicesOf(version.path)) {
      for (const units::ServiceDirectory& directory : DirectoriesOf(name, service)) {
        if (base::Exists(host.os_root + directory.path)) {
          out.insert(directory.path);
        }
      }
    }
  }
  return out;
}

// Those of an operator, of the units of any generation: a later push finds them there.
std::vector<std::string> DropInsOf(const Host& host) {
  std::set<std::string> units = {units::kBootUnit,    units::kTarget,   units::kVerifyUnit,
                                 units::kVerifyTimer, units::kPullUnit, units::kPullTimer,
                                 units::kFetchSocket, units::kFetchUnit};
  for (const uint64_t number : GenerationNumbers(host.layout)) {
    for (const char* kind : {"/units", "/tasks"}) {
      const auto names = base::ListDirectory(host.layout.Generation(number) + kind);
      units.insert(names.begin(), names.end());
    }
  }
  std::set<std::string> out;
  for (const std::string& directory : {host.configured_directory, host.unit_directory}) {
    for (const std::string& unit : units) {
      const std::string drop_ins = fmt::format("{}/{}.d", directory, unit);
      for (const std::string& name : base::ListDirectory(drop_ins)) {
        out.insert(drop_ins + "/" + name);
      }
    }
  }
  return {out.begin(), out.end()};
}

// Held until what they are the locks of is gone.
std::vector<base::UniqueFd> LockTransfers(const images::HostLayout& layout) {
  std::vector<base::UniqueFd> out;
  for (const std::string& name : base::ListDirectory(layout.Incoming())) {
    std::optional<base::UniqueFd> lock = LockTransfer(layout.Incoming() + "/" + name);
    if (!lock) {
      base::Fail(base::ExitCode::kBusy, "a push of {} is in progress: try again when it has ended",
                 name);
    }
    out.push_back(std::move(*lock));
  }
  return out;
}

// Whatever the records say: what runs would go on from an image that is gone.
void RequireAllDown(const Host& host) {
  UnitNames up;
  for (const auto& [name, state] : host.systemd.Show(LinkedUnits(host))) {
    if (!state.IsDown()) {
      up.push_back(name);
    }
  }
  if (!up.empty()) {
    base::Fail(base::ExitCode::kFailed,
               "{} {} not down, although no record says what is active: `systemctl stop {}`, then "
               "uninstall again",
               fmt::join(up, ", "), up.size() == 1 ? "is" : "are", fmt::join(up, " "));
  }
}

void RemoveUnits(const Host& host, Uninstalled& out) {
  Unenroll(host);
  if (!RemoveBootUnit(host)) {
    out.notes.push_back(fmt::format(
        "{} is part of this system's own configuration: remove it there", units::kBootUnit));
  }
  RemoveUnitLinks(host, LinkedUnits(host));
  StopFollowingHostFiles(host);
  host.systemd.DaemonReload();
}

// Where the agent is another directory's, other roots may use it too.
void NoteAgents(const images::HostLayout& layout, Uninstalled& out) {
  const std::string link = layout.Bin() + "/activate";
  if (base::Exists(link) && base::ParentOf(base::RealPath(link)) != base::RealPath(layout.Bin())) {
    out.notes.push_back(
        fmt::format("the agents in {} may be used for other roots: remove them if that is the last",
                    base::ParentOf(base::RealPath(link))));
  }
}

// What a crash left of a file or of a prune. False: there was nothing.
bool RemoveLeftovers(const std::string& directory) {
  bool any = false;
  for (const std::string& name : base::ListDirectory(directory)) {
    if (name.starts_with(base::kTemporaryPrefix)) {
      base::RemoveTree(directory + "/" + name);
      any = true;
    }
  }
  return any;
}

// Application folders that are empty then go.
void RemoveVersions(const images::HostLayout& layout) {
  for (const std::string& name : base::ListDirectory(layout.root())) {
    if (images::IsName(name) && RemoveLeftovers(layout.Application(name))) {
      ::rmdir(layout.Application(name).c_str());
    }
  }
  for (const images::VersionDirectory& version : layout.Versions()) {
    base::RemoveTree(version.path);
    ::rmdir(layout.Application(version.name).c_str());
  }
}

// What is ours in the root besides applications, in the order in which it goes: the program that
// can do it again nearly last, and generations/, by which it knows a host's root, after it; the
// lock last.
std::vector<std::string> OwnPaths(const images::HostLayout& layout) {
  return {layout.Incoming(),
          layout.SwitchRecord(),
          layout.Confirmation(),
          layout.VersionLocks(),
          layout.History(),
          layout.HealthyVersions(),
          layout.Trust(),
          layout.Pull(),
          layout.Bin(),
          layout.Generations(),
          layout.root() + "/" + kDirectoryHostMarker,
          layout.Lock()};
}

// An application's folder, of which nothing is left.
bool HoldsVersionsAlone(const std::string& directory) {
  const std::optional<struct stat> found = base::LstatIfThere(directory);
  if (!found || !S_ISDIR(found->st_mode)) {
    return false;
  }
  const std::vector<std::string> names = base::ListDirectory(directory);
  return !names.empty() && std::all_of(names.begin(), names.end(), [](const std::string& name) {
    return images::IdIfOne(name) || name.starts_with(base::kTemporaryPrefix);
  });
}

std::vector<std::string> WouldBeKept(const images::HostLayout& layout) {
  const std::vector<std::string> own = OwnPaths(layout);
  std::vector<std::string> out;
  for (const std::string& name : base::ListDirectory(layout.root())) {
    const std::string path = layout.root() + "/" + name;
    const bool goes = path == layout.Current() || name.starts_with(base::kTemporaryPrefix) ||
                      std::find(own.begin(), own.end(), path) != own.end() ||
                      (images::IsName(name) && HoldsVersionsAlone(path));
    if (!goes) {
      out.push_back(path);
    }
  }
  return out;
}

void RemoveRoot(const images::HostLayout& layout) {
  SetCurrentGeneration(layout, kNoGeneration);
  RemoveVersions(layout);
  RemoveLeftovers(layout.root());
  for (const std::string& name : base::ListDirectory(layout.Generations())) {
    base::RemoveTree(layout.Generations() + "/" + name);
  }
  for (const std::string& path : OwnPaths(layout)) {
    base::RemoveTree(path);
  }
  ::rmdir(layout.root().c_str());  // not where something is left in it, or it is a mount point
  base::FsyncDirectory(base::ParentOf(layout.root()));
}

std::vector<std::string> ApplicationsOf(const images::HostLayout& layout, uint64_t generation) {
  std::vector<std::string> out;
  if (generation != kNoGeneration) {
    for (const auto& [name, digest] : LoadGeneration(layout, generation).apps) {
      out.push_back(name);
    }
  }
  return out;
}

// Also where `current` was lost, which the command itself mends first.
uint64_t ActiveByRecords(const images::HostLayout& layout) {
  if (!ReadSwitchRecord(layout)) {
    if (const uint64_t lost = LostCurrent(layout); lost != kNoGeneration) {
      return lost;
    }
  }
  return ActiveGeneration(layout);
}

void RequireNoneActive(const Host& host, uint64_t generation,
                       const std::vector<std::string>& applications) {
  if (applications.empty()) {
    return;
  }
  const std::string apps = fmt::format("{}", fmt::join(applications, ", "));
  if (host.is_folder) {
    base::Fail(base::ExitCode::kFailed,
               "{} is active with {}: activate uninstall --stop removes what is active, too",
               GenerationName(generation), apps);
  }
  base::Fail(base::ExitCode::kFailed, "{} runs {}: activate uninstall --stop stops what runs",
             GenerationName(generation), apps);
}

Uninstalled WhatGoes(const Host& host) {
  Uninstalled out;
  for (const images::VersionDirectory& version : host.layout.Versions()) {
    out.versions.push_back(version.path);
  }
  if (!host.is_folder) {
    out.units = LinkedUnits(host);
    if (WouldRemoveBootUnit(host)) {
      out.units.emplace_back(units::kBootUnit);
    }
    const UnitNames pulling = InstalledPullUnits(host);
    out.units.insert(out.units.end(), pulling.begin(), pulling.end());
    const std::set<std::string> directories = ServiceDirectories(host);
    out.kept.assign(directories.begin(), directories.end());
    const std::vector<std::string> drop_ins = DropInsOf(host);
    out.kept.insert(out.kept.end(), drop_ins.begin(), drop_ins.end());
    NoteAgents(host.layout, out);
  }
  if (base::LstatIfThere(host.layout.Trust())) {
    out.notes.push_back(fmt::format(
        "{} goes, too: the next push to this host takes unsigned images, until imgpush --trust",
        host.layout.Trust()));
  }
  const std::vector<std::string> left = WouldBeKept(host.layout);
  out.kept.insert(out.kept.end(), left.begin(), left.end());
  return out;
}

}  // namespace

std::vector<std::string> ActiveApplications(const images::HostLayout& layout) {
  return ApplicationsOf(layout, ActiveGeneration(layout));
}

Uninstalled PlanUninstall(const Host& host, bool stops) {
  const uint64_t active = ActiveByRecords(host.layout);
  Uninstalled out = WhatGoes(host);
  const std::vector<std::string> applications = ApplicationsOf(host.layout, active);
  if (!host.is_folder) {  // nothing runs from one
    out.stopped = applications;
  }
  try {
    if (IsLockHeld(host.layout).value_or(false)) {
      base::Fail(base::ExitCode::kBusy, "{} is in use: try again when that has ended",
                 host.layout.root());
    }
    if (!stops) {
      RequireNoneActive(host, active, applications);
    }
    if (!host.is_folder && applications.empty()) {
      RequireAllDown(host);
    }
    LockTransfers(host.layout);  // for an instant: a push that wants one then tries again
  } catch (const base::Error& error) {
    out.refusal = error;
  }
  return out;
}

Uninstalled Uninstall(const Host& host) {
  const images::HostLayout& layout = host.layout;
  RepairCurrent(layout);  // without it nothing would count as active
  RequireNoneActive(host, ActiveGeneration(layout), ActiveApplications(layout));
  if (!host.is_folder) {
    RequireAllDown(host);
  }
  const std::vector<base::UniqueFd> transfers = LockTransfers(layout);
  Uninstalled out = WhatGoes(host);
  if (!host.is_folder) {
    RemoveUnits(host, out);
  }
  RemoveRoot(layout);
  const std::string in_root = layout.root() + "/";
  std::erase_if(out.kept, [&](const std::string& path) { return path.starts_with(in_root); });
  for (const std::string& name : base::ListDirectory(layout.root())) {
    out.kept.push_back(in_root + name);
  }
  return out;
}

}  // namespace activator

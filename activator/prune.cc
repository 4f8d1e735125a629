#include "activator/prune.h"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <set>

#include "activator/age.h"
#include "activator/agents.h"
#include "activator/generations.h"
#include "activator/history.h"
#include "activator/loop_device.h"
#include "base/atomic_file.h"
#include "base/error.h"
#include "base/file.h"
#include "base/random.h"
#include "base/sys.h"
#include "images/image_directory.h"

namespace activator {
namespace {

// Only prune makes such names, and only under the host's lock: what is there was left by one that
// was cut off.
const std::string kGone = std::string(base::kTemporaryPrefix) + "pruned-";

using Paths = std::set<std::string>;

bool HasNotChangedFor(const std::string& path, time_t seconds) {
  const std::optional<struct stat> found = base::LstatIfThere(path);
  return found && IsOlderThan(found->st_ctim.tv_sec, seconds);
}

std::vector<Generation> Kept(const std::vector<Generation>& all, uint64_t active, uint64_t keep) {
  std::vector<Generation> healthy;
  std::vector<Generation> out;
  for (const Generation& generation : all) {
    const bool waits = generation.state == GenerationState::kStaged && generation.number > active;
    if (generation.number != active && generation.healthy_sequence > 0) {
      healthy.push_back(generation);
    } else if (generation.number == active || waits) {
      out.push_back(generation);
    }
  }
  std::sort(healthy.begin(), healthy.end(), [](const Generation& a, const Generation& b) {
    return a.healthy_sequence > b.healthy_sequence;
  });
  const uint64_t beside_active = active == kNoGeneration ? keep : std::max<uint64_t>(keep, 1) - 1;
  healthy.resize(std::min<size_t>(healthy.size(), beside_active));
  out.insert(out.end(), healthy.begin(), healthy.end());
  return out;
}

void AddVersions(const images::HostLayout& layout, const Generation& generation, Paths& out) {
  for (const auto& [name, digest] : generation.apps) {
    out.insert(layout.Version(name, images::ImageId::Of(digest)));
  }
}

// Device and inode of what loop devices read: a path may lead there by another name.
std::set<std::pair<dev_t, ino_t>> FilesInUse() {
  std::set<std::pair<dev_t, ino_t>> out;
  for (const std::string& path : LoopBackingFiles()) {
    if (const std::optional<struct stat> found = base::StatIfThere(path)) {
      out.emplace(found->st_dev, found->st_ino);
    }
  }
  return out;
}

uint64_t DiskBytes(const std::string& path) {
  const std::optional<struct stat> found = base::LstatIfThere(path);
  if (!found) {
    return 0;
  }
  if (!S_ISDIR(found->st_mode)) {
    return found->st_nlink > 1 ? 0 : static_cast<uint64_t>(found->st_blocks) * 512;
  }
  uint64_t out = 0;
  for (const std::string& name : base::ListDirectory(path)) {
    out += DiskBytes(path + "/" + name);
  }
  return out;
}

// A transfer that somebody works on holds the lock of its file `lock`: nullopt then. Otherwise it
// is ours while the result lives.
std::optional<base::UniqueFd> LockTransfer(const std::string& directory) {
  base::UniqueFd fd(base::TheSys().Open((directory + "/lock").c_str(), O_RDWR, 0));
  if (fd.valid() && base::TheSys().Flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    return std::nullopt;
  }
  return fd;
}

void PlanVersions(const images::HostLayout& layout, const Paths& kept, const Paths& dropped,
                  PrunePlan& plan) {
  const auto in_use = FilesInUse();
  for (const images::HeldVersion& version : layout.Versions()) {
    if (kept.contains(version.path) ||
        (!dropped.contains(version.path) && !HasNotChangedFor(version.path, kDay))) {
      continue;
    }
    const std::optional<struct stat> image =
        base::StatIfThere(version.path + "/" + images::kImageFile);
    // Where a kept version has the same file by another name, it is that one which is mounted.
    const bool used =
        image && image->st_nlink == 1 && in_use.contains({image->st_dev, image->st_ino});
    (used ? plan.kept_in_use : plan.versions).push_back(version.path);
  }
}

void PlanRest(const images::HostLayout& layout, PrunePlan& plan) {
  for (const std::string& name : base::ListDirectory(layout.Incoming())) {
    const std::string path = layout.Incoming() + "/" + name;
    if (HasNotChangedFor(path, 7 * kDay) && LockTransfer(path)) {
      plan.incoming.push_back(path);
    }
  }
  std::vector<std::string> parents = {layout.Generations()};
  for (const images::HeldVersion& version : layout.Versions()) {
    parents.push_back(layout.Application(version.name));
  }
  std::sort(parents.begin(), parents.end());
  parents.erase(std::unique(parents.begin(), parents.end()), parents.end());
  for (const std::string& parent : parents) {
    for (const std::string& name : base::ListDirectory(parent)) {
      if (name.starts_with(kGone)) {
        plan.leftovers.push_back(parent + "/" + name);
      }
    }
  }
}

// Out of sight first, durable; what is then half removed has no name that anybody looks for.
void RemoveDurably(const std::string& path) {
  const std::string parent = base::ParentOf(path);
  const std::string gone = fmt::format("{}/{}{}", parent, kGone, base::RandomHex(8));
  if (base::TheSys().Rename(path.c_str(), gone.c_str()) != 0) {
    base::FailErrno(errno, "cannot remove {}", path);
  }
  base::FsyncDirectory(parent);
  base::RemoveTree(gone);
}

// The event first: what history does not know was never there. Only where the disk is too full for
// it, the generation makes room.
void PruneGeneration(const images::HostLayout& layout, uint64_t number, const std::string& by) {
  Event event;
  event.event = "pruned";
  event.generation = number;
  event.by = by;
  try {
    AppendEvent(layout, event);
  } catch (const base::Error& error) {
    if (error.error_number() != ENOSPC) {
      throw;
    }
    RemoveDurably(layout.Generation(number));
    AppendEvent(layout, event);
    return;
  }
  RemoveDurably(layout.Generation(number));
}

}  // namespace

PrunePlan PlanPrune(const images::HostLayout& layout, uint64_t keep) {
  PrunePlan plan;
  const std::vector<Generation> all = LoadGenerations(layout);
  const std::vector<Generation> kept = Kept(all, ActiveGeneration(layout), keep);
  Paths kept_versions;
  for (const Generation& generation : kept) {
    AddVersions(layout, generation, kept_versions);
  }
  Paths dropped_versions;
  for (const Generation& generation : all) {
    if (std::find(kept.begin(), kept.end(), generation) == kept.end()) {
      plan.generations.push_back(generation.number);
      AddVersions(layout, generation, dropped_versions);
    }
  }
  plan.unreadable = UnreadableGenerations(layout);
  if (plan.unreadable.empty()) {
    PlanVersions(layout, kept_versions, dropped_versions, plan);
  }
  PlanRest(layout, plan);
  plan.agents = UnusedAgents(layout);
  for (const uint64_t number : plan.generations) {
    plan.freed_bytes += DiskBytes(layout.Generation(number));
  }
  for (const auto* paths : {&plan.versions, &plan.incoming, &plan.agents, &plan.leftovers}) {
    for (const std::string& path : *paths) {
      plan.freed_bytes += DiskBytes(path);
    }
  }
  return plan;
}

void Prune(const images::HostLayout& layout, const PrunePlan& plan, const std::string& by) {
  for (const auto* paths : {&plan.leftovers, &plan.agents}) {
    for (const std::string& path : *paths) {
      base::RemoveTree(path);
    }
  }
  for (const uint64_t number : plan.generations) {
    PruneGeneration(layout, number, by);
  }
  for (const std::string& path : plan.versions) {
    RemoveDurably(path);
    ::rmdir(base::ParentOf(path).c_str());  // where it was the application's last version
  }
  for (const std::string& path : plan.incoming) {
    if (const std::optional<base::UniqueFd> ours = LockTransfer(path)) {
      base::RemoveTree(path);
    }
  }
}

}  // namespace activator

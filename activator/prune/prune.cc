#include "activator/prune/prune.h"

#include <cerrno>

#include "activator/state/generations.h"
#include "activator/state/healthy_versions.h"
#include "activator/state/history.h"
#include "activator/state/record_event.h"
#include "activator/state/tombstones.h"
#include "activator/state/version_locks.h"
#include "base/error.h"
#include "base/file.h"
#include "base/sys.h"

namespace activator {
namespace {

// Out of sight first, durable; what is then half removed has no name that anybody looks for.
std::string MoveOutOfSight(const std::string& path, uint64_t generation) {
  const std::string parent = base::ParentOf(path);
  std::string gone = parent + "/" + NewTombstone(generation);
  if (base::TheSys().Rename(path.c_str(), gone.c_str()) != 0) {
    base::FailErrno(errno, "cannot remove {}", path);
  }
  base::FsyncDirectory(parent);
  return gone;
}

class Pruner {
 public:
  Pruner(const images::HostLayout& layout, const std::string& by) : layout_(layout), by_(by) {}

  void RemoveGeneration(uint64_t number) {
    FinishGeneration(MoveOutOfSight(layout_.Generation(number), number), number);
  }
  void RemoveLeftover(const std::string& path);
  // At last: what found no room in the history before.
  void FinishUnnoted() const;

 private:
  Event EventOfPrune(const std::string& directory, uint64_t number) const;
  void FinishGeneration(const std::string& gone, uint64_t number);

  struct Unnoted {
    std::string directory;  // emptied
    Event event;
  };

  const images::HostLayout& layout_;
  const std::string& by_;
  std::vector<Unnoted> unnoted_;
};

// `directory`: the generation's, whatever its name is by now.
Event Pruner::EventOfPrune(const std::string& directory, uint64_t number) const {
  Event out;
  out.event = "pruned";
  out.generation = number;
  out.by = by_;
  const std::string path = directory + kGenerationFile;
  try {
    if (const std::optional<std::string> text = base::ReadFileIfThere(path)) {
      NameApps(layout_, Generation::Parse(*text, path).apps, out);
    }
  } catch (const base::Error&) {
    return out;  // it is told without them
  }
  return out;
}

// Its number is given away until the history has the event, even where that is the highest one:
// the directory that goes last is named after it (NextGenerationNumber).
void Pruner::FinishGeneration(const std::string& gone, uint64_t number) {
  Event event = EventOfPrune(gone, number);
  try {
    AppendEvent(layout_, event);
  } catch (const base::Error& error) {
    if (!base::IsDiskFull(error)) {
      throw;
    }
    for (const std::string& name : base::ListDirectory(gone)) {  // makes room for it
      base::RemoveTree(gone + "/" + name);
    }
    unnoted_.push_back({gone, std::move(event)});
    return;
  }
  base::RemoveTree(gone);
}

void Pruner::FinishUnnoted() const {
  for (const Unnoted& unnoted : unnoted_) {
    AppendEvent(layout_, unnoted.event);
    base::RemoveTree(unnoted.directory);
  }
}

void Pruner::RemoveLeftover(const std::string& path) {
  const std::optional<uint64_t> number = TombstoneGeneration(base::BaseName(path));
  const auto is_its = [&](const Event& event) {
    return event.event == "pruned" && event.generation == *number;
  };
  if (number && !LastEvent(layout_, is_its)) {
    FinishGeneration(path, *number);
  } else {
    base::RemoveTree(path);
  }
}

void RemoveVersion(const std::string& path) {
  base::RemoveTree(MoveOutOfSight(path, 0));
  ::rmdir(base::ParentOf(path).c_str());  // where it was the application's last version
}

// What the generations that go tell of the versions that stay: written before they go or, where a
// full disk has no room for it, once they have made some.
class MemoryOfHealth {
 public:
  MemoryOfHealth(const images::HostLayout& layout, const PrunePlan& plan)
      : layout_(layout), gone_(plan.versions.begin(), plan.versions.end()) {
    if (plan.generations.empty() && plan.versions.empty()) {
      return;
    }
    versions_ = ReadHealthyVersions(layout);
    try {
      StoreHealthyVersions(layout_, *versions_, gone_);
    } catch (const base::Error& error) {
      if (!base::IsDiskFull(error)) {
        throw;
      }
    }
  }
  void Finish() const {
    if (versions_) {
      StoreHealthyVersions(layout_, *versions_, gone_);
    }
  }

 private:
  const images::HostLayout& layout_;
  const std::set<std::string> gone_;
  std::optional<HealthyVersions> versions_;
};

// The locks of all that goes, held until it is gone.
class Claims {
 public:
  explicit Claims(const images::HostLayout& layout) : locks_(layout) {}

  // Takes out of the plan what somebody else has locked since.
  void Make(const images::HostLayout& layout, PrunePlan& plan);

 private:
  const VersionLocks locks_;
  std::vector<base::UniqueFd> transfers_;
};

void Claims::Make(const images::HostLayout& layout, PrunePlan& plan) {
  const size_t planned = plan.versions.size() + plan.incoming.size();
  std::erase_if(plan.versions, [&](const std::string& path) {
    const bool ours = locks_.Own(images::ImageId::Parse(base::BaseName(path)));
    if (!ours) {
      plan.kept_for_push.push_back(path);
      plan.kept.push_back({path, "a push reads from it", UsedBytes({path})});
    }
    return !ours;
  });
  std::erase_if(plan.incoming, [&](const std::string& path) {
    std::optional<base::UniqueFd> ours = LockTransfer(path);
    if (ours) {
      transfers_.push_back(std::move(*ours));
    }
    return !ours;
  });
  if (plan.versions.size() + plan.incoming.size() != planned) {
    CountBytes(layout, plan);
  }
}

}  // namespace

PrunePlan Prune(const images::HostLayout& layout, PrunePlan plan, const std::string& by) {
  Claims claims(layout);
  claims.Make(layout, plan);
  Pruner pruner(layout, by);
  // What needs no record first: it makes room for those of the others.
  for (const std::string& path : plan.agents) {
    base::RemoveTree(path);
  }
  for (const std::string& path : plan.incoming) {
    base::RemoveTree(path);
  }
  MemoryOfHealth memory(layout, plan);
  for (const std::string& path : plan.leftovers) {
    pruner.RemoveLeftover(path);
  }
  for (const uint64_t number : plan.generations) {
    pruner.RemoveGeneration(number);
  }
  for (const std::string& path : plan.versions) {
    RemoveVersion(path);
  }
  pruner.FinishUnnoted();
  memory.Finish();
  return plan;
}

void Pin(const images::HostLayout& layout, const PruneOptions& options) {
  const auto set = [&](uint64_t number, bool pinned) {
    Generation generation = LoadGeneration(layout, number);
    if (generation.pinned != pinned) {
      generation.pinned = pinned;
      StoreGeneration(layout, generation);
    }
  };
  for (const auto* numbers : {&options.pin, &options.unpin}) {
    for (const uint64_t number : *numbers) {
      LoadGeneration(layout, number);  // all or nothing
    }
  }
  for (const uint64_t number : options.pin) {
    set(number, true);
  }
  for (const uint64_t number : options.unpin) {
    set(number, false);
  }
}

}  // namespace activator

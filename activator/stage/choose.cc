#include "activator/stage/choose.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "activator/stage/stage.h"
#include "activator/state/generations.h"
#include "activator/state/healthy_versions.h"
#include "activator/state/history.h"
#include "base/error.h"
#include "images/version/image_directory.h"

namespace activator {
namespace {

uint64_t LastHealthyBefore(const images::HostLayout& layout, uint64_t active) {
  if (active == kNoGeneration) {
    base::Fail(base::ExitCode::kFailed, "nothing is active on this host, so there is no way back");
  }
  const Generation* best = nullptr;
  const std::optional<Generation> left = FindGeneration(layout, active);
  const std::vector<Generation> all = LoadGenerations(layout);
  for (const Generation& generation : all) {
    const bool is_same = left && generation.apps == left->apps;  // going there changes nothing
    if (generation.state == GenerationState::kSuperseded && !is_same &&
        generation.healthy_sequence > (best == nullptr ? 0 : best->healthy_sequence)) {
      best = &generation;
    }
  }
  if (best == nullptr) {
    base::Fail(base::ExitCode::kFailed,
               "no earlier generation that was healthy, and not left by a rollback, is on this "
               "host; generation {} stays active. `activate list` shows what there is",
               active);
  }
  return best->number;
}

std::optional<base::Sha256> Find(const Apps& apps, const std::string& name) {
  const auto found = apps.find(name);
  return found == apps.end() ? std::nullopt : std::optional(found->second);
}

struct Rebase {
  Apps apps;                             // the active set with the staged one's changes
  std::vector<std::string> overlapping;  // applications that both changed
};

Rebase RebaseOnto(const Generation& active, const Generation& staged) {
  Rebase out{active.apps, {}};
  for (const auto& [name, change] : staged.changes) {
    const std::optional<base::Sha256> now = Find(out.apps, name);
    if (now != change.from && now != change.to) {
      out.overlapping.push_back(name);
    }
    if (change.to) {
      out.apps.insert_or_assign(name, *change.to);
    } else {
      out.apps.erase(name);
    }
  }
  return out;
}

Resolved ResolveNumber(const images::HostLayout& layout, uint64_t number) {
  const uint64_t active = ActiveGeneration(layout);
  const Generation wanted = LoadGeneration(layout, number);
  // One that was healthy before is activated exactly as it was.
  if (number == active || wanted.parent == active || wanted.healthy_sequence > 0 ||
      active == kNoGeneration) {
    return {number, std::nullopt, ""};
  }
  Rebase rebase = RebaseOnto(LoadGeneration(layout, active), wanted);
  if (!rebase.overlapping.empty()) {
    base::Fail(base::ExitCode::kStale,
               "generation {} changes {}, and so did generation {}, which was activated since: "
               "push again, or name a generation that was active before",
               number, fmt::join(rebase.overlapping, ", "), active);
  }
  return {number, std::move(rebase.apps), ""};
}

// An older `activate` marked as failed what its checks refused, too.
bool WasOnlyChecked(const images::HostLayout& layout, const Generation& generation) {
  if (generation.state != GenerationState::kFailed || generation.healthy_sequence > 0) {
    return false;
  }
  const std::optional<Event> last =
      LastEvent(layout, [&](const Event& event) { return event.generation == generation.number; });
  return last && last->event == "preflight-failed";
}

bool IsUntried(const images::HostLayout& layout, const Generation& generation) {
  return generation.state == GenerationState::kStaged || WasOnlyChecked(layout, generation);
}

bool ChangeTheSame(const Generation& a, const Generation& b) {
  return std::ranges::any_of(a.changes,
                             [&](const auto& one) { return b.changes.contains(one.first); });
}

// Whether a newer push, which was tried or ran since, changed an application of it: whoever asks
// for the latest does not mean what that one replaced.
bool IsReplaced(const images::HostLayout& layout, const std::vector<Generation>& all,
                const Generation& one) {
  return std::ranges::any_of(all, [&](const Generation& other) {
    return other.number > one.number && ChangeTheSame(one, other) && !IsUntried(layout, other);
  });
}

// Of all that is staged, the newest after the active one that was not replaced.
const Generation* FindLatest(const images::HostLayout& layout, const std::vector<Generation>& all,
                             uint64_t active) {
  const auto latest = std::find_if(all.rbegin(), all.rend(), [&](const Generation& one) {
    return one.number > active && IsUntried(layout, one) && !IsReplaced(layout, all, one);
  });
  return latest == all.rend() ? nullptr : &*latest;
}

// The newest that is staged beside `chosen`, was not replaced, and could be activated after it with
// some effect. It is older than `chosen`: otherwise FindLatest would have found it.
const Generation* FindLeft(const images::HostLayout& layout, const std::vector<Generation>& all,
                           const Generation* chosen) {
  const auto left = std::find_if(all.rbegin(), all.rend(), [&](const Generation& one) {
    return &one != chosen && one.state == GenerationState::kStaged &&
           !IsReplaced(layout, all, one) && (chosen == nullptr || !IsStale(one, *chosen));
  });
  return left == all.rend() ? nullptr : &*left;
}

const Generation* FindTried(const images::HostLayout& layout, const std::vector<Generation>& all,
                            uint64_t active) {
  const auto tried = std::find_if(all.rbegin(), all.rend(), [&](const Generation& one) {
    return one.number > active && !IsUntried(layout, one) && one.healthy_sequence == 0 &&
           !one.reason.empty() && one.state != GenerationState::kSuperseded;
  });
  return tried == all.rend() ? nullptr : &*tried;
}

// Where none is staged, the active one, which is looked at again: what was tried is not tried again
// unless somebody names it.
Resolved ResolveLatest(const images::HostLayout& layout) {
  const uint64_t active = ActiveGeneration(layout);
  const std::vector<Generation> all = LoadGenerations(layout);
  if (const Generation* latest = FindLatest(layout, all, active)) {
    Resolved out = ResolveNumber(layout, latest->number);
    if (const Generation* left = FindLeft(layout, all, latest)) {
      out.note = fmt::format(
          "generation {}, the latest, has nothing of generation {}, which is staged too: `activate "
          "--generation {}` takes it afterwards",
          latest->number, left->number, left->number);
    }
    return out;
  }
  const Generation* tried = FindTried(layout, all, active);
  const std::string was_tried =
      tried == nullptr
          ? ""
          : fmt::format(
                "generation {0} was tried ({1}); `activate --generation {0}` tries it again",
                tried->number, tried->reason);
  if (active == kNoGeneration && tried != nullptr) {
    base::Fail(base::ExitCode::kFailed, "nothing is active, and {}", was_tried);
  }
  const auto now = std::ranges::find(all, active, &Generation::number);
  const Generation* left = FindLeft(layout, all, now == all.end() ? nullptr : &*now);
  return {active, std::nullopt,
          (left != nullptr ? fmt::format("no newer generation is staged; `activate --generation "
                                         "{}` takes the older one that is",
                                         left->number)
                           : "no generation is staged") +
              (tried != nullptr ? "; " + was_tried
               : active == 0    ? ": nothing to do"
                                : "")};
}

base::Sha256 RequireVersionBefore(const images::HostLayout& layout, const std::string& name,
                                  const std::optional<base::Sha256>& now) {
  const std::optional<base::Sha256> before = VersionBefore(ReadHealthyVersions(layout), name, now);
  if (!before) {
    base::Fail(base::ExitCode::kFailed,
               "no earlier version of {} that was healthy, and not left by a rollback, is on this "
               "host: push one, or type `activate --set {}=ID` for one that is there{}",
               name, name, now ? ", or `activate remove " + name + "` to take it away" : "");
  }
  return *before;
}

Resolved ResolveRollback(const images::HostLayout& layout, const std::string& name) {
  if (name.empty()) {
    return {LastHealthyBefore(layout, ActiveGeneration(layout)), std::nullopt, ""};
  }
  Apps apps = ActiveApps(layout);
  apps.insert_or_assign(name, RequireVersionBefore(layout, name, Find(apps, name)));
  return {kNoGeneration, std::move(apps), ""};
}

// Content is not looked at: that is for the checks before a switch.
base::Sha256 HeldManifest(const images::HostLayout& layout, const std::string& name,
                          const images::ImageId& id) {
  std::vector<std::string> held;
  for (const images::VersionDirectory& version : layout.Versions()) {
    if (version.name == name && version.id == id) {
      return images::ImageDirectory(version.path).stored().digest;
    }
    if (version.name == name) {
      held.push_back(version.id.text());
    }
  }
  base::Fail(
      base::ExitCode::kFailed, "{} holds no version {} of {}; there {}", layout.root(), id.text(),
      name,
      held.empty() ? "is none: push it first" : fmt::format("are: {}", fmt::join(held, ", ")));
}

Resolved ResolveVersions(const images::HostLayout& layout, const ActivationTarget& target) {
  Apps apps = ActiveApps(layout);
  for (const auto& [name, id] : target.versions) {
    if (id) {
      apps.insert_or_assign(name, HeldManifest(layout, name, *id));
    } else if (apps.erase(name) == 0) {
      std::vector<std::string> there;
      for (const auto& [other, digest] : apps) {
        there.push_back(other);
      }
      base::Fail(base::ExitCode::kFailed, "there is no application {} in {}{}", name,
                 GenerationName(ActiveGeneration(layout)),
                 there.empty() ? "" : fmt::format("; there are: {}", fmt::join(there, ", ")));
    }
  }
  return {kNoGeneration, std::move(apps), ""};
}

// A pin means what a generation changes, and goes with it.
void MovePin(const images::HostLayout& layout, uint64_t from, uint64_t to) {
  Generation before = LoadGeneration(layout, from);
  if (before.pinned) {
    Generation after = LoadGeneration(layout, to);
    after.pinned = true;
    StoreGeneration(layout, after);
    before.pinned = false;
    StoreGeneration(layout, before);
  }
}

// What is to be said of a rebase; the one that was rebased is marked with it.
std::string NoteRebase(const images::HostLayout& layout, uint64_t number, uint64_t active,
                       const StagedGeneration& rebased) {
  std::string note =
      rebased.active ? fmt::format("generation {} adds nothing to generation {}, which is active",
                                   number, active)
                     : fmt::format(
                           "generation {} was staged before generation {} became active: its "
                           "changes are now generation {}",
                           number, active, rebased.number);
  if (rebased.number != number) {
    MovePin(layout, number, rebased.number);
    Generation wanted = LoadGeneration(layout, number);
    wanted.state = GenerationState::kSuperseded;
    wanted.reason = note;
    StoreGeneration(layout, wanted);
  }
  return note;
}

}  // namespace

std::vector<std::string> ToArguments(const ActivationTarget& target) {
  switch (target.kind) {
    case TargetKind::kNumber:
      return {"--generation", std::to_string(target.number)};
    case TargetKind::kLatest:
      return {"--latest"};
    case TargetKind::kRollback:
      return {target.name.empty() ? "--rollback" : "--rollback=" + target.name};
    case TargetKind::kVersions:
      break;
  }
  std::vector<std::string> out;
  for (const auto& [name, id] : target.versions) {
    out.insert(out.end(), {id ? "--set" : "--without", id ? name + "=" + id->text() : name});
  }
  return out;
}

std::string ToText(const ActivationTarget& target) {
  if (target.kind != TargetKind::kVersions) {
    return fmt::format("{}", fmt::join(ToArguments(target), " "));
  }
  std::vector<std::string> words;
  for (const auto& [name, id] : target.versions) {
    words.push_back(id ? "--set " + name + "=" + id->text() : "remove " + name);
  }
  return fmt::format("{}", fmt::join(words, " "));
}

Resolved Resolve(const images::HostLayout& layout, const ActivationTarget& target) {
  switch (target.kind) {
    case TargetKind::kRollback:
      return ResolveRollback(layout, target.name);
    case TargetKind::kVersions:
      return ResolveVersions(layout, target);
    case TargetKind::kNumber:
      return ResolveNumber(layout, target.number);
    case TargetKind::kLatest:
      break;
  }
  return ResolveLatest(layout);
}

Choice ChooseGeneration(const images::HostLayout& layout, const ActivationTarget& target,
                        const std::string& by) {
  const Resolved resolved = Resolve(layout, target);
  if (!resolved.apps) {
    return {resolved.number, resolved.note};
  }
  const uint64_t active = ActiveGeneration(layout);
  const StagedGeneration staged = StageApps(layout, *resolved.apps, by);
  if (resolved.number == kNoGeneration) {
    return {staged.number, ""};
  }
  const std::string note = NoteRebase(layout, resolved.number, active, staged);
  return {staged.number, resolved.note.empty() ? note : note + "; " + resolved.note};
}

bool IsStale(const Generation& staged, const Generation& active) {
  const Rebase rebase = RebaseOnto(active, staged);
  return !rebase.overlapping.empty() || rebase.apps == active.apps;
}

}  // namespace activator

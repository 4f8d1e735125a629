#include "activator/choose.h"

#include <fmt/ranges.h>

#include <optional>
#include <vector>

#include "activator/generations.h"
#include "activator/stage_apps.h"
#include "base/error.h"

namespace activator {
namespace {

uint64_t LastHealthyBefore(const images::HostLayout& layout, uint64_t active) {
  if (active == kNoGeneration) {
    base::Fail(base::Code::kFailed, "nothing is active on this host, so there is no way back");
  }
  const Generation* best = nullptr;
  const std::vector<Generation> all = LoadGenerations(layout);
  for (const Generation& generation : all) {
    if (generation.state == GenerationState::kSuperseded && generation.number != active &&
        generation.healthy_sequence > (best == nullptr ? 0 : best->healthy_sequence)) {
      best = &generation;
    }
  }
  if (best == nullptr) {
    base::Fail(base::Code::kFailed,
               "no earlier generation was healthy on this host; generation {} stays active. "
               "`activate list` shows what there is",
               active);
  }
  return best->number;
}

std::optional<uint64_t> LatestStaged(const images::HostLayout& layout) {
  std::optional<uint64_t> out;
  const uint64_t active = ActiveGeneration(layout);
  for (const Generation& generation : LoadGenerations(layout)) {
    // One older than the active is a push that was given up.
    if (generation.state == GenerationState::kStaged && generation.number > active) {
      out = generation.number;
    }
  }
  return out;
}

std::optional<base::Sha256> Find(const Apps& apps, const std::string& name) {
  const auto found = apps.find(name);
  return found == apps.end() ? std::nullopt : std::optional(found->second);
}

// The active set with the staged one's changes; throws where both changed an application.
Apps Rebased(const Generation& staged, const Generation& active) {
  Apps apps = active.apps;
  std::vector<std::string> overlapping;
  for (const auto& [name, change] : staged.changes) {
    const std::optional<base::Sha256> now = Find(apps, name);
    if (now != change.from && now != change.to) {
      overlapping.push_back(name);
    }
    if (change.to) {
      apps.insert_or_assign(name, *change.to);
    } else {
      apps.erase(name);
    }
  }
  if (!overlapping.empty()) {
    base::Fail(
        base::Code::kStale,
        "generation {} changes {}, and so did generation {}, which was activated since: push "
        "again, or name a generation that was active before",
        staged.number, fmt::join(overlapping, ", "), active.number);
  }
  return apps;
}

Choice RebaseWhereNeeded(const images::HostLayout& layout, uint64_t number, const std::string& by) {
  const uint64_t active = ActiveGeneration(layout);
  Generation wanted = LoadGeneration(layout, number);
  // One that was healthy before is activated exactly as it was.
  if (number == active || wanted.parent == active || wanted.healthy_sequence > 0 ||
      active == kNoGeneration) {
    return {number, ""};
  }
  const Apps apps = Rebased(wanted, LoadGeneration(layout, active));
  const StagedGeneration rebased = StageApps(layout, apps, by);
  const std::string note =
      rebased.active ? fmt::format("generation {} adds nothing to generation {}, which is active",
                                   number, active)
                     : fmt::format(
                           "generation {} was staged before generation {} became active: "
                           "its changes are now generation {}",
                           number, active, rebased.number);
  if (rebased.number != number) {
    wanted.state = GenerationState::kSuperseded;
    wanted.reason = note;
    StoreGeneration(layout, wanted);
  }
  return {rebased.number, note};
}

}  // namespace

Choice ChooseGeneration(const images::HostLayout& layout, Wanted wanted, uint64_t number,
                        const std::string& by) {
  if (wanted == Wanted::kRollback) {
    return {LastHealthyBefore(layout, ActiveGeneration(layout)), ""};
  }
  if (wanted == Wanted::kLatest) {
    const std::optional<uint64_t> staged = LatestStaged(layout);
    if (!staged) {
      return {kNoGeneration, "no generation is staged: nothing to do"};
    }
    number = *staged;
  }
  return RebaseWhereNeeded(layout, number, by);
}

}  // namespace activator

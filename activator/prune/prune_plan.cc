#include "activator/prune/prune_plan.h"

#include <fmt/ranges.h>
#include <sys/file.h>

#include <algorithm>
#include <ctime>

#include "activator/prune/age.h"
#include "activator/prune/agents.h"
#include "activator/prune/retention.h"
#include "activator/state/generations.h"
#include "activator/state/healthy_versions.h"
#include "activator/state/lost_current.h"
#include "activator/state/switch_record.h"
#include "activator/state/tombstones.h"
#include "activator/state/version_locks.h"
#include "base/file.h"
#include "images/version/image_directory.h"

namespace activator {
namespace {

using Paths = std::set<std::string>;
using Numbers = std::set<uint64_t>;

bool HasNotChangedFor(const std::string& path, time_t seconds) {
  const std::optional<struct stat> found = base::LstatIfThere(path);
  return found && IsOlderThan(found->st_ctim.tv_sec, seconds);
}

std::optional<FileId> ImageOf(const std::string& version) {
  const auto found = base::StatIfThere(version + "/" + images::kImageFile);
  return found ? std::optional(FileId{found->st_dev, found->st_ino}) : std::nullopt;
}

class Planner {
 public:
  Planner(const images::HostLayout& layout, const PruneOptions& options,
          const std::set<FileId>& in_use)
      : layout_(layout), options_(options), in_use_(in_use), all_(ReadGenerations(layout)) {}

  PrunePlan Plan();

 private:
  RetentionPolicy Rules() const;
  using Reasons = std::map<std::string, std::vector<std::string>>;  // of each version
  Paths VersionsOf(const Numbers& numbers) const;
  Reasons KeptVersions(const RetainedGenerations& kept, const Numbers& numbers) const;
  Paths ForRollback(uint64_t active) const;
  void PlanVersions(const Reasons& kept);
  void Keep(const std::string& path, const std::string& why);
  void PlanIncoming();
  void PlanLeftovers();

  const images::HostLayout& layout_;
  const PruneOptions& options_;
  const std::set<FileId>& in_use_;
  const AllGenerations all_;
  Paths for_rollback_;
  PrunePlan plan_;
};

RetentionPolicy Planner::Rules() const {
  RetentionPolicy out;
  out.active = ActiveGeneration(layout_);
  if (const std::optional<SwitchRecord> record = ReadSwitchRecord(layout_)) {
    out.switching = {record->from, record->to};
  } else if (const uint64_t lost = LostCurrent(layout_); lost != kNoGeneration) {
    out.active = lost;  // it runs, all the same
  }
  out.keep = options_.keep;
  out.staged = options_.staged;
  out.older_than_seconds = options_.older_than_seconds;
  for (const Generation& generation : all_.readable) {
    // Its record is written last when its state changes: when it was left.
    const auto found = base::LstatIfThere(layout_.Generation(generation.number) + kGenerationFile);
    const time_t age = found ? ::time(nullptr) - found->st_mtim.tv_sec : 0;
    out.age_seconds[generation.number] = static_cast<uint64_t>(std::max<time_t>(age, 0));
  }
  return out;
}

Paths Planner::VersionsOf(const Numbers& numbers) const {
  Paths out;
  for (const Generation& generation : all_.readable) {
    if (numbers.contains(generation.number)) {
      for (const auto& [name, digest] : generation.apps) {
        out.insert(layout_.Version(name, images::ImageId::Of(digest)));
      }
    }
  }
  return out;
}

// What --rollback NAME would take, of each application that is active: however many other
// applications were switched since.
Paths Planner::ForRollback(uint64_t active) const {
  Paths out;
  const HealthyVersions versions = ReadHealthyVersions(layout_);
  for (const Generation& generation : all_.readable) {
    for (const auto& [name, digest] : generation.number == active ? generation.apps : Apps{}) {
      if (const std::optional<base::Sha256> before = VersionBefore(versions, name, digest)) {
        out.insert(layout_.Version(name, images::ImageId::Of(*before)));
      }
    }
  }
  return out;
}

Planner::Reasons Planner::KeptVersions(const RetainedGenerations& kept,
                                       const Numbers& numbers) const {
  Reasons out;
  for (auto number = numbers.rbegin(); number != numbers.rend(); ++number) {
    for (const std::string& path : VersionsOf({*number})) {
      out[path].push_back(fmt::format("generation {} ({})", *number, kept.why.at(*number)));
    }
  }
  for (const std::string& path : for_rollback_) {
    out[path].push_back(
        fmt::format("what --rollback {} takes", base::BaseName(base::ParentOf(path))));
  }
  return out;
}

void Planner::Keep(const std::string& path, const std::string& why) {
  plan_.kept.push_back({path, why});
}

void Planner::PlanVersions(const Reasons& kept) {
  const Paths dropped = VersionsOf({plan_.generations.begin(), plan_.generations.end()});
  std::set<FileId> kept_images;
  for (const auto& [path, reasons] : kept) {
    if (const std::optional<FileId> image = ImageOf(path)) {
      kept_images.insert(*image);
    }
  }
  const VersionLocks locks(layout_);
  for (const images::VersionDirectory& version : layout_.Versions()) {
    const std::string& path = version.path;
    const std::optional<FileId> image = ImageOf(path);
    if (const auto found = kept.find(path); found != kept.end()) {
      Keep(path, fmt::format("{}", fmt::join(found->second, ", ")));
    } else if (!plan_.unreadable.empty()) {
      Keep(path, "a generation that cannot be read may name it");
    } else if (!dropped.contains(path) && !HasNotChangedFor(path, kDay)) {
      Keep(path, "it arrived less than a day ago, and no generation names it yet");
      // Where a kept version has the same file by another name, it is that one which is mounted.
    } else if (image && in_use_.contains(*image) && !kept_images.contains(*image)) {
      plan_.kept_in_use.push_back(path);
      Keep(path, "it is mounted, or a unit uses it");
    } else if (locks.IsShared(version.id)) {
      plan_.kept_for_push.push_back(path);
      Keep(path, "a push reads from it");
    } else {
      plan_.versions.push_back(path);
    }
  }
}

void Planner::PlanIncoming() {
  for (const std::string& name : base::ListDirectory(layout_.Incoming())) {
    const std::string path = layout_.Incoming() + "/" + name;
    if (HasNotChangedFor(path, 7 * kDay) && LockTransfer(path)) {
      plan_.incoming.push_back(path);
    } else {
      Keep(path, LockTransfer(path) ? "an interrupted push of less than a week ago, which the next "
                                      "one continues (rm -r it otherwise)"
                                    : "a push is in progress");
    }
  }
}

void Planner::PlanLeftovers() {
  Paths parents = {layout_.Generations()};
  for (const images::VersionDirectory& version : layout_.Versions()) {
    parents.insert(layout_.Application(version.name));
  }
  for (const std::string& parent : parents) {
    for (const std::string& name : base::ListDirectory(parent)) {
      if (IsTombstone(name)) {
        plan_.leftovers.push_back(parent + "/" + name);
      }
    }
  }
}

PrunePlan Planner::Plan() {
  plan_.unreadable = all_.unreadable;
  PlanIncoming();
  PlanLeftovers();
  plan_.agents = UnusedAgents(layout_);
  const PrunePlan rest = plan_;
  const RetentionPolicy rules = Rules();
  for_rollback_ = ForRollback(rules.active);
  RetainedGenerations kept = WhatToKeep(all_.readable, rules);
  for (;;) {
    plan_ = rest;
    Numbers numbers = kept.always;
    numbers.insert(kept.besides.begin(), kept.besides.end());
    for (const Generation& generation : all_.readable) {
      if (!numbers.contains(generation.number)) {
        plan_.generations.push_back(generation.number);
      }
    }
    PlanVersions(KeptVersions(kept, numbers));
    CountBytes(layout_, plan_);
    if (!options_.max_bytes || plan_.held_bytes <= *options_.max_bytes || kept.besides.empty()) {
      break;
    }
    kept.besides.pop_back();
  }
  for (Kept& one : plan_.kept) {
    one.bytes = UsedBytes({one.path});
  }
  return plan_;
}

}  // namespace

void CountBytes(const images::HostLayout& layout, PrunePlan& plan) {
  std::vector<std::string> paths;
  for (const uint64_t number : plan.generations) {
    paths.push_back(layout.Generation(number));
  }
  for (const auto* more : {&plan.versions, &plan.incoming, &plan.agents, &plan.leftovers}) {
    paths.insert(paths.end(), more->begin(), more->end());
  }
  plan.freed_bytes = FreedBytes(paths);
  std::vector<std::string> held;
  for (const images::VersionDirectory& version : layout.Versions()) {
    if (std::find(plan.versions.begin(), plan.versions.end(), version.path) ==
        plan.versions.end()) {
      held.push_back(version.path);
    }
  }
  plan.held_bytes = UsedBytes(held);
}

PrunePlan PlanPrune(const images::HostLayout& layout, const PruneOptions& options,
                    const std::set<FileId>& in_use) {
  return Planner(layout, options, in_use).Plan();
}

}  // namespace activator

#include "activator/prune/retention.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "activator/stage/choose.h"

namespace activator {
namespace {

bool WaitsToBeActivated(const Generation& generation, const Generation* active) {
  return generation.state == GenerationState::kStaged &&
         (active == nullptr || !IsStale(generation, *active));
}

// A newer one that changes the same applications takes its place.
std::set<std::string> NamesOf(const Changes& changes) {
  std::set<std::string> out;
  for (const auto& [name, change] : changes) {
    out.insert(name);
  }
  return out;
}

// The last healthy one first, then the newest.
std::vector<const Generation*> ByHealth(const std::vector<Generation>& all) {
  std::vector<const Generation*> out;
  out.reserve(all.size());
  for (const Generation& generation : all) {
    out.push_back(&generation);
  }
  std::sort(out.begin(), out.end(), [](const Generation* a, const Generation* b) {
    return a->healthy_sequence > b->healthy_sequence ||
           (a->healthy_sequence == b->healthy_sequence && a->number > b->number);
  });
  return out;
}

// By the first reason that holds; what the last two alone keep may be given up.
void Keep(uint64_t number, const std::array<std::pair<bool, const char*>, 7>& reasons,
          RetainedGenerations& out) {
  const auto why =
      std::find_if(reasons.begin(), reasons.end(), [](const auto& reason) { return reason.first; });
  if (why == reasons.end()) {
    return;
  }
  out.why[number] = why->second;
  if (reasons.end() - why > 2) {
    out.always.insert(number);
  } else {
    out.besides.push_back(number);
  }
}

}  // namespace

RetainedGenerations WhatToKeep(const std::vector<Generation>& all, const RetentionPolicy& rules) {
  RetainedGenerations out;
  out.always = rules.switching;
  const auto active = std::find_if(
      all.begin(), all.end(), [&](const Generation& one) { return one.number == rules.active; });
  const Generation* const its = active == all.end() ? nullptr : &*active;
  uint64_t healthy = its == nullptr ? 0 : 1;
  bool rollback_found = false;
  std::map<std::set<std::string>, uint64_t> waiting;
  for (const Generation* generation : ByHealth(all)) {
    const bool is_active = generation == its;
    const bool was_healthy = generation->healthy_sequence > 0 && !is_active;
    const bool for_rollback = was_healthy && !rollback_found &&
                              generation->state == GenerationState::kSuperseded &&
                              (its == nullptr || generation->apps != its->apps);
    rollback_found = rollback_found || for_rollback;
    const bool counts = was_healthy && healthy < rules.keep;
    healthy += counts ? 1 : 0;
    const auto age = rules.age_seconds.find(generation->number);
    const bool too_young = rules.older_than_seconds > 0 && age != rules.age_seconds.end() &&
                           age->second <= rules.older_than_seconds;
    const bool waits = WaitsToBeActivated(*generation, its) &&
                       ++waiting[NamesOf(generation->changes)] <= rules.staged;
    const std::array<std::pair<bool, const char*>, 7> reasons = {
        {{is_active, "active"},
         {rules.switching.contains(generation->number), "of the switch that was cut off"},
         {for_rollback, "what --rollback takes"},
         {generation->pinned, "pinned"},
         {waits, "staged, see --staged"},
         {counts, "healthy lately, see --keep"},
         {too_young, "left lately, see --older-than"}}};
    Keep(generation->number, reasons, out);
  }
  return out;
}

}  // namespace activator

// The rules by which a prune keeps generations, without any disk.
#ifndef SLIPWAY_ACTIVATOR_PRUNE_RETENTION_H_
#define SLIPWAY_ACTIVATOR_PRUNE_RETENTION_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "activator/state/generation.h"

namespace activator {

struct RetentionPolicy {
  uint64_t active = kNoGeneration;
  std::set<uint64_t> switching;  // what a switch that was cut off goes from and to
  uint64_t keep = 3;             // healthy ones, the active one among them
  uint64_t older_than_seconds = 0;
  std::map<uint64_t, uint64_t> age_seconds;  // of each, since it was left
  uint64_t staged = 10;  // that wait, of those that change the same applications
};

struct RetainedGenerations {
  // Never removed: the active one, the one that --rollback would take, those of a switch, pinned
  // ones, and the last `staged` of those that wait to be activated.
  std::set<uint64_t> always;
  // Kept besides, the one to be given up first at the end: by when they were healthy last.
  std::vector<uint64_t> besides;
  std::map<uint64_t, std::string> why;  // each of them is kept, for people
};

RetainedGenerations WhatToKeep(const std::vector<Generation>& all, const RetentionPolicy& rules);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_PRUNE_RETENTION_H_

// Says what a switch between two sets of applications changes, for `activate diff` and --dry-run.
#ifndef SLIPWAY_ACTIVATOR_REPORT_COMPARISON_H_
#define SLIPWAY_ACTIVATOR_REPORT_COMPARISON_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "activator/host/dependents.h"
#include "activator/host/installed_units.h"
#include "activator/state/generation.h"
#include "images/version/host_layout.h"

namespace activator {

// One side of it.
struct Composition {
  uint64_t number = kNoGeneration;  // of the generation; none: not staged yet, or nothing
  Apps apps;
  InstalledUnits units;
};

Composition CompositionOf(const images::HostLayout& layout, uint64_t number);
// Of what would be staged.
Composition CompositionOf(const images::HostLayout& layout, const Apps& apps);

struct AppDifference {
  std::string name;
  std::string from;  // "83bf2a6d6fb73136 (1.28.0)"; empty: it is new
  std::string to;    // empty: it goes
};

struct HookRun {
  std::string unit;
  std::string when;     // before_start, after_healthy
  std::string command;  // its words with spaces between, for people
};

struct Comparison {
  uint64_t from = kNoGeneration;
  uint64_t to = kNoGeneration;
  std::vector<AppDifference> apps;
  std::vector<std::string> added;              // units
  std::map<std::string, std::string> changed;  // unit -> lines that differ
  std::vector<std::string> removed;            // units
  UnitEffects effects;                         // on those, and on others along with them
  std::vector<HookRun> hooks;                  // in the order in which they run
  Dependents dependents;                       // of the host's own; empty where nobody was asked
  std::vector<std::string> mounted;            // images that added and changed units mount
  std::vector<std::string> unmounted;          // those that nothing needs any more
  bool is_folder = false;  // where nothing is started, run or mounted, and none of these is said

  bool IsEmpty() const { return apps.empty() && HasNoUnit(); }
  bool HasNoUnit() const {
    return added.empty() && changed.empty() && removed.empty() && effects.restarted.empty();
  }
};

Comparison CompareSides(const images::HostLayout& layout, const Composition& from,
                        const Composition& to);

std::string ComparisonText(const Comparison& comparison);
std::string ComparisonJson(const Comparison& comparison);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_REPORT_COMPARISON_H_

// `activate list` and `activate status`: what is there, for people and as JSON. Read-only, without
// the host's lock.
#ifndef SLIPWAY_ACTIVATOR_REPORT_H_
#define SLIPWAY_ACTIVATOR_REPORT_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "activator/generation.h"
#include "activator/prune.h"
#include "activator/switch_record.h"
#include "activator/systemd.h"

namespace activator {

struct UnitStatus {
  std::string name;
  UnitState state;
};

struct Status {
  std::string root;
  uint64_t active = kNoGeneration;
  std::optional<Generation> generation;  // the active one
  std::optional<SwitchRecord> switch_record;
  // With a record: false means that it was cut off; nullopt that only root can tell.
  std::optional<bool> switch_in_progress;
  std::vector<UnitStatus> units;  // of the active generation; empty for a folder as host
};

// Whether some process holds the host's lock just now; nullopt where we may not look.
std::optional<bool> IsLockHeld(const images::HostLayout& layout);

// `systemd`: nullptr for a folder as host.
Status ReadStatus(const images::HostLayout& layout, Systemd* systemd);

// What `list` shows.
struct Listing {
  std::vector<Generation> generations;
  std::map<uint64_t, std::string> unreadable;  // number -> what is wrong
  uint64_t active = kNoGeneration;
};
Listing ReadListing(const images::HostLayout& layout);

std::string ListText(const Listing& listing);
std::string StatusText(const Status& status);
std::string ListJson(const Listing& listing);
std::string StatusJson(const Status& status);
// Unit name -> text.
std::string UnitsText(const std::map<std::string, std::string>& units);
std::string UnitsJson(const std::map<std::string, std::string>& units);
std::string PruneJson(const PrunePlan& plan, bool dry_run);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_REPORT_H_

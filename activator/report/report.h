// `activate list` and `activate status`: the state of the host, for people and as JSON. Read-only,
// without the host's lock.
#ifndef SLIPWAY_ACTIVATOR_REPORT_REPORT_H_
#define SLIPWAY_ACTIVATOR_REPORT_REPORT_H_

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "activator/host/host.h"
#include "activator/os/systemd.h"
#include "activator/prune/prune_plan.h"
#include "activator/state/generation.h"
#include "activator/state/history.h"
#include "activator/state/switch_record.h"
#include "activator/trust/accepted.h"
#include "images/channel/state_document.h"

namespace activator {

struct UnitStatus {
  std::string name;
  UnitState state;
  std::string image_path;  // that its unit names
  std::string version;     // "web/83bf2a6d6fb73136 (1.28.0)"; empty where it is not known
  std::string since;       // of its state, ISO 8601; empty: never was another one
};

// An application that --override keeps from the channel that names it.
struct KeptApplication {
  std::string application;
  std::string channel;
  std::string by;
  images::TimePoint until;
};

struct Status {
  std::string root;
  uint64_t active = kNoGeneration;
  std::optional<Generation> generation;        // the active one, where its record can be read
  std::map<uint64_t, std::string> unreadable;  // generations -> what is wrong with their records
  std::optional<SwitchRecord> switch_record;
  // With a record: false means that it was cut off; nullopt that only root can tell.
  std::optional<bool> switch_in_progress;
  std::vector<UnitStatus> units;  // of the active generation; empty for a folder as host
  bool runs_nothing = false;      // by its units, or because it is a folder
  std::map<std::string, std::string> versions;  // application -> id and version
  std::map<std::string, std::string> names;     // application -> what its version calls itself
  std::map<std::string, std::string> reads_verified_by;  // application -> ReadsVerifiedBy
  bool takes_signed_alone = false;                       // trust is on
  std::string trust_problem;                             // why nothing is taken; empty: no reason
  std::map<std::string, AcceptedVersion> releases;       // application -> as the host took it
  // drift.h, and a `current` that was lost; empty: the host matches `current`.
  std::vector<std::string> drift;
  // What should run and does not, with its state (FindDown); the caller of ReadStatus adds it.
  std::vector<std::string> down;
  // What is up just now and is not well all the same: it ends again and again, or is a job whose
  // last run failed. From the same.
  std::vector<std::string> failing;
  // With --check: how many checks were asked, and what did not pass (AskChecks), likewise.
  std::optional<size_t> checked;
  std::vector<std::string> unhealthy;
  std::optional<Event> found_healthy;    // when the active generation was, last
  std::optional<Event> last_activation;  // of whatever generation
  // As the last pull found its channels, where it has some; the caller of ReadStatus adds it.
  std::optional<images::StateDocument> pulled;
  images::PollTimes polled;
  std::vector<KeptApplication> kept;       // from its channels, likewise
  std::vector<std::string> pull_problems;  // why it does not poll (PullProblems), likewise
};

// What a pull found, for people: a line of each channel, the worst last.
std::string PulledText(const images::StateDocument& pulled, const images::PollTimes& polled);
std::string PulledJson(const images::StateDocument& pulled, const images::PollTimes& polled);

// What compares each block of the image with what was built, when it is read: "dm-verity",
// "fs-verity"; empty: nothing does.
std::string ReadsVerifiedBy(const images::ImageDirectory& version);
// ", reads verified by dm-verity", or nothing.
std::string VerifiedByText(const std::string& by);

// In seconds; 0 where `created` is no time.
uint64_t AgeSeconds(const Generation& generation, std::chrono::system_clock::time_point now);

// `ask_systemd`: false for a folder as host.
Status ReadStatus(const Host& host, bool ask_systemd);

// Whether a switch has begun, or what was cut off has been recovered from, since `status` was read.
bool IsOutdated(const images::HostLayout& layout, const Status& status);

// What `status` exits with: ExitCode::kNeedsAttention where something is down or failing, else 0.
int CodeOf(const Status& status);
// The same with --check: also for a check that does not pass, drift, a record of the active
// generation that cannot be read, and a switch that was cut off; kBusy while one is in progress.
int CodeOfChecked(const Status& status);

// What `list` shows.
struct Listing {
  std::vector<Generation> generations;
  std::map<uint64_t, std::string> unreadable;  // number -> what is wrong
  uint64_t active = kNoGeneration;
  // Application and digest -> what it calls itself; may be empty.
  std::map<std::pair<std::string, base::Sha256>, std::string> versions;
  std::chrono::system_clock::time_point now;
};
Listing ReadListing(const images::HostLayout& layout);

std::string ListText(const Listing& listing);
std::string StatusText(const Status& status);
std::string ListJson(const Listing& listing);
std::string StatusJson(const Status& status);
// Unit name -> text.
std::string UnitsText(const std::map<std::string, std::string>& units);
std::string UnitsJson(const std::map<std::string, std::string>& units);
// null where there is none.
std::string EventJson(const std::optional<Event>& event);
// What was or would be removed, a line each.
std::string PruneText(const PrunePlan& plan, bool dry_run);
// What a person should know of it besides.
std::string PruneNotes(const images::HostLayout& layout, const PrunePlan& plan,
                       const PruneOptions& options, bool dry_run);
std::string PruneJson(const PrunePlan& plan, bool dry_run);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_REPORT_REPORT_H_

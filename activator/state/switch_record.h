// switch.json: the intent record of a switch, durable before anything is touched, and removed at
// the end. Its phase decides what recovery does (docs/crash-safety.md).
#ifndef SLIPWAY_ACTIVATOR_STATE_SWITCH_RECORD_H_
#define SLIPWAY_ACTIVATOR_STATE_SWITCH_RECORD_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "activator/state/history.h"
#include "images/version/host_layout.h"

namespace activator {

enum class SwitchPhase {
  kIntent,       // nothing runs differently yet; links for new units may be there
  kSwitching,    // units may be stopped, `current` may name either, units may be started
  kGoingBack,    // likewise, on the way back to `from`
  kHealthy,      // `to` is what runs; only its records are to be finished
  kUnconfirmed,  // `to` was found healthy; it goes back unless somebody confirms it
                 // (confirmation.h)
};

const char* ToText(SwitchPhase phase);

// A folder that a service of `to` takes over (data_folders.h), as it was before the switch.
struct DataFolder {
  std::string path;
  uint32_t uid = 0;
  uint32_t gid = 0;
  uint32_t mode = 0;
  bool operator==(const DataFolder&) const = default;
};

struct SwitchRecord {
  std::string activation_id;
  uint64_t from = 0;  // 0: nothing was active
  uint64_t to = 0;
  SwitchPhase phase = SwitchPhase::kIntent;
  bool is_rollback = false;  // asked for by --rollback: `from` is then rolled back, not superseded
  std::string boot_id;
  std::string started;          // ISO 8601, UTC
  std::string deadline;         // when it must have ended, likewise
  std::string confirm_until{};  // while it is unconfirmed, likewise
  std::string by;
  std::string reason;  // why it goes back
  // Units of others that ran under a name of `to`'s, and run again if it goes back.
  std::vector<std::string> adopted{};
  std::vector<DataFolder> folders{};
  // Units of others that ran and that the switch stops along with ours, so that they run again.
  std::vector<std::string> dependents{};
  std::string what{};       // was asked for: "--rollback web"
  uint64_t started_ms = 0;  // as `started`, in milliseconds since 1970; 0: not known

  std::string Serialize() const;
  static SwitchRecord Parse(const std::string& text, const std::string& name_of_file);
};

// nullopt: no switch is in progress, and none was cut off.
std::optional<SwitchRecord> ReadSwitchRecord(const images::HostLayout& layout);
void WriteSwitchRecord(const images::HostLayout& layout, const SwitchRecord& record);
// And the confirmation.
void RemoveSwitchRecord(const images::HostLayout& layout);

// confirmed.json, durable: somebody reached the host while the switch of that id waited for it.
void Confirm(const images::HostLayout& layout, const std::string& activation_id);
bool IsConfirmed(const images::HostLayout& layout, const std::string& activation_id);

// Why a recovery goes back from a switch that nobody had found unhealthy.
std::string CutOffReason(const SwitchRecord& record);
// The event that says what became of the switch, now.
Event EventOf(const SwitchRecord& record, const std::string& event);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_STATE_SWITCH_RECORD_H_

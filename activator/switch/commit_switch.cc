#include "activator/switch/commit_switch.h"

#include "activator/host/unit_links.h"
#include "activator/state/generations.h"
#include "activator/state/record_event.h"

namespace activator {
namespace {

void MarkGenerations(const images::HostLayout& layout, const SwitchRecord& record,
                     uint64_t sequence) {
  for (Generation generation : LoadGenerations(layout)) {
    const Generation before = generation;
    if (generation.number == record.to) {
      generation.state = GenerationState::kActive;
      generation.reason.clear();
      generation.healthy_sequence = sequence;
    } else if (generation.state == GenerationState::kActive) {
      const bool left = record.is_rollback && generation.number == record.from;
      generation.state = left ? GenerationState::kRolledBack : GenerationState::kSuperseded;
      generation.reason =
          left ? "rolled back to generation " + std::to_string(record.to) + " by " + record.by : "";
    }
    if (!(generation == before)) {
      StoreGeneration(layout, generation);
    }
  }
}

void RemoveStaleLinks(const Host& host, const SwitchRecord& record) {
  UnitNames stale;
  const auto wanted = UnitTexts(host.layout, record.to);
  for (const std::string& unit : LinkedUnits(host)) {
    if (!wanted.contains(unit)) {
      stale.push_back(unit);
    }
  }
  if (RemoveUnitLinks(host, stale)) {
    host.systemd.DaemonReload();
    host.systemd.ResetFailed(stale);  // or one that did not end well would be listed for ever
  }
}

}  // namespace

void CommitSwitch(const Host& host, const SwitchRecord& record) {
  MarkGenerations(host.layout, record, RecordEvent(host.layout, EventOf(record, "activated")));
  if (!host.is_folder) {
    RemoveStaleLinks(host, record);
  }
  RemoveSwitchRecord(host.layout);
}

}  // namespace activator

#include "activator/switch/confirmation.h"

#include "base/error.h"

namespace activator {
namespace {

constexpr std::chrono::milliseconds kGlance{100};

}  // namespace

std::optional<SwitchRecord> WaitsForConfirmation(const images::HostLayout& layout) {
  std::optional<SwitchRecord> record = ReadSwitchRecord(layout);
  if (record && record->phase != SwitchPhase::kUnconfirmed) {
    record.reset();
  }
  return record;
}

void AwaitConfirmation(const Host& host, const SwitchRecord& record, std::chrono::seconds limit) {
  const auto end = host.clock.Monotonic() + limit;
  host.io.Err(
      "activate: generation {} is healthy, and waits until {} to be confirmed from a new login: "
      "activate confirm\n",
      record.to, record.confirm_until);
  while (!IsConfirmed(host.layout, record.activation_id)) {
    if (host.clock.Monotonic() >= end) {
      base::Fail(base::ExitCode::kFailed,
                 "nobody confirmed within {} s, over a new connection, that the host can be "
                 "reached",
                 limit.count());
    }
    host.clock.Sleep(kGlance);
  }
  host.io.Err("activate: confirmed\n");
}

}  // namespace activator

#include "activator/switch/confirmation.h"

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json_fields.h"

namespace activator {
namespace {

constexpr std::chrono::milliseconds kGlance{100};

std::string TextFor(const std::string& activation_id) {
  return base::DumpJson({{"format", 1}, {"activation_id", activation_id}}) + "\n";
}

}  // namespace

std::optional<SwitchRecord> WaitsForConfirmation(const images::HostLayout& layout) {
  std::optional<SwitchRecord> record = ReadSwitchRecord(layout);
  if (record && record->phase != SwitchPhase::kUnconfirmed) {
    record.reset();
  }
  return record;
}

void Confirm(const images::HostLayout& layout, const std::string& activation_id) {
  base::WriteFileAtomically(layout.Confirmation(), TextFor(activation_id));
}

void AwaitConfirmation(const Host& host, const SwitchRecord& record, std::chrono::seconds limit) {
  const auto end = host.clock.Monotonic() + limit;
  const std::string wanted = TextFor(record.activation_id);
  host.io.Err(
      "activate: generation {} is healthy, and waits until {} to be confirmed from a new login: "
      "activate confirm\n",
      record.to, record.confirm_until);
  while (base::ReadFileIfThere(host.layout.Confirmation()) != wanted) {
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

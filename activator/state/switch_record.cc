#include "activator/state/switch_record.h"

#include <algorithm>
#include <array>
#include <limits>

#include "base/atomic_file.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json_fields.h"

namespace activator {
namespace {

using base::Json;
using base::JsonFields;

constexpr uint64_t kSwitchFormat = 1;
constexpr uint64_t kMostId = std::numeric_limits<uint32_t>::max();
constexpr std::array<const char*, 5> kPhases = {"intent", "switching", "going-back", "healthy",
                                                "unconfirmed"};

std::vector<DataFolder> ReadFolders(JsonFields& outer) {
  std::vector<DataFolder> out;
  for (const Json& folder : outer.Array("folders")) {
    JsonFields fields(folder, outer.PathOf("folders"), base::ExitCode::kVerification);
    out.push_back({fields.String("path"), static_cast<uint32_t>(fields.Number("uid", 0, kMostId)),
                   static_cast<uint32_t>(fields.Number("gid", 0, kMostId)),
                   static_cast<uint32_t>(fields.Number("mode", 0, 07777))});
    fields.Done();
  }
  return out;
}

std::string ConfirmationOf(const std::string& activation_id) {
  return base::DumpJson({{"format", 1}, {"activation_id", activation_id}}) + "\n";
}

}  // namespace

const char* ToText(SwitchPhase phase) { return kPhases.at(static_cast<size_t>(phase)); }

std::string SwitchRecord::Serialize() const {
  Json json = {{"format", kSwitchFormat},
               {"activation_id", activation_id},
               {"from", from},
               {"to", to},
               {"phase", ToText(phase)},
               {"is_rollback", is_rollback},
               {"boot_id", boot_id},
               {"started", started},
               {"deadline", deadline},
               {"by", by},
               {"reason", reason},
               {"what", what},
               {"started_ms", started_ms}};
  if (!confirm_until.empty()) {
    json["confirm_until"] = confirm_until;
  }
  if (!adopted.empty()) {
    json["adopted"] = adopted;
  }
  for (const DataFolder& folder : folders) {
    json["folders"].push_back(
        {{"path", folder.path}, {"uid", folder.uid}, {"gid", folder.gid}, {"mode", folder.mode}});
  }
  if (!dependents.empty()) {
    json["dependents"] = dependents;
  }
  return base::DumpJson(json, 2) + "\n";
}

SwitchRecord SwitchRecord::Parse(const std::string& text, const std::string& name_of_file) {
  const Json json = base::ParseJson(text, name_of_file, base::ExitCode::kVerification);
  JsonFields fields(json, name_of_file, base::ExitCode::kVerification);
  if (fields.Number("format", 1, base::kAnyNumber) != kSwitchFormat) {
    fields.FailAt("format", "written by a newer version; use that one's activate");
  }
  SwitchRecord out;
  out.activation_id = fields.String("activation_id");
  out.from = fields.Number("from", 0, base::kAnyNumber);
  out.to = fields.Number("to", 1, base::kAnyNumber);
  const std::string phase = fields.String("phase");
  const auto found = std::find(kPhases.begin(), kPhases.end(), phase);
  if (found == kPhases.end()) {
    fields.FailAt("phase", "'" + phase + "' is not a phase of a switch");
  }
  out.phase = static_cast<SwitchPhase>(found - kPhases.begin());
  out.is_rollback = fields.Bool("is_rollback", false);
  out.boot_id = fields.String("boot_id");
  out.started = fields.String("started");
  out.deadline = fields.String("deadline");
  out.confirm_until = fields.String("confirm_until", "");
  out.by = fields.String("by");
  out.reason = fields.String("reason");
  out.adopted = fields.Strings("adopted");
  out.dependents = fields.Strings("dependents");
  out.what = fields.String("what", "");
  out.started_ms = fields.Number("started_ms", 0, base::kAnyNumber, 0);
  out.folders = ReadFolders(fields);
  fields.Done();
  return out;
}

std::optional<SwitchRecord> ReadSwitchRecord(const images::HostLayout& layout) {
  const std::string path = layout.SwitchRecord();
  const std::optional<std::string> text = base::ReadFileIfThere(path);
  return text ? std::optional(SwitchRecord::Parse(*text, path)) : std::nullopt;
}

void WriteSwitchRecord(const images::HostLayout& layout, const SwitchRecord& record) {
  base::WriteFileAtomically(layout.SwitchRecord(), record.Serialize());
}

void Confirm(const images::HostLayout& layout, const std::string& activation_id) {
  base::WriteFileAtomically(layout.Confirmation(), ConfirmationOf(activation_id));
}

bool IsConfirmed(const images::HostLayout& layout, const std::string& activation_id) {
  return base::ReadFileIfThere(layout.Confirmation()) == ConfirmationOf(activation_id);
}

std::string CutOffReason(const SwitchRecord& record) {
  return fmt::format("the switch that started at {} was cut off", record.started);
}

Event EventOf(const SwitchRecord& record, const std::string& event) {
  Event out;
  out.event = event;
  out.generation = record.to;
  out.from = record.from;
  out.activation_id = record.activation_id;
  out.by = record.by;
  out.what = record.what;
  const uint64_t now_ms = base::ToUnixMs(base::SystemClock().Now());
  // The calendar may have been set back meanwhile.
  out.duration_ms =
      record.started_ms == 0 || now_ms < record.started_ms ? 0 : now_ms - record.started_ms;
  return out;
}

void RemoveSwitchRecord(const images::HostLayout& layout) {
  base::UnlinkIfThere(layout.Confirmation());
  if (base::UnlinkIfThere(layout.SwitchRecord())) {
    base::FsyncDirectory(layout.root());
  }
}

}  // namespace activator

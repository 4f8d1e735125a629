#include "activator/state/generation.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/json_fields.h"
#include "images/name.h"

namespace activator {
namespace {

using base::Json;
using base::JsonFields;

constexpr std::array<const char*, 6> kStates = {"staged",     "activating", "active",
                                                "superseded", "failed",     "rolled-back"};

GenerationState ReadState(JsonFields& fields) {
  const std::string text = fields.String("state");
  const auto found = std::find(kStates.begin(), kStates.end(), text);
  if (found == kStates.end()) {
    fields.FailAt("state", "'" + text + "' is not a state of a generation");
  }
  return static_cast<GenerationState>(found - kStates.begin());
}

Changes ReadChanges(JsonFields& fields) {
  Changes out;
  fields.EachMember("changes", [&](const std::string& name, const Json& value) {
    images::CheckName(name, fields.PathOf("changes") + ": application");
    JsonFields change(value, fields.PathOf("changes." + name), base::ExitCode::kVerification);
    Change read;
    if (const auto from = change.OptionalString("from")) {
      read.from = change.DigestAt("from", *from);
    }
    if (const auto to = change.OptionalString("to")) {
      read.to = change.DigestAt("to", *to);
    }
    change.Done();
    out.emplace(name, read);
  });
  return out;
}

Json ToJson(const std::optional<base::Sha256>& digest) {
  return digest ? Json(digest->ToHex()) : Json(nullptr);
}

}  // namespace

const char* ToText(GenerationState state) { return kStates.at(static_cast<size_t>(state)); }

std::string Generation::Serialize() const {
  Json changes_json = Json::object();
  for (const auto& [name, change] : changes) {
    changes_json[name] = {{"from", ToJson(change.from)}, {"to", ToJson(change.to)}};
  }
  Json apps_json = Json::object();
  for (const auto& [name, digest] : apps) {
    apps_json[name] = digest.ToHex();
  }
  Json json = {{"format", kGenerationFormat},         {"number", number},       {"parent", parent},
               {"changes", std::move(changes_json)},  {"created", created},     {"by", by},
               {"apps", std::move(apps_json)},        {"state", ToText(state)}, {"reason", reason},
               {"healthy_sequence", healthy_sequence}};
  if (pinned) {  // only then: a host's older programs do not know the field
    json["pinned"] = true;
  }
  // What a peer or a program said may not be UTF-8; it must not keep a state from being written.
  return base::DumpJson(json, 2) + "\n";
}

Generation Generation::Parse(const std::string& text, const std::string& name_of_file) {
  const Json json = base::ParseJson(text, name_of_file, base::ExitCode::kVerification);
  JsonFields fields(json, name_of_file, base::ExitCode::kVerification);
  if (fields.Number("format", 1, base::kAnyNumber) != kGenerationFormat) {
    fields.FailAt("format", "written by a newer version; use that one's activate");
  }
  Generation out;
  out.number = fields.Number("number", 1, base::kAnyNumber);
  out.parent = fields.Number("parent", 0, base::kAnyNumber);
  out.changes = ReadChanges(fields);
  out.created = fields.String("created");
  out.by = fields.String("by");
  for (const auto& [name, digest] : fields.StringMap("apps")) {
    images::CheckName(name, fields.PathOf("apps") + ": application");
    out.apps.emplace(name, fields.DigestAt("apps." + name, digest));
  }
  out.state = ReadState(fields);
  out.reason = fields.String("reason", "");
  out.healthy_sequence = fields.Number("healthy_sequence", 0, base::kAnyNumber, 0);
  out.pinned = fields.Bool("pinned", false);
  fields.Done();
  return out;
}

}  // namespace activator

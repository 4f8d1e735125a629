#include "images/channel/prune_record.h"

#include "base/clock.h"
#include "base/error.h"
#include "images/channel/channel_json.h"
#include "images/channel/object_key.h"
#include "images/release/public_key.h"

namespace images {
namespace {

using base::Json;
using base::JsonFields;

constexpr uint64_t kPruneFormat = 1;
constexpr size_t kRunDigits = 16;

void CheckPrunable(const JsonFields& fields, const std::string& field, const std::string& key) {
  if (!IsPrunable(key)) {
    fields.FailAt(field, "it holds a key that is never pruned");
  }
}

std::map<std::string, TimePoint> ReadDoomed(JsonFields& record) {
  std::map<std::string, TimePoint> out;
  JsonFields doomed = record.Nested("doomed");
  record.EachMember("doomed", [&](const std::string& key, const Json&) {
    CheckPrunable(record, "doomed", key);
    out[key] = ReadTime(doomed, key);
  });
  if (out.size() > kMaxDoomed) {
    record.FailAt("doomed", fmt::format("more than {} keys", kMaxDoomed));
  }
  return out;
}

std::optional<Deletion> ReadDeletion(JsonFields& record,
                                     const std::map<std::string, TimePoint>& doomed) {
  Deletion out;
  for (const std::string& key : record.Strings("deleting")) {
    CheckPrunable(record, "deleting", key);
    if (!out.keys.insert(key).second || doomed.contains(key)) {
      record.FailAt("deleting", "one of the keys appears twice");
    }
  }
  if (out.keys.size() > kMaxDeleting) {
    record.FailAt("deleting", fmt::format("more than {} keys", kMaxDeleting));
  }
  if (out.keys.empty()) {
    return std::nullopt;
  }
  out.run = record.String("run");
  if (out.run.size() != kRunDigits ||
      out.run.find_first_not_of("0123456789abcdef") != std::string::npos) {
    record.FailAt("run", fmt::format("expected {} hexadecimal digits", kRunDigits));
  }
  out.since = ReadTime(record, "since");
  return out;
}

}  // namespace

std::string PruneRecord::Serialize() const {
  Json out = {{"format", kPruneFormat}, {"doomed", Json::object()}, {"deleting", Json::array()}};
  for (const auto& [key, since] : doomed) {
    out["doomed"][key] = base::ToIso8601(since);
  }
  if (deletion) {
    out["deleting"] = deletion->keys;
    out["run"] = deletion->run;
    out["since"] = base::ToIso8601(deletion->since);
  }
  return base::DumpJson(out) + "\n";
}

PruneRecord PruneRecord::Parse(const std::string& text, const std::string& where) {
  CheckSize(text, kMaxPruneBytes, where);
  const Json json = base::ParseJson(text, where, kUntrusted);
  JsonFields fields = JsonFields::OfFile(json, where, kUntrusted);
  CheckFormat(fields, kPruneFormat, "a newer imgpush wrote it; update this one");
  PruneRecord out;
  out.doomed = ReadDoomed(fields);
  out.deletion = ReadDeletion(fields, out.doomed);
  fields.Done();
  CheckCanonical(out.Serialize(), text, where);
  return out;
}

bool IsPrunable(const std::string& key) {
  const std::optional<ObjectKey> parsed = ObjectKey::Parse(key);
  return parsed && parsed->kind != ObjectKind::kHead && parsed->kind != ObjectKind::kState &&
         parsed->kind != ObjectKind::kPrune;
}

}  // namespace images

#include "images/channel/host_memory.h"

#include <algorithm>

#include "base/clock.h"
#include "base/error.h"
#include "base/printable.h"
#include "images/channel/channel_json.h"
#include "images/name.h"

namespace images {
namespace {

using base::Json;
using base::JsonFields;

constexpr uint64_t kMemoryFormat = 1;
constexpr size_t kMaxTagBytes = 256;
constexpr size_t kMaxByBytes = 256;
constexpr size_t kMaxOverrides = kMaxChannelApps;
constexpr const char* kNewerFetch = "a newer version of fetch wrote it; use that one";

std::optional<RememberedHead> ReadHead(JsonFields& memory, const std::string& channel) {
  if (!memory.Has("head")) {
    return std::nullopt;
  }
  JsonFields fields = memory.Nested("head");
  const std::string text = fields.String("text");
  RememberedHead out{SignedHead::Parse(text, fields.PathOf("text")), ReadTime(fields, "taken"),
                     ReadText(fields, "etag", kMaxTagBytes)};
  if (out.head.head.channel != channel) {
    fields.FailAt("text", fmt::format("it is of channel {}", out.head.head.channel));
  }
  fields.Done();
  return out;
}

std::vector<FailedSet> ReadFailed(JsonFields& memory) {
  std::vector<FailedSet> out;
  for (const Json& entry : memory.Array("failed")) {
    JsonFields fields = memory.Nested(entry, fmt::format("failed[{}]", out.size()));
    out.push_back(
        {fields.Digest("set"), ReadVersion(fields, "version"), ReadTime(fields, "failed")});
    fields.Done();
  }
  if (out.size() > kMaxFailedSets) {
    memory.FailAt("failed", fmt::format("more than {}", kMaxFailedSets));
  }
  return out;
}

std::map<std::string, Override> ReadOverrides(JsonFields& memory) {
  std::map<std::string, Override> out;
  const JsonFields overrides = memory.Nested("overrides");
  memory.EachMember("overrides", [&](const std::string& name, const Json& entry) {
    CheckName(name, memory.PathOf("overrides") + ": application", kUntrusted);
    JsonFields fields = overrides.Nested(entry, name);
    out[name] = {ReadText(fields, "by", kMaxByBytes), ReadTime(fields, "until")};
    fields.Done();
  });
  if (out.size() > kMaxOverrides) {
    memory.FailAt("overrides", fmt::format("more than {}", kMaxOverrides));
  }
  return out;
}

}  // namespace

std::string HostMemory::Serialize() const {
  Json out = {{"format", kMemoryFormat},
              {"channel", channel},
              {"failed", Json::array()},
              {"overrides", Json::object()}};
  if (head) {
    out["head"] = {{"text", head->head.Serialize()},
                   {"taken", base::ToIso8601(head->taken)},
                   {"etag", base::Printable(head->etag, kMaxTagBytes)}};
  }
  if (applied) {
    out["applied"] = ToJson(*applied);
  }
  for (const FailedSet& set : failed) {
    out["failed"].push_back({{"set", set.set.ToHex()},
                             {"version", set.version},
                             {"failed", base::ToIso8601(set.failed)}});
  }
  for (const auto& [name, pin] : overrides) {
    out["overrides"][name] = {{"by", base::Printable(pin.by, kMaxByBytes)},
                              {"until", base::ToIso8601(pin.until)}};
  }
  return base::DumpJson(out, 2) + "\n";
}

HostMemory HostMemory::Parse(const std::string& text, const std::string& name_of_file) {
  CheckSize(text, kMaxMemoryBytes, name_of_file);
  const Json json = base::ParseJson(text, name_of_file, kUntrusted);
  JsonFields fields = JsonFields::OfFile(json, name_of_file, kUntrusted);
  CheckFormat(fields, kMemoryFormat, kNewerFetch);
  HostMemory out;
  out.channel = ReadChannelName(fields, "channel");
  out.head = ReadHead(fields, out.channel);
  if (fields.Has("applied")) {
    out.applied = ReadApplied(fields.Nested("applied"));
  }
  out.failed = ReadFailed(fields);
  out.overrides = ReadOverrides(fields);
  fields.Done();
  return out;
}

void HostMemory::AddFailure(const ChannelHead& head_that_failed, TimePoint now) {
  const base::Sha256 set = head_that_failed.SetDigest();
  std::erase_if(failed, [&](const FailedSet& other) { return other.set == set; });
  failed.push_back({set, head_that_failed.version, now});
  if (failed.size() > kMaxFailedSets) {
    failed.erase(failed.begin());
  }
}

bool HostMemory::HasFailed(const base::Sha256& set) const {
  return std::ranges::find(failed, set, &FailedSet::set) != failed.end();
}

void HostMemory::Pin(const std::string& application, const std::string& by, TimePoint now) {
  overrides[application] = {by, now + kOverrideLasts};
}

void HostMemory::DropEnded(TimePoint now) {
  std::erase_if(overrides, [&](const auto& entry) { return entry.second.until <= now; });
}

bool StillCounts(const RememberedHead& remembered, const Trust& trust,
                 SignatureVerifier& verifier) {
  try {
    CheckHeadSigners(remembered.head, trust, verifier, remembered.taken);
    return true;
  } catch (const base::Error& error) {
    if (error.code() != kUntrusted) {
      throw;
    }
    return false;
  }
}

}  // namespace images

#include "pusher/protocol/fetch_link.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/json_fields.h"
#include "images/name.h"

namespace pusher {
namespace {

using base::Json;
using base::JsonFields;

constexpr base::ExitCode kBroken = base::ExitCode::kFailed;
constexpr size_t kMaxFetchText = 4096;  // of a location or a key
constexpr int64_t kMaxClockOffset = int64_t{1} << 40;
constexpr std::array kStates = {"here", "unchanged", "missing"};

std::string ReadText(JsonFields& fields, const std::string& field, size_t max_bytes) {
  std::string out = fields.String(field);
  if (out.size() > max_bytes) {
    fields.FailAt(field, fmt::format("expected at most {} bytes", max_bytes));
  }
  return out;
}

OpenStore ReadOpen(JsonFields& fields) {
  const uint64_t format = fields.Number("format", 1, base::kAnyNumber);
  if (format != kFetchLinkFormat) {
    base::Fail(kBroken,
               "{}: format {}, and this fetch knows {}; enroll the host again, or update the older "
               "of activate and fetch",
               fields.path(), format, kFetchLinkFormat);
  }
  return {ReadText(fields, "location", kMaxFetchText), ReadText(fields, "endpoint", kMaxFetchText),
          ReadText(fields, "region", kMaxFetchText), ReadText(fields, "ca_file", kMaxFetchText)};
}

GetObject ReadGet(JsonFields& fields) {
  return {ReadText(fields, "key", kMaxFetchText), fields.Number("max_bytes", 1, kMaxFetchedBytes),
          ReadText(fields, "known_version", kMaxVersionBytes)};
}

PutObject ReadPut(JsonFields& fields) {
  return {ReadText(fields, "key", kMaxFetchText), fields.Number("size_bytes", 0, kMaxFetchedBytes)};
}

PlayPush ReadPlay(JsonFields& fields) {
  PlayPush out;
  for (const Json& entry : fields.Array("versions")) {
    JsonFields version(entry, fields.PathOf("versions"), kBroken);
    std::string name = version.String("name");
    images::CheckName(name, version.PathOf("name") + ": image name");
    out.versions.push_back({std::move(name), version.Digest("manifest_sha256")});
    version.Done();
  }
  if (out.versions.empty()) {
    fields.FailAt("versions", "expected at least one");
  }
  return out;
}

Json ToJson(const OpenStore& open) {
  return {{"op", "open"},
          {"format", kFetchLinkFormat},
          {"location", open.location},
          {"endpoint", open.endpoint},
          {"region", open.region},
          {"ca_file", open.ca_file}};
}

Json ToJson(const GetObject& get) {
  return {{"op", "get"},
          {"key", get.key},
          {"max_bytes", get.max_bytes},
          {"known_version", get.known_version}};
}

Json ToJson(const PutObject& put) {
  return {{"op", "put"}, {"key", put.key}, {"size_bytes", put.size_bytes}};
}

Json ToJson(const PlayPush& play) {
  Json versions = Json::array();
  for (const VersionDigest& version : play.versions) {
    versions.push_back(
        {{"name", version.name}, {"manifest_sha256", version.manifest_sha256.ToHex()}});
  }
  return {{"op", "play"}, {"versions", std::move(versions)}};
}

Json ToJson(const AskTraffic& /*traffic*/) { return {{"op", "traffic"}}; }

}  // namespace

std::string Serialize(const FetchRequest& request) {
  return base::DumpJson(std::visit([](const auto& one) { return ToJson(one); }, request));
}

FetchRequest ParseFetchRequest(std::string_view text, const std::string& peer) {
  const std::string path = fmt::format("the request of {}", peer);
  const Json json = base::ParseJson(text, path, kBroken);
  JsonFields fields(json, path, kBroken);
  const std::string op = fields.String("op");
  FetchRequest out;
  if (op == "open") {
    out = ReadOpen(fields);
  } else if (op == "get") {
    out = ReadGet(fields);
  } else if (op == "put") {
    out = ReadPut(fields);
  } else if (op == "play") {
    out = ReadPlay(fields);
  } else if (op == "traffic") {
    out = AskTraffic{};
  } else {
    fields.FailAt("op", "expected open, get, put, play or traffic");
  }
  fields.Done();
  return out;
}

std::string FetchAnswer::Serialize() const {
  Json out = {{"state", kStates.at(static_cast<size_t>(state))},
              {"version", version},
              {"size_bytes", size_bytes},
              {"requests", requests},
              {"bytes", bytes}};
  if (clock_offset_seconds) {
    out["clock_offset_seconds"] = *clock_offset_seconds;
  }
  return base::DumpJson(out);
}

FetchAnswer FetchAnswer::Parse(std::string_view text, const std::string& peer) {
  const std::string path = fmt::format("the answer of {}", peer);
  const Json json = base::ParseJson(text, path, kBroken);
  JsonFields fields(json, path, kBroken);
  FetchAnswer out;
  const std::string state = fields.String("state");
  const auto found = std::find(kStates.begin(), kStates.end(), state);
  if (found == kStates.end()) {
    fields.FailAt("state", "expected here, unchanged or missing");
  }
  out.state = static_cast<FetchState>(found - kStates.begin());
  out.version = ReadText(fields, "version", kMaxVersionBytes);
  out.size_bytes = fields.Number("size_bytes", 0, kMaxFetchedBytes);
  out.requests = fields.Number("requests", 0, base::kAnyNumber);
  out.bytes = fields.Number("bytes", 0, base::kAnyNumber);
  if (fields.Has("clock_offset_seconds")) {
    out.clock_offset_seconds =
        fields.SignedNumber("clock_offset_seconds", -kMaxClockOffset, kMaxClockOffset);
  }
  fields.Done();
  return out;
}

}  // namespace pusher

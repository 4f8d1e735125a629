#include "images/channel/state_document.h"

#include <algorithm>
#include <array>

#include "base/clock.h"
#include "base/error.h"
#include "base/printable.h"
#include "images/channel/channel_json.h"
#include "images/channel/object_key.h"
#include "images/channel/rollout.h"

namespace images {
namespace {

using base::Json;
using base::JsonFields;

constexpr uint64_t kStateFormat = 1;
constexpr size_t kMaxChannels = 64;
constexpr size_t kMaxAgentBytes = 64;
constexpr uint64_t kMaxExitCode = 255;
constexpr int64_t kMaxOffsetSeconds = int64_t{100} * 366 * 24 * 3600;
constexpr std::array kResults = {"active", "waiting", "held",      "rolled-back",
                                 "failed", "stale",   "overridden"};

ChannelResult ReadResult(JsonFields& fields) {
  const std::string name = fields.String("result");
  const auto* found = std::ranges::find(kResults, name);
  if (found == kResults.end()) {
    fields.FailAt("result",
                  "expected active, waiting, held, rolled-back, failed, stale or "
                  "overridden");
  }
  return static_cast<ChannelResult>(found - kResults.begin());
}

Json ReportToJson(const ChannelReport& report) {
  Json out = {{"place", report.place},
              {"result", NameOf(report.result)},
              {"exit_code", report.exit_code},
              {"error", base::Printable(report.error, kMaxReportError)},
              {"fetched",
               {{"requests", report.fetched.requests},
                {"bytes", report.fetched.bytes},
                {"seconds", report.fetched.seconds}}}};
  if (report.seen) {
    out["seen"] = {{"version", report.seen->version},
                   {"expires", base::ToIso8601(report.seen->expires)}};
  }
  if (report.applied) {
    out["applied"] = ToJson(*report.applied);
  }
  if (report.starts) {
    out["starts"] = base::ToIso8601(*report.starts);
  }
  return out;
}

Fetched ReadFetched(JsonFields fields) {
  Fetched out{fields.Number("requests", 0, base::kAnyNumber),
              fields.Number("bytes", 0, base::kAnyNumber),
              fields.Number("seconds", 0, base::kAnyNumber)};
  fields.Done();
  return out;
}

ChannelReport ReadReport(JsonFields fields) {
  ChannelReport out;
  if (fields.Has("seen")) {
    JsonFields seen = fields.Nested("seen");
    out.seen = {ReadVersion(seen, "version"), ReadTime(seen, "expires")};
    seen.Done();
  }
  if (fields.Has("applied")) {
    out.applied = ReadApplied(fields.Nested("applied"));
  }
  if (fields.Has("starts")) {
    out.starts = ReadTime(fields, "starts");
  }
  out.place = fields.Number("place", 0, kPlaces - 1);
  out.result = ReadResult(fields);
  out.exit_code = fields.Number("exit_code", 0, kMaxExitCode);
  out.error = ReadText(fields, "error", kMaxReportError);
  out.fetched = ReadFetched(fields.Nested("fetched"));
  fields.Done();
  return out;
}

}  // namespace

const char* NameOf(ChannelResult result) { return kResults.at(static_cast<size_t>(result)); }

std::string StateDocument::Serialize() const {
  Json reports = Json::object();
  for (const auto& [name, report] : channels) {
    reports[name] = ReportToJson(report);
  }
  return base::DumpJson({{"format", kStateFormat},
                         {"host", host},
                         {"time", base::ToIso8601(time)},
                         {"sequence", sequence},
                         {"agent", base::Printable(agent, kMaxAgentBytes)},
                         {"clock_offset_seconds", clock_offset_seconds},
                         {"channels", reports}}) +
         "\n";
}

StateDocument StateDocument::Parse(const std::string& text, const std::string& where) {
  CheckSize(text, kMaxStateBytes, where);
  const Json json = base::ParseJson(text, where, kUntrusted);
  JsonFields fields = JsonFields::OfFile(json, where, kUntrusted);
  CheckFormat(fields, kStateFormat, "the host runs a newer version; update imgpush here");
  StateDocument out;
  out.host = fields.String("host");
  if (!IsHostName(out.host)) {
    fields.FailAt("host", "it is no host's name");
  }
  out.time = ReadTime(fields, "time");
  out.sequence = fields.Number("sequence", 1, base::kAnyNumber);
  out.agent = ReadText(fields, "agent", kMaxAgentBytes);
  out.clock_offset_seconds =
      fields.SignedNumber("clock_offset_seconds", -kMaxOffsetSeconds, kMaxOffsetSeconds);
  const JsonFields channels = fields.Nested("channels");
  fields.EachMember("channels", [&](const std::string& name, const Json& report) {
    CheckName(name, fields.PathOf("channels") + ": channel", kUntrusted);
    out.channels[name] = ReadReport(channels.Nested(report, name));
  });
  if (out.channels.size() > kMaxChannels) {
    fields.FailAt("channels", fmt::format("more than {}", kMaxChannels));
  }
  fields.Done();
  CheckCanonical(out.Serialize(), text, where);
  return out;
}

size_t BadnessOf(uint64_t exit_code) {
  constexpr std::array<uint64_t, 6> kOrder = {0, 5, 1, 6, 3, 4};
  const auto found = std::find(kOrder.begin(), kOrder.end(), exit_code);
  return found == kOrder.end() ? 1 : static_cast<size_t>(found - kOrder.begin());
}

}  // namespace images

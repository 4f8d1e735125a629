#include "activator/pull/pull_config.h"

#include <algorithm>
#include <set>
#include <string_view>

#include "base/json_fields.h"
#include "base/printable.h"
#include "images/channel/object_key.h"
#include "images/name.h"

namespace activator {
namespace {

using base::Json;
using base::JsonFields;

constexpr uint64_t kConfigFormat = 1;
constexpr size_t kMaxLocationBytes = 4096;  // as pusher/protocol/fetch_link.h takes them
constexpr size_t kMaxWords = 64;            // channels and groups, as a report and a head have
constexpr size_t kMaxWordBytes = 64;
constexpr size_t kMaxEveryBytes = 200;
constexpr uint64_t kMaxDelaySeconds = 7 * 86'400;
constexpr size_t kMaxCredentialsBytes = size_t{64} << 10;
constexpr std::string_view kCalendarSigns = " *:,./~_+-";

std::string ReadLine(JsonFields& fields, const std::string& field, size_t max_bytes) {
  std::string out = fields.String(field, "");
  if (out != base::Printable(out, max_bytes)) {
    fields.FailAt(field, fmt::format("expected at most {} bytes of printable text", max_bytes));
  }
  return out;
}

bool IsLetterOrDigit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

std::vector<std::string> ReadWords(JsonFields& fields, const std::string& field) {
  std::vector<std::string> out = fields.Strings(field);
  if (out.size() > kMaxWords || std::set(out.begin(), out.end()).size() != out.size()) {
    fields.FailAt(field, fmt::format("expected at most {}, each once", kMaxWords));
  }
  return out;
}

std::vector<std::string> ReadGroups(JsonFields& fields) {
  std::vector<std::string> out = ReadWords(fields, "groups");
  for (const std::string& group : out) {
    const bool is_word =
        !group.empty() && group.size() <= kMaxWordBytes && std::ranges::all_of(group, [](char c) {
          return IsLetterOrDigit(c) || c == '.' || c == '_' || c == '-';
        });
    if (!is_word) {
      fields.FailAt("groups", fmt::format("'{}' is no group", base::Printable(group, 100)));
    }
  }
  return out;
}

std::vector<std::string> ReadChannels(JsonFields& fields) {
  std::vector<std::string> out = ReadWords(fields, "channels");
  for (const std::string& channel : out) {
    images::CheckName(channel, fields.PathOf("channels") + ": channel", fields.code());
    if (channel == "config") {  // its memory would be in config.json
      fields.FailAt("channels", "no channel that hosts pull is called config: rename it");
    }
  }
  if (out.empty()) {
    fields.FailAt("channels", "expected at least one");
  }
  return out;
}

// What becomes a part of a unit: no specifier, no new line.
std::string ReadEvery(JsonFields& fields) {
  std::string out = fields.String("every");
  const bool is_right =
      !out.empty() && out.size() <= kMaxEveryBytes && std::ranges::all_of(out, [](char c) {
        return IsLetterOrDigit(c) || kCalendarSigns.find(c) != std::string::npos;
      });
  if (!is_right) {
    fields.FailAt("every", "expected a time of systemd's, such as *:0/15");
  }
  return out;
}

PullConfig ReadConfig(JsonFields& fields) {
  const uint64_t format = fields.Number("format", 1, base::kAnyNumber);
  if (format != kConfigFormat) {
    fields.FailAt("format", fmt::format("it is {}, and this version reads {} alone: update the "
                                        "older of imgpush and activate",
                                        format, kConfigFormat));
  }
  PullConfig out;
  out.store = ReadLine(fields, "store", kMaxLocationBytes);
  out.endpoint = ReadLine(fields, "endpoint", kMaxLocationBytes);
  out.region = ReadLine(fields, "region", kMaxLocationBytes);
  out.ca_file = ReadLine(fields, "ca_file", kMaxLocationBytes);
  out.host = fields.String("host");
  out.groups = ReadGroups(fields);
  out.channels = ReadChannels(fields);
  out.every = ReadEvery(fields);
  out.random_delay_seconds = fields.Number("random_delay_seconds", 0, kMaxDelaySeconds, 0);
  if (out.store.empty()) {
    fields.FailAt("store", "expected a store, such as s3://apps");
  }
  if (!images::IsHostName(out.host)) {
    fields.FailAt("host", "expected a host's name, such as web1");
  }
  if (!out.ca_file.empty() && !images::IsPlainAbsolutePath(out.ca_file)) {
    fields.FailAt("ca_file", "expected an absolute path on the host");
  }
  return out;
}

}  // namespace

std::string PullConfig::Serialize() const {
  return base::DumpJson(Json{{"format", kConfigFormat},
                             {"store", store},
                             {"endpoint", endpoint},
                             {"region", region},
                             {"ca_file", ca_file},
                             {"host", host},
                             {"groups", groups},
                             {"channels", channels},
                             {"every", every},
                             {"random_delay_seconds", random_delay_seconds}},
                        2) +
         "\n";
}

PullConfig PullConfig::Parse(const std::string& text, const std::string& name_of_file,
                             base::ExitCode code) {
  const Json json = base::ParseJson(text, name_of_file, code);
  JsonFields fields = JsonFields::OfFile(json, name_of_file, code);
  PullConfig out = ReadConfig(fields);
  fields.Done();
  return out;
}

Enrollment Enrollment::Parse(const std::string& text, const std::string& where) {
  const Json json = base::ParseJson(text, where, base::ExitCode::kUsage);
  JsonFields fields = JsonFields::OfFile(json, where, base::ExitCode::kUsage);
  Enrollment out;
  out.config = ReadConfig(fields);
  out.credentials = fields.OptionalString("credentials");
  if (out.credentials &&
      (out.credentials->empty() || out.credentials->size() > kMaxCredentialsBytes ||
       out.credentials->find('\0') != std::string::npos)) {
    fields.FailAt("credentials", "expected the text of a file of keys");
  }
  out.fetch_sha256 = fields.Digest("fetch_sha256");
  fields.Done();
  return out;
}

}  // namespace activator

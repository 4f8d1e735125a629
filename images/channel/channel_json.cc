#include "images/channel/channel_json.h"

#include <algorithm>

#include "base/clock.h"
#include "base/error.h"
#include "base/printable.h"
#include "images/name.h"
#include "images/release/public_key.h"

namespace images {
namespace {

bool IsLetterOrDigit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

}  // namespace

TimePoint ReadTime(base::JsonFields& fields, const std::string& field) {
  const std::string text = fields.String(field);
  const auto time = base::FromIso8601(text);
  // Not of 29 February 2027, nor with a sign: it is written again as it was read.
  if (!time || !text.starts_with("20") || base::ToIso8601(*time) != text) {
    fields.FailAt(field, "expected a time such as 2026-11-29T21:11:08Z");
  }
  return *time;
}

std::string ReadChannelName(base::JsonFields& fields, const std::string& field) {
  std::string name = fields.String(field);
  CheckName(name, fields.PathOf(field) + ": channel", kUntrusted);
  return name;
}

uint64_t ReadVersion(base::JsonFields& fields, const std::string& field, uint64_t least) {
  return fields.Number(field, least, kMaxChannelVersion);
}

std::string ReadText(base::JsonFields& fields, const std::string& field, size_t max_bytes) {
  std::string text = fields.String(field);
  if (text != base::Printable(text, max_bytes)) {
    fields.FailAt(field, fmt::format("expected at most {} bytes of printable text", max_bytes));
  }
  return text;
}

AppliedSet ReadApplied(base::JsonFields fields) {
  AppliedSet out;
  out.version = ReadVersion(fields, "version");
  out.generation = fields.Number("generation", 1, base::kAnyNumber);
  for (const auto& [name, digest] : fields.StringMap("apps")) {
    CheckName(name, fields.PathOf("apps") + ": application", kUntrusted);
    out.apps.emplace(name, fields.DigestAt("apps." + name, digest));
  }
  if (out.apps.size() > kMaxChannelApps) {
    fields.FailAt("apps", fmt::format("more than {} applications", kMaxChannelApps));
  }
  fields.Done();
  return out;
}

base::Json ToJson(const AppliedSet& applied) {
  base::Json apps = base::Json::object();
  for (const auto& [name, digest] : applied.apps) {
    apps[name] = digest.ToHex();
  }
  return {{"version", applied.version}, {"generation", applied.generation}, {"apps", apps}};
}

void CheckSize(const std::string& text, size_t max_bytes, const std::string& where) {
  if (text.size() > max_bytes) {
    base::Fail(kUntrusted, "{}: it has {} bytes, more than {}", where, text.size(), max_bytes);
  }
}

void CheckFormat(base::JsonFields& fields, uint64_t known, const char* newer) {
  const uint64_t format = fields.Number("format", 1, base::kAnyNumber);
  if (format != known) {
    fields.FailAt("format", fmt::format("it is {}, and this version reads {} alone: {}", format,
                                        known, newer));
  }
}

void CheckCanonical(const std::string& written, const std::string& text, const std::string& where) {
  if (written != text) {
    base::Fail(kUntrusted, "{}: it is not written as Slipway writes it", where);
  }
}

void CheckWord(const base::JsonFields& fields, const std::string& field, const std::string& text,
               size_t max_bytes, Emptiness emptiness) {
  const bool is_word = text.empty()
                           ? emptiness == Emptiness::kTaken
                           : IsLetterOrDigit(text.front()) && text.size() <= max_bytes &&
                                 std::ranges::all_of(text, [](char c) {
                                   return IsLetterOrDigit(c) || c == '.' || c == '_' || c == '-';
                                 });
  if (!is_word) {
    fields.FailAt(field, fmt::format("'{}' is not possible: use at most {} of a-z, A-Z, 0-9, '-', "
                                     "'_' and '.', starting with a letter or digit",
                                     base::Printable(text, max_bytes), max_bytes));
  }
}

}  // namespace images

#include "images/channel/object_key.h"

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "base/printable.h"
#include "images/channel/channel_types.h"

namespace images {
namespace {

constexpr std::string_view kHeadFile = "head";
constexpr std::string_view kActivatePrefix = "activate-";
constexpr std::string_view kFetchPrefix = "fetch-";
constexpr std::string_view kStateEnding = ".json";
constexpr size_t kVersionDigits = 8;
constexpr size_t kMaxHostBytes = 250;  // with its ending the name of a file

bool IsAlphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool IsImageFile(std::string_view file) {
  return std::ranges::find(kImageFiles, file) != std::end(kImageFiles);
}

std::vector<std::string> PartsOf(std::string_view key) {
  std::vector<std::string> out;
  while (true) {
    const size_t slash = key.find('/');
    out.emplace_back(key.substr(0, slash));
    if (slash == std::string_view::npos) {
      return out;
    }
    key.remove_prefix(slash + 1);
  }
}

std::optional<uint64_t> VersionOf(const std::string& digits) {
  if (digits.size() != kVersionDigits ||
      digits.find_first_not_of("0123456789") != std::string::npos) {
    return std::nullopt;
  }
  const uint64_t version = std::stoull(digits);
  return version == 0 ? std::nullopt : std::optional(version);
}

bool IsId(const std::string& text) {
  try {
    ImageId::Parse(text);
    return true;
  } catch (const base::Error&) {
    return false;
  }
}

std::optional<ObjectKey> OfChannel(const std::vector<std::string>& parts) {
  if (parts.size() != 3 || !IsName(parts[1])) {
    return std::nullopt;
  }
  if (parts[2] == kHeadFile) {
    return ObjectKey{ObjectKind::kHead, parts[1], 0, "", "", ""};
  }
  const std::optional<uint64_t> version = VersionOf(parts[2]);
  return version ? std::optional(ObjectKey{ObjectKind::kHeadCopy, parts[1], *version, "", "", ""})
                 : std::nullopt;
}

std::optional<ObjectKey> OfImageOrDelta(const std::vector<std::string>& parts) {
  if (parts.size() != 4 || !IsName(parts[1]) || !IsId(parts[2])) {
    return std::nullopt;
  }
  if (parts[0] == "deltas") {
    return IsId(parts[3]) && parts[2] != parts[3]
               ? std::optional(ObjectKey{ObjectKind::kDelta, parts[1], 0, parts[2], parts[3], ""})
               : std::nullopt;
  }
  return IsImageFile(parts[3]) ? std::optional(ObjectKey{ObjectKind::kVersionFile, parts[1], 0,
                                                         parts[2], "", parts[3]})
                               : std::nullopt;
}

std::optional<ObjectKey> OfProgram(const std::vector<std::string>& parts) {
  const std::string& file = parts.back();
  const bool is_agent = file.starts_with(kActivatePrefix);
  if (parts.size() != 2 || (!is_agent && !file.starts_with(kFetchPrefix))) {
    return std::nullopt;
  }
  const size_t prefix = is_agent ? kActivatePrefix.size() : kFetchPrefix.size();
  const auto digest = base::Sha256::FromHex(file.substr(prefix));
  return digest ? std::optional(ObjectKey{is_agent ? ObjectKind::kAgent : ObjectKind::kFetch, "", 0,
                                          "", "", "", digest})
                : std::nullopt;
}

std::optional<ObjectKey> OfState(const std::vector<std::string>& parts) {
  if (parts.size() != 2 || !parts[1].ends_with(kStateEnding)) {
    return std::nullopt;
  }
  const std::string host = parts[1].substr(0, parts[1].size() - kStateEnding.size());
  return IsHostName(host) ? std::optional(ObjectKey{ObjectKind::kState, host, 0, "", "", ""})
                          : std::nullopt;
}

}  // namespace

bool IsHostName(std::string_view name) {
  return !name.empty() && name.size() <= kMaxHostBytes && IsAlphanumeric(name.front()) &&
         std::ranges::all_of(
             name, [](char c) { return IsAlphanumeric(c) || c == '-' || c == '_' || c == '.'; });
}

std::string HeadKey(std::string_view channel) {
  CheckName(channel, "channel");
  return fmt::format("{}{}/{}", kChannelsPrefix, channel, kHeadFile);
}

std::string HeadCopyKey(std::string_view channel, uint64_t version) {
  CheckName(channel, "channel");
  if (version == 0 || version > kMaxChannelVersion) {
    base::Fail(base::ExitCode::kUsage, "a channel has no version {}: 1 to {} are possible", version,
               kMaxChannelVersion);
  }
  return fmt::format("{}{}/{:0{}}", kChannelsPrefix, channel, version, kVersionDigits);
}

std::string ImageFileKey(std::string_view name, const ImageId& id, std::string_view file) {
  CheckName(name, "image name");
  if (!IsImageFile(file)) {
    base::Fail(base::ExitCode::kUsage, "'{}' is no file of an image that a store keeps",
               base::Printable(file));
  }
  return fmt::format("{}{}/{}/{}", kImagesPrefix, name, id.text(), file);
}

std::string DeltaKey(std::string_view name, const ImageId& to, const ImageId& from) {
  CheckName(name, "image name");
  if (to == from) {
    base::Fail(base::ExitCode::kUsage, "there is no delta of {} {} against itself", name,
               to.text());
  }
  return fmt::format("{}{}/{}/{}", kDeltasPrefix, name, to.text(), from.text());
}

std::string AgentKey(const base::Sha256& digest) {
  return fmt::format("{}{}{}", kAgentsPrefix, kActivatePrefix, digest.ToHex());
}

std::string FetchKey(const base::Sha256& digest) {
  return fmt::format("{}{}{}", kAgentsPrefix, kFetchPrefix, digest.ToHex());
}

std::string StateKey(std::string_view host) {
  if (!IsHostName(host)) {
    base::Fail(base::ExitCode::kUsage,
               "host '{}' cannot report: use 1 to {} letters, digits, '-', '_' and '.', starting "
               "with a letter or digit",
               base::Printable(host), kMaxHostBytes);
  }
  return fmt::format("{}{}{}", kStatesPrefix, host, kStateEnding);
}

std::optional<ObjectKey> ObjectKey::Parse(std::string_view key) {
  if (key == kPruneKey) {
    return ObjectKey{};
  }
  const std::vector<std::string> parts = PartsOf(key);
  if (parts[0] == "channels") {
    return OfChannel(parts);
  }
  if (parts[0] == "images" || parts[0] == "deltas") {
    return OfImageOrDelta(parts);
  }
  if (parts[0] == "agents") {
    return OfProgram(parts);
  }
  return parts[0] == "state" ? OfState(parts) : std::nullopt;
}

}  // namespace images

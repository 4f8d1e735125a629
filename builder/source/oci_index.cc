#include "builder/source/oci_index.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/file.h"

namespace builder {
namespace {

constexpr std::string_view kDigest = "@sha256:";

bool IsNamed(const std::string& name, const std::string& tag) {
  return name == tag || name.ends_with(":" + tag) || name.ends_with("/" + tag);
}

// One under several tags, or in several indexes, is one.
void Merge(std::vector<OciCandidate>& candidates) {
  std::vector<OciCandidate> out;
  for (OciCandidate& one : candidates) {
    const auto known = std::find_if(out.begin(), out.end(), [&](const OciCandidate& other) {
      return other.digest == one.digest;
    });
    if (known == out.end()) {
      out.push_back(std::move(one));
      continue;
    }
    known->names.insert(known->names.end(), one.names.begin(), one.names.end());
    known->digests.merge(one.digests);
  }
  candidates = std::move(out);
}

std::string Texts(const std::vector<OciCandidate>& candidates) {
  std::set<std::string> out;
  for (const OciCandidate& one : candidates) {
    out.insert(one.platform.ToText());
  }
  return fmt::format("{}", fmt::join(out, ", "));
}

// How each can be asked for.
std::string Choices(const std::vector<OciCandidate>& candidates, const std::string& path) {
  std::vector<std::string> out;
  out.reserve(candidates.size());
  for (const OciCandidate& one : candidates) {
    out.push_back(path + (one.names.empty() ? "@" + one.digest : ":" + one.names.front()));
  }
  return fmt::format("{}", fmt::join(out, " or "));
}

void KeepNamed(std::vector<OciCandidate>& candidates, const OciReference& reference) {
  const std::vector<OciCandidate> all = candidates;
  std::erase_if(candidates, [&](OciCandidate& one) {
    const auto named =
        std::find_if(one.names.begin(), one.names.end(),
                     [&](const std::string& name) { return IsNamed(name, reference.tag); });
    if (!reference.tag.empty() && named != one.names.end()) {
      std::iter_swap(one.names.begin(), named);
    }
    return (!reference.tag.empty() && named == one.names.end()) ||
           (!reference.digest.empty() && !one.digests.contains(reference.digest));
  });
  if (candidates.empty() && !all.empty()) {
    base::Fail(base::ExitCode::kFailed, "{} has no image {}; it has {}", reference.path,
               reference.digest.empty() ? reference.tag : reference.digest,
               Choices(all, reference.path));
  }
}

// The usual variant where none was asked for; otherwise an older one: newer ones need more.
void KeepPlatform(std::vector<OciCandidate>& candidates, const OciReference& reference,
                  const OciPlatform& platform) {
  const std::vector<OciCandidate> all = candidates;
  for (const char* variant : {"", "v6", "v5"}) {
    OciPlatform wanted = platform;
    wanted.variant = platform.variant.empty() ? variant : platform.variant;
    std::vector<OciCandidate> fitting;
    std::copy_if(all.begin(), all.end(), std::back_inserter(fitting),
                 [&](const OciCandidate& one) { return one.platform == wanted; });
    if (!fitting.empty()) {
      candidates = std::move(fitting);
      return;
    }
  }
  base::Fail(base::ExitCode::kFailed, "{} has no image for {}; it has: {} (--platform takes those)",
             reference.path, platform.ToText(), Texts(all));
}

}  // namespace

OciReference ParseOciReference(const std::string& text) {
  if (base::Exists(text)) {
    return {text, "", ""};
  }
  for (size_t at = text.find_first_of(":@"); at != std::string::npos;
       at = text.find_first_of(":@", at + 1)) {
    if (!base::Exists(text.substr(0, at))) {
      continue;
    }
    OciReference out{text.substr(0, at), text.substr(at), ""};
    if (const size_t digest = out.tag.find(kDigest); digest != std::string::npos) {
      out.digest = out.tag.substr(digest + 1);
      out.tag.resize(digest);
    }
    out.tag.erase(0, 1);
    return out;
  }
  return {text, "", ""};
}

OciCandidate ChooseOciImage(std::vector<OciCandidate> candidates, const OciReference& reference,
                            const OciPlatform& platform) {
  if (candidates.empty()) {
    base::Fail(base::ExitCode::kFailed, "{} has no image in it", reference.path);
  }
  Merge(candidates);
  KeepNamed(candidates, reference);
  KeepPlatform(candidates, reference, platform);
  if (candidates.size() > 1) {
    base::Fail(base::ExitCode::kFailed, "{} has {} images; say which: {}", reference.path,
               candidates.size(), Choices(candidates, reference.path));
  }
  OciCandidate out = std::move(candidates.front());
  if (reference.tag.empty()) {  // a version is worth more than "latest"
    std::stable_partition(out.names.begin(), out.names.end(),
                          [](const std::string& name) { return !IsNamed(name, "latest"); });
  }
  return out;
}

}  // namespace builder

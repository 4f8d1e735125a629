#include "activator/state/healthy_versions.h"

#include <map>
#include <utility>

#include "activator/state/generations.h"
#include "base/atomic_file.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json_fields.h"

namespace activator {
namespace {

using base::Json;
using base::JsonFields;

constexpr uint64_t kFormat = 1;

HealthyVersions Parse(const std::string& text, const std::string& path) {
  const Json json = base::ParseJson(text, path, base::ExitCode::kVerification);
  JsonFields fields(json, path, base::ExitCode::kVerification);
  if (fields.Number("format", 1, base::kAnyNumber) != kFormat) {
    fields.FailAt("format", "written by a newer version; use that one's activate");
  }
  HealthyVersions out;
  for (const Json& entry : fields.Array("versions")) {
    JsonFields version(entry, fields.PathOf("versions"), base::ExitCode::kVerification);
    out.push_back({version.String("name"), version.Digest("manifest"),
                   version.Number("sequence", 1, base::kAnyNumber),
                   version.Bool("rolled_back", false)});
    version.Done();
  }
  fields.Done();
  return out;
}

std::string Serialize(const HealthyVersions& versions) {
  Json list = Json::array();
  for (const HealthyVersion& version : versions) {
    list.push_back({{"name", version.name},
                    {"manifest", version.digest.ToHex()},
                    {"sequence", version.sequence},
                    {"rolled_back", version.is_rolled_back}});
  }
  return Json{{"format", kFormat}, {"versions", list}}.dump(2) + "\n";
}

HealthyVersions OfRemoved(const images::HostLayout& layout) {
  const std::string path = layout.HealthyVersions();
  const std::optional<std::string> text = base::ReadFileIfThere(path);
  try {
    return text ? Parse(*text, path) : HealthyVersions();
  } catch (base::Error& error) {
    error.AddDetail(
        {fmt::format("rm {} forgets what is in it alone: which versions `--rollback "
                     "NAME` may take of generations that were pruned",
                     path)});
    throw;
  }
}

}  // namespace

HealthyVersions ReadHealthyVersions(const images::HostLayout& layout) {
  std::map<std::pair<std::string, base::Sha256>, HealthyVersion> last;
  const auto add = [&](const HealthyVersion& version) {
    HealthyVersion& known =
        last.emplace(std::pair(version.name, version.digest), version).first->second;
    if (known.sequence < version.sequence) {
      known = version;
    }
  };
  for (const Generation& generation : LoadGenerations(layout)) {
    for (const auto& [name, digest] : generation.apps) {
      if (generation.healthy_sequence > 0) {
        add({name, digest, generation.healthy_sequence,
             generation.state == GenerationState::kRolledBack});
      }
    }
  }
  for (const HealthyVersion& version : OfRemoved(layout)) {
    add(version);
  }
  HealthyVersions out;
  for (auto& [key, version] : last) {
    out.push_back(std::move(version));
  }
  return out;
}

std::optional<base::Sha256> VersionBefore(const HealthyVersions& versions, const std::string& name,
                                          const std::optional<base::Sha256>& now) {
  const HealthyVersion* best = nullptr;
  for (const HealthyVersion& version : versions) {
    if (version.name == name && version.digest != now && !version.is_rolled_back &&
        (best == nullptr || best->sequence < version.sequence)) {
      best = &version;
    }
  }
  return best == nullptr ? std::nullopt : std::optional(best->digest);
}

void StoreHealthyVersions(const images::HostLayout& layout, const HealthyVersions& versions,
                          const std::set<std::string>& gone) {
  HealthyVersions held;
  for (const HealthyVersion& version : versions) {
    const std::string path = layout.Version(version.name, images::ImageId::Of(version.digest));
    if (!gone.contains(path) && base::Exists(path)) {
      held.push_back(version);
    }
  }
  const std::string text = Serialize(held);
  if (base::ReadFileIfThere(layout.HealthyVersions()) != text) {
    base::WriteFileAtomically(layout.HealthyVersions(), text);
  }
}

}  // namespace activator

#include "activator/trust/accepted.h"

#include "base/atomic_file.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json_fields.h"
#include "images/release/release.h"
#include "images/release/trust.h"

namespace activator {
namespace {

using base::Json;
using base::JsonFields;
using images::kUntrusted;

constexpr uint64_t kAcceptedFormat = 1;
constexpr uint64_t kMaxAcceptedBytes = uint64_t{64} << 20;

std::chrono::system_clock::time_point TimeAt(JsonFields& fields, const std::string& field) {
  const auto time = base::FromIso8601(fields.String(field));
  if (!time) {
    fields.FailAt(field, "expected a time such as 2026-11-29T21:11:08Z");
  }
  return *time;
}

std::string NameAt(JsonFields& fields, const std::string& field) {
  std::string name = fields.String(field);
  images::CheckName(name, fields.PathOf(field), kUntrusted);
  return name;
}

}  // namespace

std::string Accepted::Serialize() const {
  Json newest_list = Json::array();
  for (const auto& [key, released] : newest) {
    newest_list.push_back(
        {{"name", key.first}, {"channel", key.second}, {"released", base::ToIso8601(released)}});
  }
  Json version_list = Json::array();
  for (const auto& [key, version] : versions) {
    version_list.push_back({{"name", key.first},
                            {"manifest_sha256", key.second.ToHex()},
                            {"channel", version.channel},
                            {"released", base::ToIso8601(version.released)},
                            {"accepted", base::ToIso8601(version.accepted)},
                            {"signers", version.signers}});
  }
  return base::DumpJson(
             {{"format", kAcceptedFormat}, {"newest", newest_list}, {"versions", version_list}},
             2) +
         "\n";
}

Accepted Accepted::Parse(const std::string& text, const std::string& name_of_file) {
  const Json json = base::ParseJson(text, name_of_file, kUntrusted);
  JsonFields fields = JsonFields::OfFile(json, name_of_file, kUntrusted);
  if (fields.Number("format", 1, base::kAnyNumber) != kAcceptedFormat) {
    fields.FailAt("format", "written by a newer version; use that one's activate");
  }
  Accepted out;
  for (const Json& entry : fields.Array("newest")) {
    JsonFields one(entry, fields.PathOf("newest"), kUntrusted);
    const std::string name = NameAt(one, "name");
    out.newest[{name, NameAt(one, "channel")}] = TimeAt(one, "released");
    one.Done();
  }
  for (const Json& entry : fields.Array("versions")) {
    JsonFields one(entry, fields.PathOf("versions"), kUntrusted);
    const std::string name = NameAt(one, "name");
    AcceptedVersion& version = out.versions[{name, one.Digest("manifest_sha256")}];
    version.channel = NameAt(one, "channel");
    version.released = TimeAt(one, "released");
    version.accepted = TimeAt(one, "accepted");
    version.signers = one.Strings("signers");
    one.Done();
  }
  fields.Done();
  return out;
}

const AcceptedVersion* Accepted::Find(const std::string& name,
                                      const base::Sha256& manifest_sha256) const {
  const auto found = versions.find({name, manifest_sha256});
  return found == versions.end() ? nullptr : &found->second;
}

std::string AcceptedFile(const images::HostLayout& layout) {
  return layout.Trust() + "/accepted.json";
}

Accepted ReadAccepted(const images::HostLayout& layout) {
  const std::string path = AcceptedFile(layout);
  std::string text;
  try {
    text = base::ReadFile(path, kMaxAcceptedBytes);
  } catch (const base::Error& error) {
    base::Fail(kUntrusted,
               "{}: without it this host cannot tell an old release from a new one: imgpush "
               "--trust makes it anew",
               error.what());
  }
  return Accepted::Parse(text, path);
}

bool IsAcceptedLost(const images::HostLayout& layout) {
  const std::string path = AcceptedFile(layout);
  const std::optional<std::string> text = base::ReadFileIfThere(path, kMaxAcceptedBytes);
  if (!text) {
    return true;
  }
  try {
    Accepted::Parse(*text, path);
    return false;
  } catch (const base::Error&) {
    const Json json = Json::parse(*text, nullptr, false);
    const auto format = json.is_object() ? json.find("format") : json.end();
    if (format != json.end() && format->is_number_integer() && *format > kAcceptedFormat) {
      throw;
    }
    return true;
  }
}

void StoreAccepted(const images::HostLayout& layout, Accepted accepted,
                   const std::map<std::string, base::Sha256>& coming) {
  std::erase_if(accepted.versions, [&](const auto& entry) {
    const auto& [name, digest] = entry.first;
    const auto found = coming.find(name);
    return (found == coming.end() || found->second != digest) &&
           !base::Exists(layout.Version(name, images::ImageId::Of(digest)));
  });
  base::WriteFileAtomically(AcceptedFile(layout), accepted.Serialize());
}

}  // namespace activator

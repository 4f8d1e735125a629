#include "builder/source/path_info.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/json_fields.h"
#include "builder/source/nix_hash.h"

namespace builder {
namespace {

using base::Json;
using base::JsonFields;

constexpr const char* kAnswer = "nix path-info's answer";
constexpr uint64_t kFormat = 2;

[[noreturn]] void FailForm(std::string_view found) {
  base::Fail(base::ExitCode::kFailed,
             "{} has a form that this imgbuild does not know, {}; it reads those of Nix 2.8, 2.26 "
             "and 2.34: try one of them, or a newer imgbuild",
             kAnswer, found);
}

// `folder`: what stands before the names of store paths: "/nix/store/", or nothing.
PathInfo InfoOf(const Json& json, const std::string& path, const std::string& folder) {
  if (json.is_null()) {
    base::Fail(base::ExitCode::kFailed, "Nix does not know the store path {}; build it again",
               path);
  }
  JsonFields fields(json, std::string(kAnswer) + ": " + path, base::ExitCode::kFailed);
  PathInfo out;
  const std::string hash = fields.String("narHash");
  const std::optional<std::string> known = NixHashOf(hash);
  if (!known) {
    fields.FailAt("narHash", fmt::format("'{}' is no SHA-256 as Nix spells it", hash));
  }
  out.nar_hash = *known;
  if (!fields.Has("references")) {
    fields.FailAt("references", "this field is missing; it is a list of store paths");
  }
  for (const std::string& reference : fields.Strings("references")) {
    out.references.push_back(folder + reference);
  }
  std::sort(out.references.begin(), out.references.end());
  if (const auto deriver = fields.OptionalString("deriver")) {
    out.deriver = folder + *deriver;
  }
  return out;
}

std::map<std::string, PathInfo> OfList(const Json& list) {
  std::map<std::string, PathInfo> out;
  for (const Json& one : list) {
    const std::string path =
        JsonFields::OfFile(one, kAnswer, base::ExitCode::kFailed).String("path");
    out.emplace(path, InfoOf(one, path, ""));
  }
  return out;
}

std::map<std::string, PathInfo> OfObject(const Json& object, const std::string& folder) {
  std::map<std::string, PathInfo> out;
  for (const auto& [name, info] : object.items()) {
    const std::string path = folder + name;
    if (!path.starts_with('/')) {
      FailForm(fmt::format("an object with the field '{}'", name));
    }
    out.emplace(path, InfoOf(info, path, folder));
  }
  return out;
}

std::map<std::string, PathInfo> OfVersioned(const Json& json) {
  JsonFields fields = JsonFields::OfFile(json, kAnswer, base::ExitCode::kFailed);
  const uint64_t version = fields.Number("version", 0, UINT64_MAX);
  if (version != kFormat) {
    FailForm(fmt::format("version {}", version));
  }
  const std::string folder = fields.String("storeDir") + "/";
  if (!fields.Has("info")) {
    FailForm("an object without 'info'");
  }
  return OfObject(fields.Object("info"), folder);
}

}  // namespace

std::map<std::string, PathInfo> ParsePathInfo(const std::string& text) {
  const Json json = base::ParseJson(text, kAnswer, base::ExitCode::kFailed);
  if (json.is_array()) {
    return OfList(json);
  }
  if (!json.is_object()) {
    FailForm(json.type_name());
  }
  return json.contains("version") ? OfVersioned(json) : OfObject(json, "");
}

}  // namespace builder

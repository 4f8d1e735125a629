#include "builder/inspect/recorded_packages.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/json_fields.h"

namespace builder {
namespace {

using base::JsonFields;

constexpr uint64_t kFormat = 1;
constexpr const char* kNixStorePaths = "/nix/store/";

PackageRecord ReadRecord(JsonFields fields) {
  PackageRecord out;
  out.name = fields.String("name");
  out.path = fields.String("path");
  out.version = fields.String("version", "");
  out.origin.type = fields.String("type", "");
  out.origin.architecture = fields.String("architecture", "");
  if (out.origin.type == "deb" || out.origin.type == "apk") {
    out.origin.source_name = fields.String("source", out.name);
    out.origin.source_version = fields.String("source_version", out.version);
  }
  if (fields.Has("files")) {
    out.files = fields.Number("files", 0, base::kAnyNumber);
  }
  out.files_left_out = fields.Number("files_left_out", 0, base::kAnyNumber, 0);
  return out;
}

RecordedPackages PackagesOfManifest(const images::ImageDirectory& image) {
  RecordedPackages out;
  for (const images::ClosurePath& entry : image.manifest().closure) {
    if (!entry.path.starts_with(kNixStorePaths)) {
      base::Fail(base::ExitCode::kFailed,
                 "{}: no record of its packages, because it was built before imgbuild kept one; "
                 "delete {} and build it again",
                 image.provenance_path(), image.path());
    }
    out.packages.push_back(
        {{"nix", "", "", ""}, entry.name, entry.version, entry.path, std::nullopt});
  }
  return out;
}

}  // namespace

RecordedPackages ReadRecordedPackages(const images::ImageDirectory& image) {
  const std::string file = image.provenance_path();
  const std::optional<std::string> text = base::ReadFileIfThere(file);
  if (!text) {
    return PackagesOfManifest(image);
  }
  const base::Json json = base::ParseJson(*text, file, base::ExitCode::kVerification);
  JsonFields fields = JsonFields::OfFile(json, file, base::ExitCode::kVerification);
  if (const uint64_t format = fields.Number("format", 0, base::kAnyNumber); format != kFormat) {
    fields.FailAt("format", fmt::format("it is {}, and this imgbuild reads {}: use the version "
                                        "that built the image",
                                        format, kFormat));
  }
  if (!fields.Has("packages")) {
    return PackagesOfManifest(image);
  }
  RecordedPackages out;
  for (const base::Json& package : fields.Array("packages")) {
    out.packages.push_back(ReadRecord(fields.Nested(package, "packages")));
  }
  if (fields.Has("distribution")) {
    JsonFields distribution = fields.Nested("distribution");
    out.distribution = {distribution.String("id"), distribution.String("version", "")};
  }
  out.unread_database = fields.OptionalString("unread_database");
  return out;
}

}  // namespace builder

#include "activator/state/app_version.h"

#include <algorithm>
#include <string_view>

#include "base/error.h"
#include "base/file.h"
#include "base/json_fields.h"
#include "images/label.h"
#include "images/version/image_directory.h"

namespace activator {
namespace {

constexpr uint64_t kTailBytes = 4096;
// A manifest is canonical: the last of its sorted fields. No other field's value can look like it,
// for a quote within a string stands behind a backslash.
constexpr std::string_view kField = ",\"version\":";

}  // namespace

std::string VersionOf(const images::HostLayout& layout, const std::string& name,
                      const images::ImageId& id) {
  std::string label = images::ReadLabel(layout.Version(name, id));
  return label.empty() ? ManifestVersionOf(layout, name, id) : label;
}

std::string ManifestVersionOf(const images::HostLayout& layout, const std::string& name,
                              const images::ImageId& id) {
  const std::string path = layout.Version(name, id) + "/" + images::kManifestFile;
  try {
    const base::UniqueFd fd = base::OpenForReading(path);
    const auto size = static_cast<uint64_t>(base::Fstat(fd.get(), path).st_size);
    const uint64_t tail_bytes = std::min(size, kTailBytes);
    const std::vector<uint8_t> bytes = base::PRead(fd.get(), size - tail_bytes, tail_bytes, path);
    const std::string_view tail = base::AsText(bytes);
    const size_t at = tail.rfind(kField);
    if (at == std::string_view::npos) {
      return "";
    }
    const base::Json field = base::ParseJson("{" + std::string(tail.substr(at + 1)), path,
                                             base::ExitCode::kVerification);
    return base::JsonFields(field, path, base::ExitCode::kVerification).String("version");
  } catch (const base::Error&) {
    return "";
  }
}

std::string VersionOf(const images::HostLayout& layout, const std::string& name,
                      const base::Sha256& manifest_digest) {
  return VersionOf(layout, name, images::ImageId::Of(manifest_digest));
}

std::string IdAndVersion(const images::HostLayout& layout, const std::string& name,
                         const base::Sha256& manifest_digest) {
  const images::ImageId id = images::ImageId::Of(manifest_digest);
  const std::string version = VersionOf(layout, name, id);
  return version.empty() ? id.text() : id.text() + " (" + version + ")";
}

}  // namespace activator

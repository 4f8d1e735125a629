#include "images/version/host_layout.h"

#include <optional>

#include "base/error.h"
#include "base/file.h"

namespace images {
namespace {

bool IsDirectory(const std::string& path) {
  const std::optional<struct stat> found = base::LstatIfThere(path);
  return found && S_ISDIR(found->st_mode);
}

}  // namespace

std::optional<ImageId> IdIfOne(const std::string& text) {
  try {
    return ImageId::Parse(text);
  } catch (const base::Error&) {
    return std::nullopt;
  }
}

std::vector<VersionDirectory> HostLayout::Versions() const {
  std::vector<VersionDirectory> out;
  for (const std::string& name : base::ListDirectory(root_)) {
    if (!IsName(name)) {
      continue;
    }
    for (const std::string& entry : base::ListDirectory(Application(name))) {
      const std::optional<ImageId> id = IdIfOne(entry);
      if (id && IsDirectory(Version(name, *id))) {
        out.push_back({name, *id, Version(name, *id)});
      }
    }
  }
  return out;
}

}  // namespace images

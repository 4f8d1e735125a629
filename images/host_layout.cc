#include "images/host_layout.h"

#include <optional>

#include "base/error.h"
#include "base/file.h"

namespace images {
namespace {

// Nothing where the text is not such a name: a root may hold what an operator put there.
std::optional<ImageId> IdIfOne(const std::string& text) {
  try {
    return ImageId::Parse(text);
  } catch (const base::Error&) {
    return std::nullopt;
  }
}

bool IsName(const std::string& text) {
  try {
    CheckName(text, "image name");
    return true;
  } catch (const base::Error&) {
    return false;
  }
}

}  // namespace

std::vector<HeldVersion> HostLayout::Versions() const {
  std::vector<HeldVersion> out;
  for (const std::string& name : base::ListDirectory(root_)) {
    if (!IsName(name)) {
      continue;
    }
    for (const std::string& entry : base::ListDirectory(Application(name))) {
      if (const std::optional<ImageId> id = IdIfOne(entry)) {
        out.push_back({name, *id, Version(name, *id)});
      }
    }
  }
  return out;
}

}  // namespace images

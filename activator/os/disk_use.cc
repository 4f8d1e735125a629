#include "activator/os/disk_use.h"

#include <map>
#include <optional>

#include "base/file.h"

namespace activator {
namespace {

constexpr uint64_t kBlockBytes = 512;  // the unit of st_blocks

struct Use {
  uint64_t bytes = 0;
  uint64_t names = 0;  // that were found
  uint64_t links = 0;  // that it has
};

using Uses = std::map<FileId, Use>;

void AddBelow(const std::string& path, Uses& out) {
  const std::optional<struct stat> found = base::LstatIfThere(path);
  if (!found) {
    return;
  }
  Use& use = out[{found->st_dev, found->st_ino}];
  use.bytes = static_cast<uint64_t>(found->st_blocks) * kBlockBytes;
  if (!S_ISDIR(found->st_mode)) {
    use.links = found->st_nlink;
    ++use.names;
    return;
  }
  for (const std::string& name : base::ListDirectory(path)) {
    AddBelow(path + "/" + name, out);
  }
}

Uses UsesBelow(const std::vector<std::string>& paths) {
  Uses out;
  for (const std::string& path : paths) {
    AddBelow(path, out);
  }
  return out;
}

}  // namespace

uint64_t UsedBytes(const std::vector<std::string>& paths) {
  uint64_t out = 0;
  for (const auto& [file, use] : UsesBelow(paths)) {
    out += use.bytes;
  }
  return out;
}

uint64_t FreedBytes(const std::vector<std::string>& paths) {
  uint64_t out = 0;
  for (const auto& [file, use] : UsesBelow(paths)) {
    out += use.names == use.links ? use.bytes : 0;
  }
  return out;
}

}  // namespace activator

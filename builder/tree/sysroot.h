// Reads paths of a root directory as a process rooted there would, and follows links only inside
// it. Remembers the links on the way, because an image needs them, too.
#ifndef SLIPWAY_BUILDER_TREE_SYSROOT_H_
#define SLIPWAY_BUILDER_TREE_SYSROOT_H_

#include <map>
#include <optional>
#include <string>

namespace builder {

using Links = std::map<std::string, std::string>;  // path in the root, without links -> target

class Sysroot {
 public:
  // `directory` is "" for this machine's own root.
  explicit Sysroot(std::string directory) : directory_(std::move(directory)) {}

  // The path without links that `path` leads to; nullopt where nothing is there or the links form a
  // loop. The links walked are added to `links` where it is given and something is there.
  std::optional<std::string> Resolve(const std::string& path, Links* links = nullptr) const;
  // The same of this machine.
  std::string OnDisk(const std::string& path) const { return directory_ + path; }
  const std::string& directory() const { return directory_; }

 private:
  std::string directory_;
};

}  // namespace builder

#endif  // SLIPWAY_BUILDER_TREE_SYSROOT_H_

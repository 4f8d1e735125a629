// Locks the versions that transfers read from, so that no prune removes them. A lock is on one byte
// of a file, a byte per version; the kernel frees it with its holder. Only its owner may open it.
#ifndef SLIPWAY_ACTIVATOR_STATE_VERSION_LOCKS_H_
#define SLIPWAY_ACTIVATOR_STATE_VERSION_LOCKS_H_

#include <string>

#include "base/unique_fd.h"
#include "images/version/host_layout.h"

namespace activator {

// Locks are held as long as the object lives.
class VersionLocks {
 public:
  explicit VersionLocks(const images::HostLayout& layout);

  // For whoever reads from the version; false: it is just being removed.
  bool Share(const images::ImageId& id) const;
  // For whoever removes it; false: somebody reads from it.
  bool Own(const images::ImageId& id) const;
  // Whether Own would be refused.
  bool IsShared(const images::ImageId& id) const;

 private:
  const std::string path_;
  base::UniqueFd fd_;
};

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_STATE_VERSION_LOCKS_H_

// Which versions transfers read from, so that no prune takes them away: locks on bytes of one file,
// a byte a version, freed by the kernel when their holder dies. Its owner alone may open the file.
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
  const base::UniqueFd fd_;
};

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_STATE_VERSION_LOCKS_H_

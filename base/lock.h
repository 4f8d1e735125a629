// An exclusive lock on a file (flock), which the kernel frees when its holder dies. The file says
// who holds the lock and since when, for the message to whoever is refused.
#ifndef SLIPWAY_BASE_LOCK_H_
#define SLIPWAY_BASE_LOCK_H_

#include <chrono>
#include <string>

#include "base/unique_fd.h"

namespace base {

class FileLock {
 public:
  // Takes the lock at once or throws Error{kBusy} that names the holder. `what` says what is locked
  // ("the host"), `holder` who we are ("activate --generation 3, by root@10.0.0.1"). The file
  // stays. Its holder alone may move or remove it: whoever opened it before then locks the file
  // that has its name afterwards.
  // Its owner alone may open it: whoever can read a file can lock it.
  //
  // `patience`: how long it tries again before it throws; for holders who let go soon.
  FileLock(const std::string& path, const std::string& what, const std::string& holder,
           std::chrono::milliseconds patience = std::chrono::milliseconds(0));

 private:
  void Take(const std::string& path, const std::string& what, std::chrono::milliseconds patience);

  UniqueFd fd_;
};

}  // namespace base

#endif  // SLIPWAY_BASE_LOCK_H_

// Bytes kept aside in a file without a name, in $TMPDIR or /var/tmp: what would be too much for
// memory.
#ifndef SLIPWAY_PUSHER_SPILL_FILE_H_
#define SLIPWAY_PUSHER_SPILL_FILE_H_

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/unique_fd.h"

namespace pusher {

// All threads may use it at once. The file is made with the first bytes and gone with the object,
// or the process.
class SpillFile {
 public:
  struct Place {
    uint64_t offset = 0;
    size_t size_bytes = 0;
  };

  Place Keep(base::Bytes data);
  std::vector<uint8_t> Read(const Place& place) const;

 private:
  std::mutex mutex_;
  std::string directory_;  // for messages
  base::UniqueFd file_;
  uint64_t end_ = 0;
};

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_SPILL_FILE_H_

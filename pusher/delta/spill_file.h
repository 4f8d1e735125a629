// Keeps bytes that are too many for memory in a file without a name, in $TMPDIR or
// /var/tmp.
#ifndef SLIPWAY_PUSHER_DELTA_SPILL_FILE_H_
#define SLIPWAY_PUSHER_DELTA_SPILL_FILE_H_

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/unique_fd.h"

namespace pusher {

// All threads may use it at once. The file is made with the first bytes and gone with the object,
// or the process. Best effort: a lost entry is recomputed.
class SpillFile {
 public:
  struct Place {
    uint64_t offset = 0;
    size_t size_bytes = 0;
  };

  // Both: nullopt on any I/O error; from then on nothing more is kept.
  std::optional<Place> Keep(base::Bytes data);
  std::optional<std::vector<uint8_t>> Read(const Place& place);
  bool failed() const { return failed_; }
  // What failed, with the folder; empty: nothing.
  std::string trouble() const;

 private:
  Place Take(size_t size_bytes);
  void Fail(const base::Error& error);

  mutable std::mutex mutex_;
  std::string directory_;  // for messages
  base::UniqueFd file_;
  uint64_t end_ = 0;
  std::string trouble_;
  std::atomic<bool> failed_ = false;
};

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_DELTA_SPILL_FILE_H_

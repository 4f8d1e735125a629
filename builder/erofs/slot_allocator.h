// Places inodes in the metadata: into gaps that alignment left if they fit there, otherwise one
// after another.
#ifndef SLIPWAY_BUILDER_EROFS_SLOT_ALLOCATOR_H_
#define SLIPWAY_BUILDER_EROFS_SLOT_ALLOCATOR_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "builder/erofs/erofs_format.h"

namespace builder {

class SlotAllocator {
 public:
  // `bytes_at(offset)`: the length of what is to be placed if it stands at `offset`, 0 where it may
  // not stand there.
  template <typename BytesAt>
  uint64_t Place(BytesAt bytes_at) {
    for (Gap& gap : gaps_) {
      for (uint64_t at = gap.begin; at < gap.end; at += erofs::kNidBytes) {
        const uint64_t bytes = bytes_at(at);
        if (bytes != 0 && at + bytes <= gap.end) {
          TakeFrom(gap, at, EndOf(at, bytes));
          return at;
        }
      }
    }
    uint64_t at = end_;
    while (bytes_at(at) == 0) {
      at += erofs::kNidBytes;
    }
    if (at > end_) {
      gaps_.push_back({end_, at});
      if (gaps_.size() > kMaxGaps) {
        gaps_.erase(gaps_.begin());
      }
    }
    end_ = EndOf(at, bytes_at(at));
    return at;
  }

  uint64_t end() const { return end_; }

 private:
  static constexpr size_t kMaxGaps = 64;  // bounds the search's time; older gaps are left empty

  struct Gap {
    uint64_t begin;
    uint64_t end;
  };

  static uint64_t EndOf(uint64_t at, uint64_t bytes) {
    return (at + bytes + erofs::kNidBytes - 1) / erofs::kNidBytes * erofs::kNidBytes;
  }

  void TakeFrom(Gap& gap, uint64_t begin, uint64_t end) {
    const Gap after{std::min(end, gap.end), gap.end};
    gap.end = begin;
    if (after.begin < after.end) {
      gaps_.push_back(after);
    }
    gaps_.erase(
        std::remove_if(gaps_.begin(), gaps_.end(), [](const Gap& g) { return g.begin >= g.end; }),
        gaps_.end());
  }

  std::vector<Gap> gaps_;
  uint64_t end_ = erofs::kNidBytes;  // inode number 0 means "none" in places
};

}  // namespace builder

#endif  // SLIPWAY_BUILDER_EROFS_SLOT_ALLOCATOR_H_

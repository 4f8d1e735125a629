// Which ranges of an image bring the chunks that a host lacks, in few requests. Pure.
#ifndef SLIPWAY_FETCHER_RANGE_PLAN_H_
#define SLIPWAY_FETCHER_RANGE_PLAN_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "pusher/protocol/chunk_list.h"
#include "store/store.h"

namespace fetcher {

// What lies between two chunks is read with them if it is not more: it costs less than a request.
inline constexpr uint64_t kMaxGapBytes = uint64_t{16} << 10;
// Several at once are kept in memory until it is their turn: docs/formats/fetch.md. Half of it is
// more requests; of twice as much, six connections wait for the slowest one, and the last
// range for itself: 18.9 MB over 100 Mbit/s and 40 ms took 2.46 s, not 2.04.
inline constexpr uint64_t kMaxRangeBytes = uint64_t{1} << 20;

struct WantedChunk {
  uint32_t number = 0;  // of ChunkList
  uint32_t size_bytes = 0;
  uint64_t offset = 0;  // in the image, where it stands first
};

struct RangePlan {
  std::vector<WantedChunk> chunks;  // by number, which is by offset
  struct Planned {
    store::Range range;    // begins with its first chunk, ends with its last
    size_t end_chunk = 0;  // of `chunks`: behind its last
  };
  std::vector<Planned> ranges;  // one after the other
};

RangePlan PlanRanges(const pusher::ChunkList& chunks, const std::vector<bool>& missing);

}  // namespace fetcher

#endif  // SLIPWAY_FETCHER_RANGE_PLAN_H_

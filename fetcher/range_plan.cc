#include "fetcher/range_plan.h"

namespace fetcher {

RangePlan PlanRanges(const pusher::ChunkList& chunks, const std::vector<bool>& missing) {
  RangePlan out;
  for (size_t number = 0; number < chunks.size(); ++number) {
    if (!missing[number]) {
      continue;
    }
    const WantedChunk wanted{static_cast<uint32_t>(number), chunks[number].size_bytes,
                             chunks[number].offsets.front()};
    const uint64_t end = wanted.offset + wanted.size_bytes;
    out.chunks.push_back(wanted);
    if (!out.ranges.empty()) {
      RangePlan::Planned& last = out.ranges.back();
      const uint64_t gap = wanted.offset - (last.range.offset + last.range.size_bytes);
      if (gap <= kMaxGapBytes && end - last.range.offset <= kMaxRangeBytes) {
        last = {{last.range.offset, end - last.range.offset}, out.chunks.size()};
        continue;
      }
    }
    out.ranges.push_back({{wanted.offset, wanted.size_bytes}, out.chunks.size()});
  }
  return out;
}

}  // namespace fetcher

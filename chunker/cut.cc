#include "chunker/cut.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <optional>

#include "base/error.h"

namespace chunker {
namespace {

constexpr size_t kWindowBytes = 64;  // the gear hash forgets what is further back
constexpr size_t kCandidateMinStepBytes = 256;
constexpr size_t kCandidateMaxStepBytes = 8192;
constexpr size_t kBytesAtOnce = 6;  // of the search; a multiple of 3

constexpr uint64_t kGearSeed = 0x45524f4653434443;  // "EROFSCDC"

constexpr GearTable MakeGear() {
  GearTable table{};
  uint64_t state = kGearSeed;
  for (uint64_t& entry : table) {
    state += 0x9e3779b97f4a7c15;
    uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    entry = z ^ (z >> 31);
  }
  return table;
}

// High bits, those that the whole window has reached, that are all zero once in `bytes` positions.
constexpr uint64_t OnceIn(uint64_t bytes) {
  return ~(std::numeric_limits<uint64_t>::max() / bytes);
}

constexpr uint64_t kCandidateMask = OnceIn(2048);
constexpr uint64_t kFineMask = OnceIn(256);
constexpr size_t kFineReachBytes = 2048;

uint64_t HashBefore(const GearTable& gear, std::span<const uint8_t> data, size_t position) {
  uint64_t hash = 0;
  for (size_t i = position - std::min(position, kWindowBytes); i < position; ++i) {
    hash = (hash << 1) + gear[data[i]];
  }
  return hash;
}

// The first position behind `from` whose hash has no bit of `mask`; nullopt where none is before
// `end`.
std::optional<size_t> Scan(const GearTable& table, std::span<const uint8_t> data, size_t from,
                           size_t end, uint64_t mask) {
  const uint8_t* const bytes = data.data();
  const uint64_t* const gear = table.data();
  uint64_t hash = HashBefore(table, data, from);
  size_t i = from;
  // A step that waits for the one before takes two cycles: three bytes in one step. Two or four, or
  // two places of the content at once, are slower (bench/cut_bench).
  for (; i + kBytesAtOnce <= end; i += kBytesAtOnce) {
#pragma GCC unroll 2
    for (size_t at = i; at < i + kBytesAtOnce; at += 3) {
      const uint64_t one = gear[bytes[at]];
      const uint64_t two = (one << 1) + gear[bytes[at + 1]];
      const uint64_t three = (two << 1) + gear[bytes[at + 2]];
      if ((((hash << 1) + one) & mask) == 0) [[unlikely]] {
        return at + 1;
      }
      if ((((hash << 2) + two) & mask) == 0) [[unlikely]] {
        return at + 2;
      }
      hash = (hash << 3) + three;
      if ((hash & mask) == 0) [[unlikely]] {
        return at + 3;
      }
    }
  }
  for (; i < end; ++i) {
    hash = (hash << 1) + gear[bytes[i]];
    if ((hash & mask) == 0) {
      return i + 1;
    }
  }
  return std::nullopt;
}

}  // namespace

const GearTable& DefaultGear() {
  static constexpr GearTable kTable = MakeGear();
  return kTable;
}

CutSizes CutSizes::Around(uint32_t average_bytes, uint32_t limit_bytes) {
  return {average_bytes / 4, average_bytes, std::min(average_bytes * 4, limit_bytes)};
}

CutFinder::CutFinder(CutSizes sizes, const GearTable& gear) : sizes_(sizes), gear_(gear) {
  if (sizes.min_bytes < kWindowBytes || sizes.average_bytes < sizes.min_bytes ||
      sizes.max_bytes < sizes.average_bytes || !std::has_single_bit(sizes.average_bytes)) {
    base::Fail(base::ExitCode::kUsage, "chunk sizes {}/{}/{} make no sense", sizes.min_bytes,
               sizes.average_bytes, sizes.max_bytes);
  }
  const uint64_t average_bytes = sizes.average_bytes;
  strict_mask_ = OnceIn(average_bytes * 2);
  loose_mask_ = OnceIn(average_bytes / 2);
}

size_t CutFinder::FirstCut(std::span<const uint8_t> data) const {
  if (data.size() <= sizes_.min_bytes) {
    return data.size();
  }
  const size_t end = std::min<size_t>(data.size(), sizes_.max_bytes);
  const size_t middle = std::min<size_t>(end, sizes_.average_bytes);
  if (const auto cut = Scan(gear_, data, sizes_.min_bytes, middle, strict_mask_)) {
    return *cut;
  }
  return Scan(gear_, data, middle, end, loose_mask_).value_or(end);
}

size_t CutFinder::NextCandidate(std::span<const uint8_t> data, size_t from) const {
  const size_t end = std::min(data.size(), from + kCandidateMaxStepBytes);
  const size_t first = std::min(end, from + kCandidateMinStepBytes);
  return Scan(gear_, data, first, end, kCandidateMask).value_or(end);
}

size_t LastFineCut(std::span<const uint8_t> data, size_t last) {
  size_t out = last;
  size_t from = last - std::min(last, kFineReachBytes);
  while (const auto cut = Scan(DefaultGear(), data, from, last, kFineMask)) {
    out = from = *cut;
  }
  return out;
}

}  // namespace chunker

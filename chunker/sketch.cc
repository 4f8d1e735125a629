#include "chunker/sketch.h"

#include <algorithm>
#include <map>

#include "chunker/cut.h"

namespace chunker {
namespace {

constexpr uint64_t kSampleMask = uint64_t{0x3f} << 58U;  // one window in 64
constexpr size_t kSampledBytes = 32;                     // the sampled hash is of these
constexpr size_t kMostPerFeature = 64;  // content that is everywhere says nothing about a place

// splitmix64's finalizer.
constexpr uint64_t Mix(uint64_t z) {
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111eb;
  return z ^ (z >> 31U);
}

struct Line {
  uint64_t factor = 0;
  uint64_t offset = 0;
};

constexpr std::array<Line, kSketchFeatures> MakeLines() {
  std::array<Line, kSketchFeatures> out{};
  uint64_t state = 0;
  for (Line& line : out) {
    line.factor = Mix(state += 0x9e3779b97f4a7c15) | 1U;
    line.offset = Mix(state += 0x9e3779b97f4a7c15);
  }
  return out;
}

}  // namespace

Sketch SketchOf(std::span<const uint8_t> content) {
  static constexpr std::array<Line, kSketchFeatures> kLines = MakeLines();
  const GearTable& gear = DefaultGear();
  Sketch out{};
  uint64_t hash = 0;
  for (size_t i = 0; i < content.size(); ++i) {
    hash = (hash << 1U) + gear[content[i]];
    if ((hash & kSampleMask) != 0 || i + 1 < kSampledBytes) {
      continue;
    }
    const uint64_t window = Mix(hash & 0xffffffffU);  // the low bits forget what is further back
    for (size_t k = 0; k < kSketchFeatures; ++k) {
      out[k] = std::max(out[k], window * kLines[k].factor + kLines[k].offset);
    }
  }
  return out;
}

void SketchIndex::Add(size_t number, const Sketch& sketch) {
  for (size_t k = 0; k < kSketchFeatures; ++k) {
    if (sketch[k] != 0 && numbers_of_[k].count(sketch[k]) < kMostPerFeature) {
      numbers_of_[k].emplace(sketch[k], number);
    }
  }
}

std::vector<size_t> SketchIndex::MostSimilar(const Sketch& sketch, size_t count) const {
  std::map<size_t, size_t> agreeing;  // number -> features
  for (size_t k = 0; k < kSketchFeatures; ++k) {
    const auto [begin, end] = numbers_of_[k].equal_range(sketch[k]);
    for (auto it = begin; it != end; ++it) {
      ++agreeing[it->second];
    }
  }
  std::vector<std::pair<size_t, size_t>> best(agreeing.begin(), agreeing.end());
  std::ranges::stable_sort(best, std::ranges::greater(), &std::pair<size_t, size_t>::second);
  std::vector<size_t> out;
  for (const auto& [number, features] : best) {
    if (out.size() < count) {
      out.push_back(number);
    }
  }
  return out;
}

}  // namespace chunker

// Finds similar content: chunks that share many of their features. A feature is the largest value
// that one of 16 hash functions takes over a sample of the content's windows, so two contents agree
// in it as often as they have windows in common (Broder, "On the resemblance and containment of
// documents", 1997).
#ifndef SLIPWAY_CHUNKER_SKETCH_H_
#define SLIPWAY_CHUNKER_SKETCH_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

namespace chunker {

inline constexpr size_t kSketchFeatures = 16;
using Sketch = std::array<uint64_t, kSketchFeatures>;  // 0: content without a sample

Sketch SketchOf(std::span<const uint8_t> content);

class SketchIndex {
 public:
  void Add(size_t number, const Sketch& sketch);
  // At most `count` numbers whose sketches agree with this one in most features, the best first;
  // where two agree equally, the smaller number.
  std::vector<size_t> MostSimilar(const Sketch& sketch, size_t count) const;

 private:
  std::array<std::unordered_multimap<uint64_t, size_t>, kSketchFeatures> numbers_of_;
};

}  // namespace chunker

#endif  // SLIPWAY_CHUNKER_SKETCH_H_

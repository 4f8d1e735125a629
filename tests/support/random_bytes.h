// Bytes that look random and are the same everywhere and for ever.
#ifndef TESTS_SUPPORT_RANDOM_BYTES_H_
#define TESTS_SUPPORT_RANDOM_BYTES_H_

#include <cstdint>
#include <vector>

namespace tests {

// splitmix64's numbers from `seed`, little-endian.
inline std::vector<uint8_t> RandomBytes(size_t size_bytes, uint64_t seed) {
  std::vector<uint8_t> out;
  out.reserve(size_bytes + 7);
  while (out.size() < size_bytes) {
    seed += 0x9e3779b97f4a7c15;
    uint64_t z = seed;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    z ^= z >> 31;
    for (int shift = 0; shift < 64; shift += 8) {
      out.push_back(static_cast<uint8_t>(z >> shift));
    }
  }
  out.resize(size_bytes);
  return out;
}

}  // namespace tests

#endif  // TESTS_SUPPORT_RANDOM_BYTES_H_

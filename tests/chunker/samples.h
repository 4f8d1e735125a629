// Content that compresses and content that does not, and the codec of images for the target zstd at
// the default level.
#ifndef SLIPWAY_TESTS_CHUNKER_SAMPLES_H_
#define SLIPWAY_TESTS_CHUNKER_SAMPLES_H_

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "chunker/codec_table.h"

namespace chunker {

inline std::vector<uint8_t> Words(uint64_t seed, size_t size_bytes) {
  std::mt19937_64 random(seed);
  std::vector<uint8_t> out;
  while (out.size() < size_bytes) {
    const std::string word = std::to_string(random() % 5000) + " ";
    out.insert(out.end(), word.begin(), word.end());
  }
  out.resize(size_bytes);
  return out;
}

inline std::vector<uint8_t> Noise(uint64_t seed, size_t size_bytes) {
  std::mt19937_64 random(seed);
  std::vector<uint8_t> out(size_bytes);
  for (uint8_t& byte : out) {
    byte = static_cast<uint8_t>(random());
  }
  return out;
}

inline Codec Zstd() {
  return {kZstd,
          LibraryVersion(kZstd),
          9,
          {{"candidates", 16},
           {"accepted_waste", 400},
           {"max_block", 32768},
           {"window_log", 20},
           {"chain_log", 18},
           {"hash_log", 18},
           {"search_log", 4},
           {"min_match", 5},
           {"target_length", 32},
           {"strategy", 5}}};
}

}  // namespace chunker

#endif  // SLIPWAY_TESTS_CHUNKER_SAMPLES_H_

// Image directories for tests of what moves images about: any bytes, cut where the test says.
#ifndef TESTS_SUPPORT_SYNTHETIC_IMAGE_H_
#define TESTS_SUPPORT_SYNTHETIC_IMAGE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "chunker/codec.h"

namespace tests {

struct SyntheticImage {
  std::string name = "app";
  std::string version = "1";
  std::vector<std::string> chunks;  // the image is these, one after the other
  std::string architecture;         // empty: this machine's
  std::vector<std::string> required_features;
  bool wrong_image_digest = false;  // the manifest names another image than the chunks make
  chunker::Codec codec = {};        // without a name: zstd as this program has it
  bool verity = false;              // for chunks of whole blocks
};

// Writes DIRECTORY/NAME/ID and the link DIRECTORY/NAME/latest; returns the path of NAME/ID.
std::string WriteImage(const std::string& directory, const SyntheticImage& image);

// Parameters of a level 9, in the version that this program has.
chunker::Codec ZstdCodec();

// `size_bytes` bytes that depend on `seed` alone and do not compress.
std::string NoiseBytes(uint64_t seed, size_t size_bytes);

}  // namespace tests

#endif  // TESTS_SUPPORT_SYNTHETIC_IMAGE_H_

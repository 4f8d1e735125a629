// Tiny EROFS images, one for each feature that an image may require of its host
// (chunker::CodecKind::feature), each with one compressed file. Packed as repeated
// {zeros u16le, size u16le, size bytes}.
#ifndef SLIPWAY_ACTIVATOR_OS_PROBE_IMAGES_H_
#define SLIPWAY_ACTIVATOR_OS_PROBE_IMAGES_H_

#include <cstdint>
#include <span>

namespace activator {

struct ProbeImage {
  const char* feature;
  std::span<const uint8_t> packed;
};

// Sorted by feature.
std::span<const ProbeImage> ProbeImages();

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_OS_PROBE_IMAGES_H_

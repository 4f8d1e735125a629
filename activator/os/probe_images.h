// Two tiny EROFS images, one a codec, each with one compressed file. Packed as repeated
// {zeros u16le, size u16le, size bytes}.
#ifndef SLIPWAY_ACTIVATOR_OS_PROBE_IMAGES_H_
#define SLIPWAY_ACTIVATOR_OS_PROBE_IMAGES_H_

#include <cstdint>
#include <span>

namespace activator {

std::span<const uint8_t> PackedLz4Image();
std::span<const uint8_t> PackedZstdImage();

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_OS_PROBE_IMAGES_H_

// Random bytes from the kernel.
#ifndef SLIPWAY_BASE_RANDOM_H_
#define SLIPWAY_BASE_RANDOM_H_

#include <cstddef>
#include <string>

namespace base {

// `size_bytes` of them (at most 256) as hexadecimal digits.
std::string RandomHex(size_t size_bytes);

}  // namespace base

#endif  // SLIPWAY_BASE_RANDOM_H_

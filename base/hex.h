// Bytes as lower-case hexadecimal digits and back.
#ifndef SLIPWAY_BASE_HEX_H_
#define SLIPWAY_BASE_HEX_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace base {

std::string ToHex(std::span<const uint8_t> bytes);
// Fills `out` from exactly 2 * out.size() lower-case digits; false for anything else.
bool FromHex(std::string_view digits, std::span<uint8_t> out);

}  // namespace base

#endif  // SLIPWAY_BASE_HEX_H_

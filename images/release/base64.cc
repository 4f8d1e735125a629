#include "images/release/base64.h"

#include <cstdint>

namespace images {
namespace {

constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr size_t kDigitBits = 6;
constexpr size_t kGroup = 4;  // digits of three bytes

}  // namespace

std::string ToBase64(std::string_view bytes) {
  std::string out;
  uint32_t bits = 0;
  size_t count = 0;
  for (const char c : bytes) {
    bits = bits << 8 | static_cast<uint8_t>(c);
    for (count += 8; count >= kDigitBits; count -= kDigitBits) {
      out += kDigits[bits >> (count - kDigitBits) & 63];
    }
  }
  if (count > 0) {
    out += kDigits[bits << (kDigitBits - count) & 63];
  }
  out.append((kGroup - out.size() % kGroup) % kGroup, '=');
  return out;
}

std::optional<std::string> FromBase64(std::string_view text) {
  std::string out;
  uint32_t bits = 0;
  size_t count = 0;
  for (const char c : text.substr(0, text.find('='))) {
    const size_t digit = kDigits.find(c);
    if (digit == std::string_view::npos) {
      return std::nullopt;
    }
    bits = bits << kDigitBits | static_cast<uint32_t>(digit);
    count += kDigitBits;
    if (count >= 8) {
      count -= 8;
      out += static_cast<char>(bits >> count & 0xff);
    }
  }
  return ToBase64(out) == text ? std::optional(out) : std::nullopt;
}

}  // namespace images

#include "builder/source/nix_hash.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace builder {
namespace {

constexpr std::string_view kSri = "sha256-";
constexpr std::string_view kNix = "sha256:";
constexpr std::string_view kBase32 = "0123456789abcdfghijklmnpqrsvwxyz";
constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr size_t kDigestBytes = 32;
constexpr size_t kBase32Digits = 52;
constexpr size_t kBase64Digits = 43;  // and one '='

using Digest = std::array<uint8_t, kDigestBytes>;

std::optional<Digest> FromBase64(std::string_view text) {
  if (text.size() != kBase64Digits + 1 || text.back() != '=') {
    return std::nullopt;
  }
  Digest out{};
  for (size_t i = 0; i < kBase64Digits; ++i) {
    const size_t value = kBase64.find(text[i]);
    if (value == std::string_view::npos) {
      return std::nullopt;
    }
    for (size_t bit = 0; bit < 6; ++bit) {  // the first digit has the highest bits of byte 0
      const size_t at = i * 6 + bit;
      const size_t set = (value >> (5 - bit)) & 1;
      if (at < kDigestBytes * 8) {
        out.at(at / 8) = static_cast<uint8_t>(out.at(at / 8) | (set << (7 - at % 8)));
      } else if (set != 0) {  // beyond the digest: another text for the same bytes
        return std::nullopt;
      }
    }
  }
  return out;
}

std::string ToBase32(const Digest& digest) {
  std::string out;
  for (size_t n = kBase32Digits; n-- > 0;) {
    const size_t byte = n * 5 / 8;
    const size_t shift = n * 5 % 8;
    const size_t next = byte + 1 < kDigestBytes ? digest.at(byte + 1) : 0;
    out += kBase32[((digest.at(byte) | (next << 8)) >> shift) & 31];
  }
  return out;
}

bool IsBase32(std::string_view text) {
  return text.size() == kBase32Digits && text.find_first_not_of(kBase32) == std::string_view::npos;
}

}  // namespace

std::optional<std::string> NixHashOf(std::string_view text) {
  if (text.starts_with(kNix) && IsBase32(text.substr(kNix.size()))) {
    return std::string(text);
  }
  if (!text.starts_with(kSri)) {
    return std::nullopt;
  }
  const std::optional<Digest> digest = FromBase64(text.substr(kSri.size()));
  return digest ? std::optional(std::string(kNix) + ToBase32(*digest)) : std::nullopt;
}

}  // namespace builder

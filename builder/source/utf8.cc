#include "builder/source/utf8.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

namespace builder {
namespace {

// Bytes of the character that `text` starts with; 0 where it is none (Unicode, table 3-7).
size_t CharacterBytes(std::string_view text) {
  const auto at = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t first = at(0);
  if (first < 0x80) {
    return 1;
  }
  const size_t size = first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
  if (size == 0 || text.size() < size) {
    return 0;
  }
  for (size_t i = 1; i < size; ++i) {
    if ((at(i) & 0xC0) != 0x80) {
      return 0;
    }
  }
  const uint8_t second = at(1);
  const bool wrong = (first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) ||
                     (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F);
  return wrong ? 0 : size;
}

}  // namespace

std::string AsUtf8(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t size = CharacterBytes(text);
    out += size == 0 ? fmt::format("\\x{:02X}", static_cast<uint8_t>(text[0]))
                     : std::string(text.substr(0, size));
    text.remove_prefix(std::max<size_t>(size, 1));
  }
  return out;
}

}  // namespace builder

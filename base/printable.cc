#include "base/printable.h"

namespace base {

std::string Printable(std::string_view text, size_t max_bytes) {
  std::string out(text.substr(0, max_bytes));
  for (size_t i = 0; i < out.size(); ++i) {
    const auto byte = static_cast<unsigned char>(out[i]);
    // U+0080 to U+009F steer terminals too; in UTF-8 they are 0xc2 and a byte below 0xa0.
    const bool high =
        byte == 0xc2 && i + 1 < out.size() && static_cast<unsigned char>(out[i + 1]) < 0xa0;
    if (byte < 0x20 || byte == 0x7f || high) {
      out[i] = ' ';
      if (high) {
        out[i + 1] = ' ';
      }
    }
  }
  return out;
}

}  // namespace base

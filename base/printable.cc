#include "base/printable.h"

#include <sstream>

namespace base {

namespace {

std::string WithoutControls(std::string out, std::string_view allowed) {
  for (size_t i = 0; i < out.size(); ++i) {
    const auto byte = static_cast<unsigned char>(out[i]);
    // U+0080 to U+009F steer terminals too; in UTF-8 they are 0xc2 and a byte below 0xa0.
    const bool high =
        byte == 0xc2 && i + 1 < out.size() && static_cast<unsigned char>(out[i + 1]) < 0xa0;
    if ((byte < 0x20 && allowed.find(out[i]) == std::string_view::npos) || byte == 0x7f || high) {
      out[i] = ' ';
      if (high) {
        out[i + 1] = ' ';
      }
    }
  }
  return out;
}

}  // namespace

std::string Printable(std::string_view text, size_t max_bytes) {
  return WithoutControls(std::string(text.substr(0, max_bytes)), "");
}

std::string PrintableLines(std::string_view text) {
  return WithoutControls(std::string(text), "\n\t");
}

std::vector<std::string> LinesOf(const std::string& text) {
  std::vector<std::string> out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    out.push_back(line);
  }
  return out;
}

}  // namespace base

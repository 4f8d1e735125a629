// Text from elsewhere, for messages.
#ifndef SLIPWAY_BASE_PRINTABLE_H_
#define SLIPWAY_BASE_PRINTABLE_H_

#include <string>
#include <string_view>
#include <vector>

namespace base {

// One line that cannot steer a terminal, at most `max_bytes` long.
std::string Printable(std::string_view text, size_t max_bytes = 2000);
// The same with its newlines and tabs, however long.
std::string PrintableLines(std::string_view text);

// The lines of a text, without their newlines.
std::vector<std::string> LinesOf(const std::string& text);

}  // namespace base

#endif  // SLIPWAY_BASE_PRINTABLE_H_

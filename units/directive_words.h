// Reads the value of a directive as systemd does.
#ifndef SLIPWAY_UNITS_DIRECTIVE_WORDS_H_
#define SLIPWAY_UNITS_DIRECTIVE_WORDS_H_

#include <optional>
#include <string>
#include <vector>

#include "images/service/service.h"

namespace units {

// The line of [SECTION]; null where there is none.
const std::string* DirectiveOf(const images::Service& service, const std::string& section,
                               const std::string& option);

// Whether the line is there and says no.
bool IsOff(const images::Service& service, const std::string& option);

// Specifiers (%n, %S, %%) of the unit SERVICE.service filled in; nullopt where only a host can.
std::optional<std::string> Expanded(const std::string& text, const std::string& service);

// The words of a list, quotes and backslashes taken off, specifiers filled in. What only a host can
// fill in is left out.
std::vector<std::string> WordsOf(const std::string& value, const std::string& service);

}  // namespace units

#endif  // SLIPWAY_UNITS_DIRECTIVE_WORDS_H_

// Escapes text for a unit, so that systemd reads back exactly the same bytes. Each option has its
// own rules, and the functions are named after them (systemd.syntax(7), systemd.service(5), and
// config_parse_* of systemd 252 to 257).
//
// All throw Error{kFailed} for text that no unit can hold: a newline or NUL anywhere, and whatever
// the function names besides.
#ifndef SLIPWAY_UNITS_ESCAPE_H_
#define SLIPWAY_UNITS_ESCAPE_H_

#include <string>
#include <string_view>

#include "images/service/service.h"

namespace units {

// One word of a list that is unquoted and C-unescaped: an argument, an assignment of Environment=.
std::string Word(std::string_view text);

// The value of ExecStart= and its kin. Refuses a program whose path holds quotes, backslashes or
// control characters, as systemd does.
std::string ExecLine(const images::Command& command);

// One path of a list that is unquoted alone: BindPaths=, RequiresMountsFor=. Refuses control
// characters.
std::string ListedPath(std::string_view path);

// A path that is the whole rest of a line: RootImage=, EnvironmentFile=, LoadCredential=. Refuses
// white space at its ends, a backslash at its end, and control characters.
std::string WholePath(std::string_view path);

// Text for people (Description=, a comment): what would have a meaning is replaced, nothing is
// refused.
std::string ForPeople(std::string_view text);

}  // namespace units

#endif  // SLIPWAY_UNITS_ESCAPE_H_

// Asks questions on the terminal.
#ifndef SLIPWAY_BASE_CONFIRM_H_
#define SLIPWAY_BASE_CONFIRM_H_

#include <string>

#include "base/io.h"

namespace base {

// Puts `question` with " [y/N] " on io.err and reads a line from io.in: true for y and yes alone,
// so that an end of input is a no. Throws Error{kInterrupted} where we are interrupted meanwhile.
bool Confirm(const Io& io, const std::string& question);

// The same for a line that is not shown as it is typed, without its newline. From then on the
// process leaves no core file, which would have it. Throws Error{kUsage} where it is empty.
std::string AskSecret(const Io& io, const std::string& question);

}  // namespace base

#endif  // SLIPWAY_BASE_CONFIRM_H_

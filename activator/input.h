// Reads what a command is given on standard input.
#ifndef SLIPWAY_ACTIVATOR_INPUT_H_
#define SLIPWAY_ACTIVATOR_INPUT_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace activator {

// All up to the end, or more than `most` bytes where there are more. `what`: for the message of an
// Error{kFailed}.
std::string ReadInput(int fd, size_t most, std::string_view what);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_INPUT_H_

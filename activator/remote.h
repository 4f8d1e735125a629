// `activate --host HOST ...`: runs the same command on another host, over the user's own ssh.
#ifndef SLIPWAY_ACTIVATOR_REMOTE_H_
#define SLIPWAY_ACTIVATOR_REMOTE_H_

#include <chrono>
#include <string>
#include <vector>

#include "activator/command_line.h"
#include "base/io.h"

namespace activator {

// Runs ROOT/bin/activate there with `arguments`, byte for byte, as root where the login may, and
// returns its exit code; what it prints is printed. A connection that is lost in the middle of a
// switch is made again, as often as it is lost, each time for up to `patience`, under the same
// activation id: what went on there meanwhile is followed, or told. Throws Error{kUnreachable}
// where the host was not reached or the connection was lost, Error{kNeedsAttention} where it was in
// a switch and did not come back, Error{kInterrupted} where we are interrupted.
int RunOnHost(const CommandLine& line, const std::vector<std::string>& arguments,
              const base::Io& io, std::chrono::milliseconds patience = std::chrono::minutes(5));

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_REMOTE_H_

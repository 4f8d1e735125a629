// The command line of `activate`, parsed.
#ifndef SLIPWAY_ACTIVATOR_COMMAND_LINE_H_
#define SLIPWAY_ACTIVATOR_COMMAND_LINE_H_

#include <optional>
#include <string>
#include <vector>

#include "activator/command.h"
#include "base/io.h"

namespace activator {

// Nothing: help or version was asked for and printed. Throws Error{kUsage}, one line that says what
// to do.
std::optional<CommandLine> ParseCommandLine(const std::vector<std::string>& arguments,
                                            const base::Io& io);

// The arguments that make another process do the same request under an activation id.
std::vector<std::string> RunSwitchArguments(const CommandLine& line);

// `arguments` without those that say how to reach hosts (--host, --ssh ...) and their values: what
// is left is for the host.
std::vector<std::string> WithoutHost(const std::vector<std::string>& arguments);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_COMMAND_LINE_H_

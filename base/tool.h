// The common part of every main: installs signal handlers, renders an Error once as "TOOL: error:
// ...", and returns its exit code.
#ifndef SLIPWAY_BASE_TOOL_H_
#define SLIPWAY_BASE_TOOL_H_

#include <functional>
#include <string>
#include <vector>

#include "base/io.h"

namespace base {

using ToolFunction = std::function<int(const std::vector<std::string>& arguments, const Io& io)>;

// Runs `function` with the arguments after the program's name. No exception leaves it.
int RunTool(const std::string& name, int argc, char** argv, const ToolFunction& function);

}  // namespace base

#endif  // SLIPWAY_BASE_TOOL_H_

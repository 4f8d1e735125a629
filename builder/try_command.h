// `imgbuild try`: builds an image and runs its services for a moment as a host would.
#ifndef SLIPWAY_BUILDER_TRY_COMMAND_H_
#define SLIPWAY_BUILDER_TRY_COMMAND_H_

#include <string>
#include <vector>

#include "base/io.h"

namespace builder {

// `arguments` without the command. Returns the exit code: 0, every service stood; 1, one did not.
int RunTry(const std::vector<std::string>& arguments, const base::Io& io);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_TRY_COMMAND_H_

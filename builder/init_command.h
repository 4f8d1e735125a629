// `imgbuild init`: writes the first definition of an application.
#ifndef SLIPWAY_BUILDER_INIT_COMMAND_H_
#define SLIPWAY_BUILDER_INIT_COMMAND_H_

#include <string>
#include <vector>

#include "base/io.h"

namespace builder {

// `arguments` without the command.
int RunInit(const std::vector<std::string>& arguments, const base::Io& io);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_INIT_COMMAND_H_

// imgbuild sign: releases a built version, through ssh-keygen.
#ifndef SLIPWAY_BUILDER_SIGN_COMMAND_H_
#define SLIPWAY_BUILDER_SIGN_COMMAND_H_

#include <string>
#include <vector>

#include "base/io.h"

namespace builder {

inline constexpr const char* kSignCommand = "sign";

// `arguments` without the command. Returns the exit code.
int RunSign(const std::vector<std::string>& arguments, const base::Io& io);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_SIGN_COMMAND_H_

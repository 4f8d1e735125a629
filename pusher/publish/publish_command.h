// `imgpush publish` and `imgpush channel`.
#ifndef SLIPWAY_PUSHER_PUBLISH_PUBLISH_COMMAND_H_
#define SLIPWAY_PUSHER_PUBLISH_PUBLISH_COMMAND_H_

#include <string>
#include <vector>

#include "base/io.h"

namespace pusher {

// `arguments` without the command itself. Return the exit code; throw Error.
int RunPublish(const std::vector<std::string>& arguments, const base::Io& io);
int RunChannel(const std::vector<std::string>& arguments, const base::Io& io);

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_PUBLISH_PUBLISH_COMMAND_H_

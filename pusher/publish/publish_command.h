// `imgpush publish` and `imgpush channel`.
#ifndef SLIPWAY_PUSHER_PUBLISH_PUBLISH_COMMAND_H_
#define SLIPWAY_PUSHER_PUBLISH_PUBLISH_COMMAND_H_

#include <optional>
#include <string>
#include <vector>

#include "base/io.h"
#include "pusher/publish/host_verbs.h"

namespace pusher {

// Whichever of them `arguments` begin with; nullopt: neither. A static program has neither, and
// says so.
std::optional<int> RunStoreCommand(const std::vector<std::string>& arguments, const base::Io& io,
                                   HostVerbs& hosts);

// `arguments` without the command itself. Return the exit code; throw Error.
int RunPublish(const std::vector<std::string>& arguments, const base::Io& io);
int RunChannel(const std::vector<std::string>& arguments, const base::Io& io, HostVerbs& hosts);

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_PUBLISH_PUBLISH_COMMAND_H_

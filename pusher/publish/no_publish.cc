// RunStoreCommand of a program without shared libraries.
#include "base/error.h"
#include "pusher/publish/publish_arguments.h"
#include "pusher/publish/publish_command.h"

namespace pusher {

std::optional<int> RunStoreCommand(const std::vector<std::string>& arguments,
                                   const base::Io& /*io*/, HostVerbs& /*hosts*/) {
  const std::string command = arguments.empty() ? "" : arguments.front();
  if (command == kPublishCommand || command == kChannelCommand) {
    base::Fail(base::ExitCode::kFailed,
               "this imgpush is static and has no TLS: for {} use that of Slipway's package, or "
               "build it",
               command);
  }
  return std::nullopt;
}

}  // namespace pusher

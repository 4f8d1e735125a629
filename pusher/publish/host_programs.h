// The programs of hosts that a channel's head can name: this imgpush's own activate and fetch.
#ifndef SLIPWAY_PUSHER_PUBLISH_HOST_PROGRAMS_H_
#define SLIPWAY_PUSHER_PUBLISH_HOST_PROGRAMS_H_

#include <vector>

#include "images/channel/channel_head.h"
#include "pusher/publish/file_upload.h"
#include "pusher/ssh/agent_binary.h"

namespace pusher {

struct HostPrograms {
  images::Programs agent;
  images::Programs fetch;
  std::vector<FileUpload> files;  // their objects
};

// Throws Error{kFailed} where a machine has but one of the two, which might not understand the
// other one that is on the host; and for what no host would fetch.
HostPrograms HostProgramsOf(const Agents& agents, const Agents& fetchers);

// Those that enroll uploads. Throws as HostProgramsOf, FindAgents and FindFetchers.
HostPrograms FindHostPrograms();

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_PUBLISH_HOST_PROGRAMS_H_

// `activate pull`: polls the channels of this host, follows the rules of docs/formats/channel.md,
// and reports. Interrupted at any point, the next pull goes on from what is on the disk.
#ifndef SLIPWAY_ACTIVATOR_PULL_PULL_H_
#define SLIPWAY_ACTIVATOR_PULL_PULL_H_

#include <chrono>
#include <string>
#include <vector>

#include "activator/pull/pull_steps.h"
#include "images/channel/state_document.h"
#include "images/version/host_layout.h"

namespace activator {

struct PullRequest {
  std::vector<std::string> channels;  // none: all of the host's
  std::chrono::milliseconds lock_wait{0};
  bool end_overrides = false;  // those channels have their applications again
};

struct PullResult {
  images::StateDocument state;  // of all channels, also of those that were not polled now
  images::PollTimes polled;     // likewise
  int exit_code = 0;            // the worst of those that were
  std::string not_reported;     // why the store has no report of it; empty: it has, or needs none
};

// Throws Error{kFailed} where the host is not enrolled, Error{kUsage} for a channel that is none of
// its, Error{kBusy} where another pull is at work, Error{kVerification} where the host trusts
// nobody.
PullResult RunPull(const images::HostLayout& layout, const PullRequest& request,
                   const PullSteps& steps);

// The 32 digits of this host. Throws Error{kFailed} where it has none.
std::string ReadMachineId(const std::string& path = "/etc/machine-id");

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_PULL_PULL_H_

// The programs that a channel's head names for hosts: activate and fetch. Beside the agents that
// pushes store, each under the SHA-256 of its content.
#ifndef SLIPWAY_ACTIVATOR_PULL_PROGRAMS_H_
#define SLIPWAY_ACTIVATOR_PULL_PROGRAMS_H_

#include <optional>
#include <string>

#include "activator/pull/pull_run.h"
#include "base/digest.h"
#include "images/channel/channel_head.h"

namespace activator {

// ROOT/bin, or where its `activate` leads to.
std::string ProgramDirectory(const images::HostLayout& layout);
// What slipway-fetch@.service runs: a link to the program.
std::string FetchLink(const images::HostLayout& layout);
// Makes FetchLink lead to ProgramDirectory()/fetch-DIGEST; false: it does, or to one that runs too
// and is newer. Throws Error{kFailed} where that program is not there, has other content, or does
// not run: no poll would bring another one.
bool LinkFetch(const images::HostLayout& layout, const base::Sha256& digest);

// Fetches what is missing of those for this machine, verifies it, runs it, and makes the next poll
// use it: never an older one than what is there. Throws Error.
void InstallPrograms(PullRun& run, const images::ChannelHead& head);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_PULL_PROGRAMS_H_

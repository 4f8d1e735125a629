// Why a host that is enrolled does not poll, or not all of its channels.
#ifndef SLIPWAY_ACTIVATOR_PULL_PULL_PROBLEMS_H_
#define SLIPWAY_ACTIVATOR_PULL_PULL_PROBLEMS_H_

#include <string>
#include <vector>

#include "activator/os/systemd.h"
#include "images/version/host_layout.h"

namespace activator {

// A line each, with what to do. `systemd`: null where nothing may be asked.
std::vector<std::string> PullProblems(const images::HostLayout& layout, Systemd* systemd);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_PULL_PULL_PROBLEMS_H_

// What a pull asks of the rest of the agent and of the host.
#ifndef SLIPWAY_ACTIVATOR_PULL_PULL_STEPS_H_
#define SLIPWAY_ACTIVATOR_PULL_PULL_STEPS_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/unique_fd.h"
#include "images/version/host_layout.h"
#include "images/version/manifest.h"

namespace activator {

// How `activate --generation N --id ID` ended.
struct ActivationEnd {
  int exit_code = 0;
  std::string why;  // one line; empty: nothing is wrong
};

// Tests put their own.
struct PullSteps {
  std::function<base::UniqueFd()> connect;  // to fetch, anew each time
  // The same id a second time does nothing twice, and tells how it ended; what was only refused is
  // checked again. Refused with kBusy is what somebody keeps from the channel (RequireNotKept).
  std::function<ActivationEnd(uint64_t generation, const std::string& by, const std::string& id)>
      activate;
  // Throws Error{kNeedsAttention} where what is active is not healthy.
  std::function<void()> require_healthy;
  std::function<void(const images::HostLayout& layout)> prepare_root;
  std::function<std::vector<std::string>()> probe_features;
  std::string machine_id;
  std::string architecture = images::MachineArchitecture();
  base::Clock* clock = &base::SystemClock();
  std::chrono::milliseconds idle_limit{30'000};  // of a word of fetch
};

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_PULL_PULL_STEPS_H_

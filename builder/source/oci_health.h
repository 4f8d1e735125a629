// An OCI image's Healthcheck as a check of ours. Fields and units as moby's image/spec/v1.2.md has
// them.
#ifndef SLIPWAY_BUILDER_SOURCE_OCI_HEALTH_H_
#define SLIPWAY_BUILDER_SOURCE_OCI_HEALTH_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "images/service/service.h"

namespace builder {

struct OciHealthcheck {
  std::vector<std::string> test;   // empty: none, as {"NONE"}
  std::vector<std::string> shell;  // what CMD-SHELL runs a text with; empty: /bin/sh -c
  int64_t interval_ns = 0;         // these are 0 where they are not said
  int64_t timeout_ns = 0;
  int64_t start_period_ns = 0;
  int64_t start_interval_ns = 0;
  int64_t retries = 0;
};

// Docker asks as long as a container runs, we only while the service starts: so the check is asked
// every StartInterval, otherwise every Interval but at least every 5 s (Docker's own default while
// a container starts), may take Timeout (30 s), and passes within the time after which Docker
// gives a container up: StartPeriod and Retries (3) times Interval (30 s). nullopt, and the reason in `*why`: it cannot be one of ours, or (`*why` empty) is none.
std::optional<images::Health> HealthOf(const OciHealthcheck& check, std::string* why);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_SOURCE_OCI_HEALTH_H_

// What `activate enroll` is told, and the --json reports of enroll and poke.
#ifndef SLIPWAY_PUSHER_ENROLL_ENROLL_JSON_H_
#define SLIPWAY_PUSHER_ENROLL_ENROLL_JSON_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/error.h"
#include "pusher/publish/host_verbs.h"
#include "pusher/ssh/destination.h"
#include "pusher/ssh/enrollment.h"

namespace pusher {

// When hosts poll.
struct Schedule {
  std::string every;  // OnCalendar= of systemd
  uint64_t random_delay_seconds = 0;
};

// One line, for the host of that name and groups. Secret where the subscription has credentials.
std::string EnrollDocument(const Subscription& subscription, const Schedule& schedule,
                           const std::string& host, const std::vector<std::string>& groups,
                           const base::Sha256& fetch);

// What came of one host.
struct HostResult {
  Destination target;
  std::optional<Poll> poll{};
  std::optional<base::Error> error{};

  int exit_code() const {
    return error ? static_cast<int>(error->code()) : poll ? poll->exit_code : 0;
  }
};

std::string ResultsJson(const std::vector<HostResult>& hosts);

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_ENROLL_ENROLL_JSON_H_

// What a trial puts in place of the host that a service is made for: folders for its state, files
// for secrets that this machine does not have, a network of its own. The service is changed, and
// not its unit's text, so that units/ renders a trial's unit with the lines of the real one.
#ifndef SLIPWAY_BUILDER_TRIAL_STAND_INS_H_
#define SLIPWAY_BUILDER_TRIAL_STAND_INS_H_

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "images/version/image_directory.h"

namespace builder {

// The user of a trial that names no number; in systemd's range for dynamic users.
inline constexpr uid_t kTrialUser = 64999;

struct StandIn {
  std::string path;  // on this machine
  std::string seen;  // by the service
};

struct TrialService {
  std::string name;
  images::Service service;         // as the trial runs it
  std::vector<StandIn> folders;    // that it can write
  std::vector<std::string> notes;  // for people: what differs from a host
};

// Makes the stand-ins of service `name` below `folder`, which is empty and nobody else's. As root,
// they belong to the service's user.
TrialService MakeStandIns(const images::Services& services, const std::string& name,
                          const std::string& folder);

// The user and group that it runs as: numbers of `directives`, or kTrialUser.
struct TrialUser {
  uid_t user = kTrialUser;
  gid_t group = kTrialUser;
};
TrialUser TrialUserOf(const images::Service& service);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_TRIAL_STAND_INS_H_

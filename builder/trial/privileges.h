// Takes from a process, before it becomes a service, the privileges that its unit does not give.
#ifndef SLIPWAY_BUILDER_TRIAL_PRIVILEGES_H_
#define SLIPWAY_BUILDER_TRIAL_PRIVILEGES_H_

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace builder {

struct Privileges {
  uid_t user = 0;
  gid_t group = 0;
  std::optional<std::vector<std::string>> bounding;  // names of capabilities; nullopt: all
  std::vector<std::string> ambient;
  bool no_new = false;  // NoNewPrivileges=
};

// For the calling process, which has all capabilities of its user namespace. Throws Error{kFailed}.
void TakeOn(const Privileges& privileges);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_TRIAL_PRIVILEGES_H_

// Follows, from a process of its own, a process that stopped itself (hold.h). One thread.
#ifndef SLIPWAY_BUILDER_TRIAL_FOLLOWER_H_
#define SLIPWAY_BUILDER_TRIAL_FOLLOWER_H_

#include <sys/types.h>

#include <string>

#include "base/unique_fd.h"
#include "builder/trial/sandbox_plan.h"

namespace builder {

class Follower {
 public:
  // Follows `held` and lets it go on.
  explicit Follower(pid_t held);
  ~Follower();
  Follower(const Follower&) = delete;
  Follower& operator=(const Follower&) = delete;

  // What it found goes to `record`. Ends what it follows.
  void Finish(SandboxRecord& record);

 private:
  pid_t pid_ = -1;
  base::UniqueFd control_;
  base::UniqueFd tell_;
};

}  // namespace builder

#endif  // SLIPWAY_BUILDER_TRIAL_FOLLOWER_H_

// One try of a service's check over the network, in a process of its own, so that whoever follows
// the service meanwhile need not wait for it. Belongs to one thread.
#ifndef SLIPWAY_BUILDER_TRIAL_PROBE_H_
#define SLIPWAY_BUILDER_TRIAL_PROBE_H_

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/unique_fd.h"
#include "images/service/service.h"

namespace builder {

class Probe {
 public:
  // `health` has a check http or tcp, whose URL is whole. `network`: the network namespace to ask
  // from; -1: ours.
  Probe(const images::Health& health, int network);
  ~Probe();
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;

  pid_t pid() const { return pid_; }
  // Readable once there is an answer.
  int fd() const { return answer_.get(); }
  // Why it did not pass; nullopt: it did. Waits for the answer.
  std::optional<std::string> Answer();
  // Somebody else has waited for the process.
  void Forget() { pid_ = -1; }

 private:
  pid_t pid_ = -1;
  base::UniqueFd answer_;
};

}  // namespace builder

#endif  // SLIPWAY_BUILDER_TRIAL_PROBE_H_

// Runs the switch in a unit of its own, so that a lost connection never stops it; the command in
// the foreground only follows it.
//
// The process in that unit holds the host's lock from its first look to the end; the foreground
// holds nothing. It is started with the request and chooses, checks and switches by itself, so that
// nothing can change between the choice and the switch.
#ifndef SLIPWAY_ACTIVATOR_SWITCH_TRANSIENT_H_
#define SLIPWAY_ACTIVATOR_SWITCH_TRANSIENT_H_

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "activator/os/systemd.h"
#include "base/io.h"
#include "base/progress.h"
#include "base/unique_fd.h"
#include "images/version/host_layout.h"

namespace activator {

// Eight random bytes as hexadecimal digits.
std::string NewActivationId();

// Called now and then while a switch is followed; null: never.
using Glance = std::function<void()>;

// Waits while the unit of that activation is there: a connection that was lost may have left it.
void WaitUntilEnded(Systemd& systemd, const std::string& activation_id, const Glance& glance);

// What became of an activation whose unit has ended without saying so: says it, and returns its
// exit code. Throws Error{kNeedsAttention} where it was killed half-way, or goes on. Where the
// record says that it switched, `require_healthy` throws unless all is healthy, which the unit may
// not have found out.
int TellEnd(const images::HostLayout& layout, const std::string& activation_id,
            const std::function<void()>& require_healthy, const base::Io& io);

// Runs this very program with `arguments` in slipway-activate-ID.service and returns its exit code.
// Throws Error{kNeedsAttention} where it ended without saying how, Error{kFailed} where it could
// not be started, Error{kInterrupted} where we are interrupted: the unit then goes on.
// `require_healthy`: as TellEnd has it.
int RunInTransientUnit(const images::HostLayout& layout, const std::string& activation_id,
                       const std::vector<std::string>& arguments,
                       const std::function<void()>& require_healthy, const Glance& glance,
                       const base::Io& io);

// In the unit: nobody listening and a hangup are no reasons to stop. SIGTERM ends it at once, as a
// crash does: at shutdown there is no time, and recovery at the next boot goes back.
void IgnoreLostConnection();

// In the unit, for as long as the object lives: the follower's terminal, of which `io` is made to
// write. Nobody ever waits for it: what it does not take at once, as after Ctrl-S or over a slow
// link, is lost. Once the follower is gone, which our standard input tells, nothing is drawn there
// any more: the terminal is somebody else's then.
class FollowersTerminal : public base::StatusLine {
 public:
  explicit FollowersTerminal(base::Io& io);
  void Show(const std::string& text) override;

 private:
  const int follower_;
  base::UniqueFd terminal_;
  std::optional<base::ChangingLine> line_;  // none where it cannot be opened anew
};

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_SWITCH_TRANSIENT_H_

// Works on many hosts at once, with a thread and a connection for each.
#ifndef SLIPWAY_PUSHER_FLEET_H_
#define SLIPWAY_PUSHER_FLEET_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "hosts/progress_display.h"
#include "pusher/arguments.h"
#include "pusher/delta/delta_prefetcher.h"
#include "pusher/delta/image_send_state.h"
#include "pusher/protocol/keep_alive.h"
#include "pusher/reach.h"
#include "pusher/session/push_session.h"
#include "pusher/ssh/agent_binary.h"
#include "pusher/ssh/remote.h"
#include "pusher/targets.h"

namespace pusher {

// A connection with what is said on it.
struct Conversation {
  Conversation(const Destination& target, const RemoteOptions& options, const Agents& agents,
               const PushOptions& push_options)
      : remote(target, options, agents), session(remote.wire(), *target.images, push_options) {}

  Remote remote;
  PushSession session;
  std::unique_ptr<KeepAlive> waiting;  // while nothing is said
};

struct HostOutcome {
  Destination target;
  std::unique_ptr<Conversation> conversation;  // between two steps
  std::optional<PushPlan> plan;
  bool begun = false;  // false: its turn did not come: an interrupt, or another host's failure
  std::optional<base::Error> error;
  bool gave_password = false;  // to sudo, which does not let this login without
  PushResult push;
  uint64_t sent_bytes = 0;
  const AgentBinary* agent = nullptr;  // that for the host's machine, once it was reached
  uint64_t agent_bytes = 0;
  uint64_t image_bytes = 0;
  double seconds = 0;
  std::optional<uint64_t> running;  // the generation, where it was to be activated and we know
  double switch_seconds = 0;

  bool pushed() const { return push.staged.generation != 0; }
  int exit_code() const { return error ? static_cast<int>(error->code()) : 0; }
};

// Told of each host when it is done, by any thread.
using Reporter = std::function<void(const HostOutcome&)>;

// The hosts of one command line, step by step; a host that fails has no part in the steps that
// follow, and stops the others only where the arguments say so: then Push and Activate begin no
// further host, and the error of each that they did not begin says why. One connection each, kept
// between the steps.
class Fleet {
 public:
  // All must outlive the object.
  Fleet(const std::vector<Destination>& targets, const Arguments& arguments, const Agents& agents,
        hosts::ProgressDisplay& board);

  // What a push would do. The hosts wait for it afterwards.
  void Plan(const Reporter& report);
  void Push(const Reporter& report);
  // Activates what was staged, each by itself. Those whose turn does not come, for we were
  // interrupted, have an error that says so.
  void Activate(const Reporter& report);

  // The steps that follow are of the hosts from `first` to before `end`, in the order of the
  // command line; all of them unless chosen.
  void Choose(size_t first, size_t end);
  // Whether one of those failed, before they were chosen or since.
  bool Failed() const { return failed_; }
  // Whether one of them did not.
  bool AnyIsWell() const;
  // Whether what was activated still runs and is healthy; reports where not.
  void CheckHealth(const Reporter& report);
  // The hosts from `first` on have no part in what follows; their connections are ended.
  void LeaveOut(size_t first, const std::string& why);

  const std::vector<HostOutcome>& outcomes() const { return outcomes_; }
  // Why what hosts share was made for each anew; empty: it was not.
  std::string trouble_keeping() const { return work_.trouble_keeping(); }

 private:
  // A step of one host, with `seconds` to add to and a line that says `doing`.
  void Try(HostOutcome& outcome, double& seconds, const std::string& doing,
           const std::function<void(const base::Io& io)>& work);
  std::vector<HostOutcome*> Ready(const std::string& interrupted);
  void Connect(HostOutcome& outcome, const base::Io& io);
  void PlanOne(HostOutcome& outcome, const base::Io& io);
  void PushOne(HostOutcome& outcome, const base::Io& io);
  void PushOver(HostOutcome& outcome, const base::Io& io);
  void ActivateOne(HostOutcome& outcome, const base::Io& io);
  void AskOne(HostOutcome& outcome, const base::Io& io);
  // Another host failed, and no further one is to be begun.
  bool IsStopped() const { return arguments_.stops_on_failure() && failed_; }

  const Arguments& arguments_;
  const Agents& agents_;
  hosts::ProgressDisplay& board_;
  SendCache work_;
  DeltaPrefetcher guesser_{work_};
  std::vector<HostOutcome> outcomes_;
  std::vector<HostOutcome*> chosen_;
  std::atomic<bool> failed_ = false;  // one of the chosen
};

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_FLEET_H_

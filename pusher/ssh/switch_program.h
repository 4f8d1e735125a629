// The common end of the programs that activate a generation on a host (pusher/ssh/bootstrap.cc,
// pusher/ssh/remote_activation.cc): runs `activate` with the remaining words, and reports its
// progress. Needs the variables from, root, agent and by.
#ifndef SLIPWAY_PUSHER_SSH_SWITCH_PROGRAM_H_
#define SLIPWAY_PUSHER_SSH_SWITCH_PROGRAM_H_

#include <string_view>

namespace pusher {

// A service may take minutes to be up, and says nothing meanwhile: the pulse tells us that the link
// lives. It holds no pipe of ours in its sleep, for ssh would wait for that one.
inline constexpr std::string_view kSwitchProgram = R"sh(
pulse() { while sleep 5 >/dev/null 2>&1; do echo "SLIPWAY1 ALIVE"; done; }
echo
echo "SLIPWAY1 STARTED"
pulse </dev/null &
pulse=$!
"$agent" --for-imgpush --root "$root" --by "$by${from:+ from $from}" "$@" </dev/null 2>&1
code=$?
kill "$pulse"
current=$(readlink "$root/current")
echo
echo "SLIPWAY1 ENDED $code ${current#generations/}"
)sh";

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_SSH_SWITCH_PROGRAM_H_

// Whose heads a publisher believes. A new head takes over what the one before it says, and is
// signed: whoever may write to the store, and nothing else, must not get a signature that way.
#ifndef SLIPWAY_PUSHER_PUBLISH_HEAD_JUDGE_H_
#define SLIPWAY_PUSHER_PUBLISH_HEAD_JUDGE_H_

#include <functional>
#include <string>
#include <vector>

#include "images/channel/channel_head.h"

namespace pusher {

// Throws Error{kVerification} for a head that is not to be believed. `where` begins the message.
// `at`: when the keys must have been valid.
using HeadJudge = std::function<void(const images::SignedHead& head, images::TimePoint at,
                                     const std::string& where)>;

// Those that are signed by one of these keys, as --key names them.
HeadJudge JudgeByKeys(const std::vector<std::string>& keys);
// Those that a host would take whose ROOT/trust is this directory.
HeadJudge JudgeByTrust(const std::string& directory);
// All: for whoever only shows them.
HeadJudge JudgeNothing();

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_PUBLISH_HEAD_JUDGE_H_

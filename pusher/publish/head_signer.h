// Signs a channel's new head with the keys of a command line.
#ifndef SLIPWAY_PUSHER_PUBLISH_HEAD_SIGNER_H_
#define SLIPWAY_PUSHER_PUBLISH_HEAD_SIGNER_H_

#include <string>
#include <vector>

#include "base/io.h"
#include "pusher/publish/head_judge.h"
#include "pusher/publish/publisher.h"

namespace pusher {

// The keys that were named, or the user's own. Throws Error{kUsage} where there is none.
std::vector<std::string> SigningKeys(const std::vector<std::string>& named);

// `judge`: what is signed must be believed by it, too; otherwise no host of the channel and no
// publisher would take it.
Publisher::Signer HeadSigner(std::vector<std::string> keys, HeadJudge judge, const base::Io& io);

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_PUBLISH_HEAD_SIGNER_H_

// What every conversation with imgpush has: the streams, heartbeats, and that the other side is
// told of a failure.
#ifndef SLIPWAY_ACTIVATOR_RECEIVE_CONVERSATION_H_
#define SLIPWAY_ACTIVATOR_RECEIVE_CONVERSATION_H_

#include <functional>

#include "base/io.h"
#include "pusher/protocol/keep_alive.h"
#include "pusher/protocol/wire.h"

namespace activator {

// What `talk` throws goes to the peer, where it still listens, and is thrown too.
void Converse(pusher::Wire& wire, const std::function<void(pusher::KeepAlive& alive)>& talk);

// The same over a stream of its own, and for what `before` throws, which is called while the
// process has no thread of ours yet. Returns 0.
int RunConversation(const base::Io& io,
                    const std::function<void(pusher::Wire& wire, pusher::KeepAlive& alive)>& talk,
                    const std::function<void()>& before = nullptr);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_RECEIVE_CONVERSATION_H_

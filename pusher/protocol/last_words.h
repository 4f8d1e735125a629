// The end of a push that fails on the sender's side: what each still tells the other.
#ifndef SLIPWAY_PUSHER_PROTOCOL_LAST_WORDS_H_
#define SLIPWAY_PUSHER_PROTOCOL_LAST_WORDS_H_

#include "base/error.h"
#include "pusher/protocol/wire.h"

namespace pusher {

// The connection broke while we wrote: throws what the peer said before it went away, if it said
// why.
void ThrowLastWords(Wire& wire);

// Says why nothing follows. A peer that does not listen any more is no error.
void TellFailure(Wire& wire, const base::Error& error);

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_PROTOCOL_LAST_WORDS_H_

// The kinds of messages of a push, as they stand on the wire.
#ifndef SLIPWAY_PUSHER_PROTOCOL_MESSAGE_TYPE_H_
#define SLIPWAY_PUSHER_PROTOCOL_MESSAGE_TYPE_H_

#include <array>
#include <cstddef>
#include <cstdint>

namespace pusher {

enum class MessageType : uint8_t {
  kHello = 1,
  kBegin = 2,
  kOffer = 3,
  kBlob = 4,
  kNeed = 5,
  kMissing = 6,
  kChunk = 7,
  kHeartbeat = 8,
  kCommit = 9,
  kStaged = 10,
  kFailure = 11,
  kDelta = 12,
  kSent = 13,
  kPlanned = 14,  // pusher/protocol/planned.h
  kAgain = 15,
  kPacked = 16,  // a chunk, packed (pusher/protocol/packed_chunks.h)
  kHeld = 17,
  kTrust = 18,
  // Not of a push: pusher/protocol/fetch_link.h.
  kFetchRequest = 19,
  kFetchAnswer = 20,
};

// For the log; "unknown" where a peer made it up.
inline const char* NameOf(MessageType type) {
  constexpr std::array kNames = {
      "unknown", "hello",     "begin",  "offer",  "blob",    "need",          "missing",
      "chunk",   "heartbeat", "commit", "staged", "failure", "delta",         "sent",
      "planned", "again",     "packed", "held",   "trust",   "fetch request", "fetch answer"};
  const auto number = static_cast<size_t>(type);
  return kNames.at(number < kNames.size() ? number : 0);
}

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_PROTOCOL_MESSAGE_TYPE_H_

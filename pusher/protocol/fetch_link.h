// What `activate pull`, which is root and decides, asks of `fetch`, which reads the object store
// without privileges: over one connection, in the frames of pusher/protocol/wire.h. The authority
// on it, who says what when, is docs/formats/fetch.md.
//
// fetch is not trusted: whatever it answers is verified by its signature or digest.
#ifndef SLIPWAY_PUSHER_PROTOCOL_FETCH_LINK_H_
#define SLIPWAY_PUSHER_PROTOCOL_FETCH_LINK_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "pusher/protocol/protocol.h"

namespace pusher {

inline constexpr uint64_t kFetchLinkFormat = 1;
inline constexpr uint64_t kMaxFetchedBytes = uint64_t{64}
                                             << 20;  // of an object that one answer has
inline constexpr size_t kMaxVersionBytes = 256;      // of an object

// First of all: the store, as docs/formats/store.md names it. No answer.
struct OpenStore {
  std::string location;
  std::string endpoint;  // store::Options; empty: none
  std::string region;
  std::string ca_file;
  bool operator==(const OpenStore&) const = default;
};

// A FetchAnswer follows, with the object as blobs where it is here.
struct GetObject {
  std::string key;
  uint64_t max_bytes = 0;
  std::string known_version;  // of an earlier answer; empty: none
  bool operator==(const GetObject&) const = default;
};

// `size_bytes` of blobs follow, then a FetchAnswer comes. The bucket's owner may read it.
struct PutObject {
  std::string key;
  uint64_t size_bytes = 0;
  bool operator==(const PutObject&) const = default;
};

// From here on fetch is the sender of a push (docs/formats/protocol.md) of these versions, up to
// and with Staged; then requests may follow again. After a Failure of either side nothing does.
struct PlayPush {
  std::vector<VersionDigest> versions;  // at least one
  bool operator==(const PlayPush&) const = default;
};

// A FetchAnswer with what this connection took so far; nothing is asked of the store.
struct AskTraffic {
  bool operator==(const AskTraffic&) const = default;
};

using FetchRequest = std::variant<OpenStore, GetObject, PutObject, PlayPush, AskTraffic>;

std::string Serialize(const FetchRequest& request);
// Throws Error{kFailed} for whatever Serialize() does not write.
FetchRequest ParseFetchRequest(std::string_view text, const std::string& peer);

enum class FetchState { kHere, kUnchanged, kMissing };

// Instead of it comes a Failure where the store could not be asked; requests may follow it.
struct FetchAnswer {
  FetchState state = FetchState::kMissing;  // of a put: kHere
  std::string version;                      // of the object, at most 256 bytes; empty: none
  uint64_t size_bytes = 0;                  // of the blobs that follow
  // Of this connection so far, PlayPush included: store::Traffic.
  uint64_t requests = 0;
  uint64_t bytes = 0;                             // received
  std::optional<int64_t> clock_offset_seconds{};  // the store's clock less this host's
  bool operator==(const FetchAnswer&) const = default;

  std::string Serialize() const;
  static FetchAnswer Parse(std::string_view text, const std::string& peer);
};

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_PROTOCOL_FETCH_LINK_H_

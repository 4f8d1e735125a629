// The messages between imgpush and a host's agent, above pusher/protocol/wire.h. The authority on
// the protocol, who says what when, is docs/formats/protocol.md.
//
// Everything that a peer sends is checked here: names, digests, sizes. A peer never sends a
// path.
#ifndef SLIPWAY_PUSHER_PROTOCOL_PROTOCOL_H_
#define SLIPWAY_PUSHER_PROTOCOL_PROTOCOL_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/printable.h"
#include "images/name.h"
#include "pusher/protocol/message_type.h"
#include "pusher/protocol/wire.h"

namespace pusher {

inline constexpr uint64_t kProtocolMin = 8;  // the versions that this program speaks
inline constexpr uint64_t kProtocolMax = 8;

// What one push may carry of each, at most.
inline constexpr uint64_t kMaxManifestBytes = uint64_t{16} << 20;
inline constexpr uint64_t kMaxProvenanceBytes = uint64_t{16} << 20;
inline constexpr uint64_t kMaxIndexBytes = uint64_t{40} << 20;  // about a million chunks
// Of texts that travel as a delta, with what it refers to; longer ones travel as they are.
inline constexpr uint64_t kMaxTextDeltaBytes = uint64_t{8} << 20;

// How often a host asks for something again: what was damaged there, what did not come out of
// deltas.
inline constexpr int kMostAgain = 2;

// A version as both sides name it.
struct VersionDigest {
  std::string name;
  base::Sha256 manifest_sha256;
  bool operator==(const VersionDigest&) const = default;
};

// How many versions one message names, so that it fits a frame, and how many a host may name in
// all.
inline constexpr size_t kMaxHeldAtOnce = 4096;
inline constexpr size_t kMaxHeld = 1'000'000;

// What a host wants of each image.
struct Demand {
  std::vector<std::string> channels;  // of releases, at least one
  uint64_t threshold = 1;             // signatures
  bool operator==(const Demand&) const = default;
};

// host -> pusher, first of all.
struct Hello {
  uint64_t protocol_min = kProtocolMin;
  uint64_t protocol_max = kProtocolMax;
  std::string agent_version;
  std::string architecture;           // as uname -m gives it
  bool mounts = true;                 // false: a folder that only keeps images; checks nothing
  std::vector<std::string> features;  // "erofs-lz4", "erofs-zstd"
  // The versions of its codecs' libraries: what makes the same chunks again of the same content.
  std::map<std::string, std::string> codecs;
  uint64_t free_bytes = 0;
  uint64_t active_generation = 0;   // 0: none
  std::optional<Demand> trust{};    // nullopt: it takes what is not signed, too
  std::vector<VersionDigest> held;  // complete versions alone
  bool more_held = false;           // Held messages follow with more of them
  bool operator==(const Hello&) const = default;

  std::string Serialize() const;
  // Where the peer speaks no version of ours, an Error that says both ranges; checked before
  // anything else is read.
  static Hello Parse(std::string_view text, const std::string& peer);
};

// The version to speak with whoever greets so: the greatest that both know. The agent behind a gate
// is not uploaded, and may be older or newer than the sender.
uint64_t ProtocolWith(const Hello& hello);

// host -> pusher, after a Hello or Held that says so: more of what is held.
struct Held {
  std::vector<VersionDigest> held;  // at least one
  bool more_held = false;
  bool operator==(const Held&) const = default;

  std::string Serialize() const;
  static Held Parse(std::string_view text, const std::string& peer);
};

// A greeting with any number of versions held, in as many messages as it takes.
void SendHello(Wire& wire, Hello hello);
Hello ReceiveHello(Wire& wire);

// An image that the host does not hold, for its room to be looked at before any is sent.
struct NewImage {
  std::string name;
  base::Sha256 manifest_sha256;
  base::Sha256 image_sha256;
  uint64_t image_bytes = 0;
  bool operator==(const NewImage&) const = default;
};

// pusher -> host: the version of the protocol that it chose.
struct Begin {
  uint64_t protocol = kProtocolMax;
  uint64_t images = 0;  // how many offers follow
  bool plan = false;    // only say what a push would find: nothing is sent after the offers
  std::vector<NewImage> new_images;  // of those that are offered; none with plan
  bool operator==(const Begin&) const = default;

  std::string Serialize() const;
  static Begin Parse(std::string_view text, const std::string& peer);
};

// pusher -> host: an image. Its release follows as blobs, raw, and before all else. Unless `held`,
// three texts follow as blobs, one after the other:
// manifest, index, provenance; together as a delta against the same texts of the basis where that
// is `delta_bytes` long. Deltas of chunks are against the basis, too.
struct Offer {
  std::string name;
  base::Sha256 manifest_sha256;
  bool held = false;  // the host said in its hello that it has it complete
  uint64_t manifest_bytes = 0;
  uint64_t index_bytes = 0;
  uint64_t provenance_bytes = 0;  // 0: none
  uint64_t delta_bytes = 0;       // 0: the texts as they are
  uint64_t basis = 0;             // 0: none, otherwise one more than a held version's number
  uint64_t release_bytes = 0;     // 0: none
  std::string label{};            // images/label.h; empty: none
  bool operator==(const Offer&) const = default;

  std::string Serialize() const;
  static Offer Parse(std::string_view text, const std::string& peer);
};

// host -> pusher: how much of an offered image it has. A Missing message follows.
struct Need {
  uint64_t chunks_total = 0;    // distinct
  uint64_t chunks_missing = 0;  // to be sent
  uint64_t missing_bytes = 0;
  bool operator==(const Need&) const = default;

  std::string Serialize() const;
  static Need Parse(std::string_view text, const std::string& peer);
};

// Both: for each chunk whether the host lacks it. `chunks`: how many the image has; nullopt: it is
// the host that says so.
std::vector<bool> ReceiveNeed(Wire& wire, std::optional<size_t> chunks);

// host -> pusher, instead of Staged: these were offered as held and are damaged.
struct Retransmit {
  std::vector<std::string> names;  // at least one
  bool operator==(const Retransmit&) const = default;

  std::string Serialize() const;
  static Retransmit Parse(std::string_view text, const std::string& peer);
};

// host -> pusher.
struct Staged {
  uint64_t generation = 0;
  bool created = false;      // false: there was such a generation already
  bool active = false;       // and it is the active one
  uint64_t added_bytes = 0;  // of disk, that no other version shares
  // Applications of the active generation whose image was replaced: what runs keeps the old file.
  std::vector<std::string> replaced{};
  uint64_t active_generation = 0;    // where there are such
  std::vector<std::string> notes{};  // printable; what became of labels, and what is kept
  bool operator==(const Staged&) const = default;

  std::string Serialize() const;
  static Staged Parse(std::string_view text, const std::string& peer);
};

// Either way: the push ends here.
struct Failure {
  base::ExitCode code = base::ExitCode::kFailed;
  std::string message;
  bool operator==(const Failure&) const = default;

  std::string Serialize() const;
  // An unknown code counts as kFailed. The message is one printable line.
  static Failure Parse(std::string_view text, const std::string& peer);
};

// A set of chunk numbers below `size` as bits, the lowest number in the lowest bit.
std::vector<uint8_t> PackBits(const std::vector<bool>& bits);
std::vector<bool> UnpackBits(base::Bytes data, size_t size, const std::string& peer);

// A chunk message: u32 number, then its bytes, packed or as they are.
inline constexpr size_t kChunkHeaderBytes = 4;
void SendChunk(Wire& wire, uint32_t number, base::Bytes data,
               MessageType type = MessageType::kChunk);
struct ChunkMessage {
  uint32_t number = 0;
  base::Bytes data;  // within the payload it was parsed from
};
ChunkMessage ParseChunk(base::Bytes payload, const std::string& peer);

void SendText(Wire& wire, MessageType type, std::string_view text);
void SendEmpty(Wire& wire, MessageType type);
// `text` in as many blobs as it takes; the receiver knows its length.
void SendBlob(Wire& wire, std::string_view text);
// Exactly `size_bytes`; memory grows with what arrives.
std::string ReceiveBlob(Wire& wire, uint64_t size_bytes);

struct Message {
  MessageType type = MessageType::kHeartbeat;
  std::vector<uint8_t> payload;
  std::string_view text() const { return base::AsText(payload); }
};

// The next message that is no heartbeat. Throws what a Failure from the peer says, with its code,
// and Error{kUnreachable} at the end of the stream.
Message ReceiveMessage(Wire& wire);
// Another type than `type` is Error{kFailed}: the peer broke the protocol.
void CheckType(const Wire& wire, const Message& message, MessageType type);
// Both.
Message Expect(Wire& wire, MessageType type);
// The same; nullopt where the peer ended the stream between two messages, as it may here.
std::optional<Message> ExpectOrEnd(Wire& wire, MessageType type);

using base::Printable;  // what a peer says

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_PROTOCOL_PROTOCOL_H_

// Frames on a stream: {u32 length of the payload, u8 type, 8 bytes of checksum, payload}, integers
// little-endian; the checksum is the first 8 bytes of the SHA-256 of type and payload. The
// authority is docs/formats/protocol.md.
//
// A frame's length is bounded, and memory grows with the bytes that arrived, not with the announced
// length.
#ifndef SLIPWAY_PUSHER_PROTOCOL_WIRE_H_
#define SLIPWAY_PUSHER_PROTOCOL_WIRE_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "chunker/index.h"
#include "pusher/protocol/stream.h"

namespace pusher {

inline constexpr size_t kFrameHeaderBytes = 13;
// The largest chunk and its number fit; whatever is longer is sent in pieces.
inline constexpr uint32_t kMaxPayloadBytes = chunker::kMaxChunkBytes + 64;

struct Frame {
  uint8_t type = 0;
  std::vector<uint8_t> payload;
};

// What stands before a payload.
using FrameHeader = std::array<uint8_t, kFrameHeaderBytes>;

// Of the payload `head` and `tail` together.
FrameHeader FrameHeaderOf(uint8_t type, base::Bytes head, base::Bytes tail = {});
size_t PayloadBytes(const FrameHeader& header);  // as it says, whatever it is
uint8_t TypeIn(const FrameHeader& header);
// Whether the checksum is that of its type and this payload.
bool IsIntact(const FrameHeader& header, base::Bytes payload);

// Several threads may send; one receives.
class Wire {
 public:
  explicit Wire(Stream& stream) : stream_(stream) {}

  // Small frames are gathered; Flush() or Receive() sends them off. `head` and `tail` together are
  // the payload. Where sending once failed with kUnreachable, it fails so at once ever after: each
  // thread would wait for the peer anew otherwise.
  void Send(uint8_t type, base::Bytes head, base::Bytes tail = {});
  void Flush();
  // nullopt where the peer ended the stream between two frames. Throws Error{kFailed} for a frame
  // that is too long or damaged.
  std::optional<Frame> Receive();

  // A frame without payload that depends on time alone: it does not count in sent_bytes().
  void SendAside(uint8_t type);
  // Frame bytes sent or buffered.
  uint64_t sent_bytes() const { return sent_bytes_; }

  Stream& stream() { return stream_; }
  const std::string& peer() const { return stream_.peer(); }

 private:
  template <typename Work>
  void Sending(const Work& work);
  bool IsBroken();
  void FailAsText(base::Bytes header);  // returns where it is none

  Stream& stream_;
  std::mutex send_mutex_;
  std::optional<base::Error> broken_;  // why nothing more can be sent
  std::atomic<uint64_t> sent_bytes_ = 0;
};

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_PROTOCOL_WIRE_H_

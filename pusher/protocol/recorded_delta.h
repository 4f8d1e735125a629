// An object deltas/NAME/NEWID/OLDID: what a pusher says of one image to a host that has one older
// version of it, recorded once for all such hosts. A line of canonical JSON, then the frames as
// they stand on the wire. It needs no signature: a host verifies each chunk and the image. The
// authority on the format is docs/formats/channel.md.
#ifndef SLIPWAY_PUSHER_PROTOCOL_RECORDED_DELTA_H_
#define SLIPWAY_PUSHER_PROTOCOL_RECORDED_DELTA_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "base/digest.h"
#include "pusher/protocol/protocol.h"
#include "pusher/protocol/wire.h"

namespace pusher {

inline constexpr size_t kMaxDeltaHeaderBytes = 1024;

struct RecordedDeltaHeader {
  std::string name;   // of the image
  base::Sha256 to;    // manifest of the newer version
  base::Sha256 from;  // of the one that the host has
  uint64_t protocol = kProtocolMax;
  std::string codec;          // of the image
  std::string codec_library;  // its version: another one makes other chunks
  bool operator==(const RecordedDeltaHeader&) const = default;

  // With its newline.
  std::string Serialize() const;
  // Throws Error{kVerification} for whatever Serialize() does not write, and for a protocol that
  // this program does not speak. `where` begins the message.
  static RecordedDeltaHeader Parse(const std::string& line, const std::string& where);
};

// Reads one from start to end, a frame at a time. Memory grows with what arrives, up to one frame.
class RecordedDeltaReader {
 public:
  // Fills the front of the span, which is not empty, and returns how much; 0: the end.
  using Source = std::function<size_t(std::span<uint8_t>)>;

  // Reads the header and the offer. This and Next() throw Error{kVerification} for what no
  // recording holds; what the source throws passes.
  RecordedDeltaReader(Source source, std::string where);

  const RecordedDeltaHeader& header() const { return header_; }
  // Of the image: not held, its basis is 1, without a release and a label. Whoever plays it says
  // which of the host's versions the basis is, and adds the two.
  const Offer& offer() const { return offer_; }

  // Blobs, then chunks, packed ones or deltas with ascending numbers, then Sent; nullopt after it.
  std::optional<Frame> Next();

 private:
  std::string ReadHeaderLine();
  bool Fill(std::span<uint8_t> out);  // false: at the end, before its first byte
  std::optional<Frame> ReadFrame();
  void ReadOffer();
  void TakeBlob(const Frame& frame);
  void TakeNumbers(uint64_t first, uint64_t count);
  void TakeChunks(const Frame& frame);
  [[noreturn]] void Fail(const std::string& why) const;

  Source source_;
  std::string where_;
  RecordedDeltaHeader header_;
  Offer offer_;
  uint64_t text_bytes_ = 0;  // that are to come
  uint64_t next_chunk_ = 0;
  bool has_deltas_ = false;
  bool has_packed_ = false;
  bool is_sent_ = false;
};

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_PROTOCOL_RECORDED_DELTA_H_

#include "pusher/protocol/recorded_delta.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/json_fields.h"
#include "base/printable.h"
#include "images/name.h"
#include "pusher/protocol/delta_message.h"

namespace pusher {
namespace {

constexpr base::ExitCode kDamaged = base::ExitCode::kVerification;
constexpr uint64_t kRecordedFormat = 1;
constexpr uint64_t kBasis = 1;
constexpr size_t kMaxCodecBytes = 32;
constexpr size_t kStepBytes = 64 << 10;

// A codec's name, or the version of its library.
std::string ReadCodecWord(base::JsonFields& fields, const std::string& field) {
  std::string text = fields.String(field);
  if (text.empty() || text != base::Printable(text, kMaxCodecBytes)) {
    fields.FailAt(field, fmt::format("expected 1 to {} bytes of printable text", kMaxCodecBytes));
  }
  return text;
}

// What reads messages says kFailed of all that is wrong with them.
template <typename Read>
auto Reading(const Read& read) {
  try {
    return read();
  } catch (const base::Error& error) {
    throw base::Error(kDamaged, error.what());
  }
}

}  // namespace

std::string RecordedDeltaHeader::Serialize() const {
  return base::DumpJson({{"format", kRecordedFormat},
                         {"name", name},
                         {"to", to.ToHex()},
                         {"from", from.ToHex()},
                         {"protocol", protocol},
                         {"codec", {{"name", codec}, {"library", codec_library}}}}) +
         "\n";
}

RecordedDeltaHeader RecordedDeltaHeader::Parse(const std::string& line, const std::string& where) {
  if (line.size() > kMaxDeltaHeaderBytes) {
    base::Fail(kDamaged, "{}: its header has {} bytes, more than {}", where, line.size(),
               kMaxDeltaHeaderBytes);
  }
  const base::Json json = base::ParseJson(line, where, kDamaged);
  base::JsonFields fields = base::JsonFields::OfFile(json, where, kDamaged);
  const uint64_t format = fields.Number("format", 1, base::kAnyNumber);
  if (format != kRecordedFormat) {
    fields.FailAt("format", fmt::format("it is {}, and this version reads {} alone", format,
                                        kRecordedFormat));
  }
  RecordedDeltaHeader out;
  out.protocol = fields.Number("protocol", 1, base::kAnyNumber);
  if (out.protocol < kProtocolMin || out.protocol > kProtocolMax) {
    fields.FailAt("protocol", fmt::format("recorded for {}, and this version plays {} to {}",
                                          out.protocol, kProtocolMin, kProtocolMax));
  }
  out.name = fields.String("name");
  images::CheckName(out.name, fields.PathOf("name") + ": image name", kDamaged);
  out.to = fields.Digest("to");
  out.from = fields.Digest("from");
  if (out.to == out.from) {
    fields.FailAt("from", "it is the version itself");
  }
  base::JsonFields codec = fields.Nested("codec");
  out.codec = ReadCodecWord(codec, "name");
  out.codec_library = ReadCodecWord(codec, "library");
  codec.Done();
  fields.Done();
  if (out.Serialize() != line) {
    base::Fail(kDamaged, "{}: its header is not written as Slipway writes it", where);
  }
  return out;
}

RecordedDeltaReader::RecordedDeltaReader(Source source, std::string where)
    : source_(std::move(source)),
      where_(std::move(where)),
      header_(RecordedDeltaHeader::Parse(ReadHeaderLine(), where_)) {
  ReadOffer();
}

void RecordedDeltaReader::Fail(const std::string& why) const {
  base::Fail(kDamaged, "{}: {}", where_, why);
}

bool RecordedDeltaReader::Fill(std::span<uint8_t> out) {
  size_t filled = 0;
  while (filled < out.size()) {
    const size_t bytes = source_(out.subspan(filled));
    if (bytes == 0 && filled == 0) {
      return false;
    }
    if (bytes == 0) {
      Fail("it ends in the middle of a message");
    }
    filled += bytes;
  }
  return true;
}

std::string RecordedDeltaReader::ReadHeaderLine() {
  std::string line;
  while (line.size() <= kMaxDeltaHeaderBytes && !line.ends_with('\n')) {
    uint8_t byte = 0;
    if (!Fill({&byte, 1})) {
      break;
    }
    line += static_cast<char>(byte);
  }
  if (!line.ends_with('\n')) {
    Fail("it does not begin with the header of a recorded delta");
  }
  return line;
}

std::optional<Frame> RecordedDeltaReader::ReadFrame() {
  FrameHeader header{};
  if (!Fill(header)) {
    return std::nullopt;
  }
  const size_t length = PayloadBytes(header);
  if (length > kMaxPayloadBytes) {
    Fail(fmt::format("a message of {} bytes, at most {} are possible", length, kMaxPayloadBytes));
  }
  Frame frame;
  frame.type = TypeIn(header);
  while (frame.payload.size() < length) {
    const size_t at = frame.payload.size();
    frame.payload.resize(std::min(length, at + kStepBytes));
    if (!Fill(std::span(frame.payload).subspan(at))) {
      Fail("it ends in the middle of a message");
    }
  }
  if (!IsIntact(header, frame.payload)) {
    Fail("a message in it is damaged");
  }
  return frame;
}

void RecordedDeltaReader::ReadOffer() {
  const std::optional<Frame> frame = ReadFrame();
  if (!frame || static_cast<MessageType>(frame->type) != MessageType::kOffer) {
    Fail("it does not begin with an offer");
  }
  offer_ = Reading([&] { return Offer::Parse(base::AsText(frame->payload), where_); });
  if (offer_.name != header_.name || offer_.manifest_sha256 != header_.to) {
    Fail("the offer is of another image than the header");
  }
  if (offer_.held || offer_.basis != kBasis || offer_.release_bytes != 0 || !offer_.label.empty()) {
    Fail("the offer is none that is recorded");
  }
  text_bytes_ = offer_.delta_bytes != 0
                    ? offer_.delta_bytes
                    : offer_.manifest_bytes + offer_.index_bytes + offer_.provenance_bytes;
}

void RecordedDeltaReader::TakeBlob(const Frame& frame) {
  if (frame.payload.empty() || frame.payload.size() > text_bytes_) {
    Fail("its texts are not as long as the offer says");
  }
  text_bytes_ -= frame.payload.size();
}

void RecordedDeltaReader::TakeNumbers(uint64_t first, uint64_t count) {
  if (first < next_chunk_) {
    Fail("its chunks are not in the order of their numbers");
  }
  next_chunk_ = first + count;
}

void RecordedDeltaReader::TakeChunks(const Frame& frame) {
  if (static_cast<MessageType>(frame.type) == MessageType::kDelta) {
    const auto delta = Reading([&] { return DeltaMessage::Parse(frame.payload, where_); });
    TakeNumbers(delta.first_chunk, delta.chunks.size());
    has_deltas_ = true;
  } else {
    const auto chunk = Reading([&] { return ParseChunk(frame.payload, where_); });
    TakeNumbers(chunk.number, 1);
    has_packed_ = has_packed_ || static_cast<MessageType>(frame.type) == MessageType::kPacked;
  }
  if (has_deltas_ && has_packed_) {
    Fail("it has deltas and packed chunks of one image");
  }
}

std::optional<Frame> RecordedDeltaReader::Next() {
  std::optional<Frame> frame = ReadFrame();
  if (is_sent_) {
    if (frame) {
      Fail("something follows its end");
    }
    return std::nullopt;
  }
  if (!frame) {
    Fail("its end is missing");
  }
  const auto type = static_cast<MessageType>(frame->type);
  if (text_bytes_ > 0 && type != MessageType::kBlob) {
    Fail("its texts are not as long as the offer says");
  }
  switch (type) {
    case MessageType::kBlob:
      TakeBlob(*frame);
      break;
    case MessageType::kChunk:
    case MessageType::kPacked:
    case MessageType::kDelta:
      TakeChunks(*frame);
      break;
    case MessageType::kSent:
      if (!frame->payload.empty()) {
        Fail("its end has a content");
      }
      is_sent_ = true;
      break;
    default:
      Fail(fmt::format("a message of type {} is not recorded", frame->type));
  }
  return frame;
}

}  // namespace pusher

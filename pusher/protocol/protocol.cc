#include "pusher/protocol/protocol.h"

#include <algorithm>
#include <array>

#include "base/version.h"

namespace pusher {
namespace {

constexpr size_t kBlobBytes = 256 << 10;

uint8_t TypeOf(MessageType type) { return static_cast<uint8_t>(type); }

// nullopt at the end of the stream.
std::optional<Message> NextMessage(Wire& wire) {
  constexpr int kMostHeartbeats = 100'000;  // in a row: days of them
  for (int heartbeats = 0; heartbeats < kMostHeartbeats; ++heartbeats) {
    std::optional<Frame> frame = wire.Receive();
    if (!frame) {
      return std::nullopt;
    }
    Message message{static_cast<MessageType>(frame->type), std::move(frame->payload)};
    if (message.type == MessageType::kFailure) {
      const Failure failure = Failure::Parse(message.text(), wire.peer());
      base::Fail(failure.code, "{}: {}", wire.peer(), failure.message);
    }
    if (message.type != MessageType::kHeartbeat) {
      return message;
    }
    if (!message.payload.empty()) {
      base::Fail(base::ExitCode::kFailed, "{} broke the protocol: a heartbeat with content",
                 wire.peer());
    }
  }
  base::Fail(base::ExitCode::kFailed, "{} broke the protocol: nothing but heartbeats", wire.peer());
}

}  // namespace

std::vector<uint8_t> PackBits(const std::vector<bool>& bits) {
  std::vector<uint8_t> out((bits.size() + 7) / 8);
  for (size_t i = 0; i < bits.size(); ++i) {
    if (bits[i]) {
      out[i / 8] = static_cast<uint8_t>(out[i / 8] | 1U << (i % 8));
    }
  }
  return out;
}

std::vector<bool> UnpackBits(base::Bytes data, size_t size, const std::string& peer) {
  std::vector<bool> out(size);
  if (data.size() != (size + 7) / 8) {
    base::Fail(base::ExitCode::kFailed, "{} broke the protocol: {} bytes of flags for {} chunks",
               peer, data.size(), size);
  }
  for (size_t i = 0; i < data.size() * 8; ++i) {
    const bool set = (data[i / 8] >> (i % 8) & 1) != 0;
    if (i < size) {
      out[i] = set;
    } else if (set) {
      base::Fail(base::ExitCode::kFailed, "{} broke the protocol: it asks for chunk {} of {}", peer,
                 i, size);
    }
  }
  return out;
}

std::vector<bool> ReceiveNeed(Wire& wire, std::optional<size_t> chunks) {
  const Need need = Need::Parse(Expect(wire, MessageType::kNeed).text(), wire.peer());
  const Message flags = Expect(wire, MessageType::kMissing);
  if (!chunks && need.chunks_total <= uint64_t{8} * kMaxPayloadBytes) {
    chunks = need.chunks_total;
  }
  std::vector<bool> missing = UnpackBits(flags.payload, chunks.value_or(0), wire.peer());
  if (need.chunks_total != missing.size() ||
      need.chunks_missing !=
          static_cast<uint64_t>(std::count(missing.begin(), missing.end(), true))) {
    base::Fail(base::ExitCode::kFailed,
               "{} broke the protocol: it counts other chunks than it asks for", wire.peer());
  }
  return missing;
}

void SendChunk(Wire& wire, uint32_t number, base::Bytes data, MessageType type) {
  std::array<uint8_t, kChunkHeaderBytes> header{};
  for (size_t i = 0; i < header.size(); ++i) {
    header[i] = static_cast<uint8_t>(number >> (8 * i));
  }
  wire.Send(TypeOf(type), header, data);
}

ChunkMessage ParseChunk(base::Bytes payload, const std::string& peer) {
  if (payload.size() <= kChunkHeaderBytes) {
    base::Fail(base::ExitCode::kFailed, "{} broke the protocol: a chunk without content", peer);
  }
  ChunkMessage out;
  for (size_t i = 0; i < kChunkHeaderBytes; ++i) {
    out.number |= uint32_t{payload[i]} << (8 * i);
  }
  out.data = payload.subspan(kChunkHeaderBytes);
  return out;
}

void SendText(Wire& wire, MessageType type, std::string_view text) {
  wire.Send(TypeOf(type), base::AsBytes(text));
}

void SendEmpty(Wire& wire, MessageType type) { wire.Send(TypeOf(type), {}); }

void SendBlob(Wire& wire, std::string_view text) {
  while (!text.empty()) {
    SendText(wire, MessageType::kBlob, text.substr(0, kBlobBytes));
    text.remove_prefix(std::min(kBlobBytes, text.size()));
  }
}

std::string ReceiveBlob(Wire& wire, uint64_t size_bytes) {
  std::string out;
  while (out.size() < size_bytes) {
    const Message part = Expect(wire, MessageType::kBlob);
    if (part.payload.empty() || part.payload.size() > size_bytes - out.size()) {
      base::Fail(base::ExitCode::kFailed,
                 "{} broke the protocol: a text is not as long as announced", wire.peer());
    }
    out += part.text();
  }
  return out;
}

Message ReceiveMessage(Wire& wire) {
  std::optional<Message> message = NextMessage(wire);
  if (!message) {
    base::Fail(base::ExitCode::kUnreachable, "{} ended the connection", wire.peer());
  }
  return *std::move(message);
}

void CheckType(const Wire& wire, const Message& message, MessageType type) {
  if (message.type != type) {
    base::Fail(base::ExitCode::kFailed, "{} broke the protocol: message {} came where {} is due",
               wire.peer(), TypeOf(message.type), TypeOf(type));
  }
}

std::optional<Message> ExpectOrEnd(Wire& wire, MessageType type) {
  std::optional<Message> message = NextMessage(wire);
  if (message) {
    CheckType(wire, *message, type);
  }
  return message;
}

Message Expect(Wire& wire, MessageType type) {
  Message message = ReceiveMessage(wire);
  CheckType(wire, message, type);
  return message;
}

}  // namespace pusher

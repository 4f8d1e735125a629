#include "activator/receive/chunk_receiver.h"

#include <utility>

#include "activator/receive/delta_decoder_pool.h"
#include "base/error.h"
#include "pusher/protocol/delta_message.h"

namespace activator {

using pusher::MessageType;

ChunkReceiver::ChunkReceiver(pusher::Wire& wire, pusher::KeepAlive& alive, Assembly& assembly,
                             std::vector<bool> due)
    : wire_(wire), alive_(alive), assembly_(assembly), due_(std::move(due)) {}

void ChunkReceiver::Run(const std::string& basis, size_t host_jobs) {
  const chunker::Codec& codec = assembly_.stored().manifest.image.codec;
  DeltaDecoderPool pool(
      codec, basis, RebuildJobs(codec, host_jobs),
      [&](uint64_t number, const std::vector<uint8_t>& chunk) { assembly_.Store(number, chunk); });
  for (bool deltas = false;;) {
    const pusher::Message message = pusher::ReceiveMessage(wire_);
    alive_.Touch();
    // Deltas and packed chunks together would take too much memory.
    if (message.type == MessageType::kDelta && !unpacker_) {
      CheckHasBasis(basis);
      pusher::DeltaMessage delta = pusher::DeltaMessage::Parse(message.payload, wire_.peer());
      CheckAskedFor(delta.first_chunk, delta.chunks.size());
      deltas = true;
      pool.Submit(std::move(delta));
    } else if (message.type == MessageType::kChunk ||
               (message.type == MessageType::kPacked && !deltas)) {
      const pusher::ChunkMessage chunk = pusher::ParseChunk(message.payload, wire_.peer());
      CheckAskedFor(chunk.number, 1);
      message.type == MessageType::kChunk ? Take(chunk.number, chunk.data)
                                          : Take(chunk.number, Unpack(chunk));
    } else if (message.type == MessageType::kSent && message.payload.empty()) {
      pool.Finish();
      return;
    } else {
      base::Fail(base::ExitCode::kFailed, "{} broke the protocol: message {} came among the chunks",
                 wire_.peer(), static_cast<unsigned>(message.type));
    }
    assembly_.VerifyAhead();
  }
}

void ChunkReceiver::CheckHasBasis(const std::string& basis) const {
  if (basis.empty()) {
    base::Fail(base::ExitCode::kFailed,
               "{} broke the protocol: it sent a delta, and its offer named no basis",
               wire_.peer());
  }
}

// Each comes once; of what is being rebuilt nobody knows yet whether it comes out.
void ChunkReceiver::CheckAskedFor(uint64_t first, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    const uint64_t number = first + i;
    if (number >= due_.size() || !due_[number]) {
      base::Fail(base::ExitCode::kFailed, "{} broke the protocol: it sent chunk {}, not asked for",
                 wire_.peer(), number);
    }
    due_[number] = false;
  }
}

std::vector<uint8_t> ChunkReceiver::Unpack(const pusher::ChunkMessage& chunk) {
  if (!unpacker_) {
    unpacker_.emplace();
  }
  auto out = unpacker_->Unpack(chunk.data, assembly_.chunks()[chunk.number].size_bytes);
  if (!out) {
    base::Fail(base::ExitCode::kFailed, "{} broke the protocol: chunk {} cannot be unpacked",
               wire_.peer(), chunk.number);
  }
  return *std::move(out);
}

void ChunkReceiver::Take(uint32_t number, base::Bytes data) {
  if (!assembly_.Store(number, data)) {
    base::Fail(base::ExitCode::kVerification, "chunk {} of {} arrived with another content", number,
               assembly_.stored().manifest.name);
  }
}

}  // namespace activator

#include "pusher/content_sender.h"

#include <algorithm>

#include "base/interrupt.h"
#include "pusher/protocol.h"

namespace pusher {

uint64_t CountOf(const std::vector<bool>& chunks) {
  return static_cast<uint64_t>(std::ranges::count(chunks, true));
}

uint64_t BytesOf(const ChunkList& list, const std::vector<bool>& chunks) {
  uint64_t out = 0;
  for (size_t number = 0; number < list.size(); ++number) {
    out += chunks[number] ? list[number].size_bytes : 0;
  }
  return out;
}

ContentSender::ContentSender(Wire& wire, const ImageWork& work, const std::vector<bool>& missing,
                             KeepAlive& alive, const base::Io& io, const std::string& label)
    : wire_(wire),
      work_(work),
      missing_(missing),
      alive_(alive),
      progress_(io, label, BytesOf(work.chunks(), missing)) {}

uint64_t ContentSender::Send(DeltaWork* deltas, uint64_t basis_version) {
  if (CountOf(missing_) == 0) {
    return 0;
  }
  uint64_t as_delta = 0;
  if (deltas != nullptr) {
    as_delta = SendDeltas(*deltas, basis_version);
  } else {
    SendChunks(missing_);
  }
  SendEmpty(wire_, MessageType::kSent);
  return as_delta;
}

// Each is verified first: a damaged image must not cost a transfer to be found out.
void ContentSender::SendChunk(size_t number) {
  base::ThrowIfInterrupted();
  const std::vector<uint8_t> data = work_.reader().Read(work_.chunks()[number].first());
  pusher::SendChunk(wire_, static_cast<uint32_t>(number), data);
  Advance(data.size());
}

void ContentSender::Advance(uint64_t bytes) {
  progress_.Add(bytes);
  alive_.Touch();
}

void ContentSender::SendChunks(const std::vector<bool>& missing) {
  for (size_t number = 0; number < missing.size(); ++number) {
    if (missing[number]) {
      SendChunk(number);
    }
  }
}

uint64_t ContentSender::SendDeltas(DeltaWork& deltas, uint64_t basis_version) {
  uint64_t out = 0;
  for (size_t number = 0; number < missing_.size();) {
    if (!missing_[number]) {
      ++number;
      continue;
    }
    base::ThrowIfInterrupted();
    const ChunkGroup group = deltas.GroupAt(number, missing_);
    std::optional<DeltaMessage> delta = deltas.Make(group, missing_);
    std::vector<uint8_t> payload;
    if (delta) {
      for (Reference& reference : delta->references) {
        reference.version = basis_version;
      }
      payload = delta->Serialize();
    }
    const bool fits = delta && payload.size() <= kMaxPayloadBytes;
    if (fits) {
      wire_.Send(static_cast<uint8_t>(MessageType::kDelta), payload);
      wire_.Flush();  // the host makes chunks of it while we make the next one
      out += group.count;
    }
    for (size_t i = number; i < number + group.count; ++i) {
      fits ? Advance(work_.chunks()[i].size_bytes) : SendChunk(i);
    }
    number += group.count;
  }
  return out;
}

}  // namespace pusher

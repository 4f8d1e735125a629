#include "pusher/session/content_sender.h"

#include <deque>
#include <future>
#include <utility>

#include "base/interrupt.h"
#include "pusher/protocol/protocol.h"

namespace pusher {
namespace {

constexpr size_t kDeltasAtOnce = 2;  // that are being made for one host

}  // namespace

ContentSender::ContentSender(Wire& wire, const ImageSendState& work,
                             const std::vector<bool>& missing, KeepAlive& alive, const base::Io& io,
                             const std::string& label)
    : wire_(wire),
      work_(work),
      missing_(missing),
      alive_(alive),
      progress_(io, label, BytesOf(work.chunks(), missing)) {}

uint64_t ContentSender::Send(DeltaCache* deltas, bool pack) {
  if (CountOf(missing_) == 0) {
    return 0;
  }
  uint64_t as_delta = 0;
  if (deltas != nullptr) {
    as_delta = SendDeltas(*deltas);
    deltas->Rest();
  } else {
    if (pack) {
      packer_.emplace();
    }
    SendChunks();
  }
  SendEmpty(wire_, MessageType::kSent);
  return as_delta;
}

// A damaged image must not cost a transfer to be found out: each is verified before it is sent.
void ContentSender::SendChunk(size_t number) {
  base::ThrowIfInterrupted();
  const std::vector<uint8_t> data = work_.ReadChunk(number);
  if (packer_) {
    pusher::SendChunk(wire_, static_cast<uint32_t>(number), packer_->Pack(data),
                      MessageType::kPacked);
  } else {
    pusher::SendChunk(wire_, static_cast<uint32_t>(number), data);
  }
  Advance(data.size());
}

void ContentSender::Advance(uint64_t bytes) {
  progress_.Add(bytes);
  alive_.Touch();
}

void ContentSender::SendChunks() {
  for (size_t number = 0; number < missing_.size(); ++number) {
    if (missing_[number]) {
      SendChunk(number);
    }
  }
}

uint64_t ContentSender::SendDeltas(DeltaCache& deltas) {
  struct Making {
    ChunkGroup group;
    std::future<std::optional<std::vector<uint8_t>>> delta;
  };
  std::deque<Making> making;
  uint64_t out = 0;
  for (size_t number = 0;;) {
    while (making.size() < kDeltasAtOnce) {
      const std::optional<ChunkGroup> group = deltas.NextGroup(number, missing_);
      if (!group) {
        break;
      }
      making.push_back({*group, std::async([this, &deltas, group = *group] {
                          return deltas.Make(group, missing_);
                        })});  // without a thread to be had, when it is asked for
    }
    if (making.empty()) {
      return out;
    }
    base::ThrowIfInterrupted();
    const std::optional<std::vector<uint8_t>> delta = making.front().delta.get();
    const ChunkGroup group = making.front().group;
    making.pop_front();
    out += SendGroup(group, delta);
  }
}

// Returns how many of its chunks went as a delta.
size_t ContentSender::SendGroup(const ChunkGroup& group,
                                const std::optional<std::vector<uint8_t>>& delta) {
  if (delta) {
    wire_.Send(static_cast<uint8_t>(MessageType::kDelta), *delta);
    wire_.Flush();  // the host makes chunks of it while we make the next one
  }
  for (size_t i = group.first; i < group.first + group.count; ++i) {
    delta ? Advance(work_.chunks()[i].size_bytes) : SendChunk(i);
  }
  return delta ? group.count : 0;
}

}  // namespace pusher

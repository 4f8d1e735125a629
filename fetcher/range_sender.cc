#include "fetcher/range_sender.h"

#include "base/error.h"
#include "base/interrupt.h"
#include "pusher/protocol/protocol.h"

namespace fetcher {

RangeSender::RangeSender(pusher::Wire& wire, pusher::KeepAlive& alive,
                         const pusher::ChunkList& chunks, const std::vector<bool>& missing)
    : wire_(wire),
      alive_(alive),
      chunks_(chunks),
      plan_(PlanRanges(chunks, missing)),
      arrived_(plan_.ranges.size()) {}

void RangeSender::Send(store::Store& store, const std::string& key) {
  where_ = store.location() + "/" + key;
  std::vector<store::Range> ranges;
  for (const RangePlan::Planned& planned : plan_.ranges) {
    ranges.push_back(planned.range);
  }
  sent_to_ = ranges.front().offset;
  const store::RangesRead read =
      store.GetRanges(key, ranges, [this](size_t range, base::Bytes piece) { Take(range, piece); });
  if (read.state != store::State::kHere) {
    base::Fail(base::ExitCode::kFailed, "{} is missing: publish its version again", where_);
  }
}

void RangeSender::Take(size_t range, base::Bytes piece) {
  base::ThrowIfInterrupted();
  alive_.Touch();
  std::vector<uint8_t>& bytes = arrived_[range];
  if (bytes.empty()) {
    bytes.reserve(plan_.ranges[range].range.size_bytes);
  }
  bytes.insert(bytes.end(), piece.begin(), piece.end());
  if (range == range_) {
    SendArrived();
  }
}

// All chunks that are whole, of this range and of those behind it whose turn comes by that.
void RangeSender::SendArrived() {
  while (range_ < plan_.ranges.size()) {
    const RangePlan::Planned& planned = plan_.ranges[range_];
    std::vector<uint8_t>& bytes = arrived_[range_];
    size_t used = 0;
    while (chunk_ < planned.end_chunk) {
      const WantedChunk& wanted = plan_.chunks[chunk_];
      const uint64_t start = wanted.offset - sent_to_;  // behind what lies between
      if (bytes.size() < start + wanted.size_bytes) {
        break;
      }
      SendChunk(wanted, base::Bytes(bytes).subspan(start, wanted.size_bytes));
      used = start + wanted.size_bytes;
      ++chunk_;
    }
    if (chunk_ < planned.end_chunk) {
      bytes.erase(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(used));
      sent_to_ += used;
      return;
    }
    std::vector<uint8_t>().swap(bytes);
    ++range_;
    sent_to_ = range_ < plan_.ranges.size() ? plan_.ranges[range_].range.offset : 0;
  }
}

// The host checks it, too; but here it is known where the damage is.
void RangeSender::SendChunk(const WantedChunk& wanted, base::Bytes data) const {
  if (base::Sha256Of(data) != chunks_[wanted.number].id.digest) {
    base::Fail(base::ExitCode::kVerification,
               "{} is damaged at byte {}: delete it, and publish its version again", where_,
               wanted.offset);
  }
  pusher::SendChunk(wire_, wanted.number, data);
}

}  // namespace fetcher

#include "pusher/delta/delta_cache.h"

#include <chrono>

#include "base/error.h"
#include "base/interrupt.h"
#include "chunker/copies.h"
#include "chunker/flush_points.h"

namespace pusher {
namespace {

constexpr uint64_t kTogetherBytes = 1 << 20;  // half as many neighbours cost half as much again
constexpr size_t kAhead = 8;                  // groups that a waiting thread looks at
constexpr uint64_t kKeptBytes = 16 << 20;     // of content, for the groups that come next

}  // namespace

DeltaCache::DeltaCache(const images::ChunkReader& image, const images::Codec& codec,
                       const ChunkList& chunks, const images::ImageDirectory& old,
                       EncoderPool& encoders, SpillFile* spill, const Stop& stop)
    : image_(image),
      codec_(codec),
      chunks_(chunks),
      old_(old),
      cache_(kKeptBytes),
      finder_(old_, chunks, cache_, stop),
      encoders_(encoders),
      spill_(spill),
      content_bytes_(chunks.size()) {}

size_t DeltaCache::ContentBytesOf(size_t number) {
  size_t out = content_bytes_[number];
  if (out == 0) {
    out = cache_.Get(image_, chunks_[number].first())->bytes.size();
    content_bytes_[number] = static_cast<uint32_t>(out);
  }
  return out;
}

std::optional<ChunkGroup> DeltaCache::NextGroup(size_t& number, const std::vector<bool>& missing) {
  while (number < missing.size() && !missing[number]) {
    ++number;
  }
  ChunkGroup out{number, 0};
  uint64_t together_bytes = 0;
  for (; number < missing.size() && missing[number] && together_bytes < kTogetherBytes; ++number) {
    together_bytes += ContentBytesOf(number);
    ++out.count;
  }
  return out.count > 0 ? std::optional(out) : std::nullopt;
}

std::optional<std::vector<uint8_t>> DeltaCache::Make(const ChunkGroup& group,
                                                     const std::vector<bool>& missing) {
  if (spill_ == nullptr) {
    return Encode(group);
  }
  std::optional<Made> made;
  while (!(made = MadeBefore(group))) {
    base::ThrowIfInterrupted();
    if (spill_->failed()) {
      return Encode(group);
    }
    if (Begin(group)) {
      MakeAndKeep(group);
    } else if (const auto later = NextNotBegun(group, missing); later && Begin(*later)) {
      MakeAndKeep(*later);
    } else {
      WaitFor(group);
    }
  }
  if (made->kept && !made->place) {
    return std::nullopt;
  }
  auto kept = made->kept ? spill_->Read(*made->place) : std::nullopt;
  return kept ? std::move(kept) : Encode(group);
}

std::optional<DeltaCache::Made> DeltaCache::MadeBefore(const ChunkGroup& group) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = made_.find(group);
  return found != made_.end() && found->second.done ? std::optional(found->second) : std::nullopt;
}

// Until whoever is at it has done or failed; wakes now and then for an interrupt.
void DeltaCache::WaitFor(const ChunkGroup& group) {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait_for(lock, std::chrono::milliseconds(200), [&] {
    const auto found = made_.find(group);
    return found == made_.end() || found->second.done;
  });
}

// False: somebody has.
bool DeltaCache::Begin(const ChunkGroup& group) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return made_.try_emplace(group).second;
}

std::optional<ChunkGroup> DeltaCache::NextNotBegun(const ChunkGroup& after,
                                                   const std::vector<bool>& missing) {
  size_t number = after.first + after.count;
  for (size_t looked_at = 0; looked_at < kAhead; ++looked_at) {
    const std::optional<ChunkGroup> group = NextGroup(number, missing);
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!group || !made_.contains(*group)) {
      return group;
    }
  }
  return std::nullopt;
}

void DeltaCache::MakeAhead(const Stop& stop) {
  const std::vector<bool> missing = chunks_.LackedBy(old_.index());
  for (size_t number = 0; !stop() && !spill_->failed();) {
    const std::optional<ChunkGroup> group = NextGroup(number, missing);
    if (!group) {
      break;
    }
    if (Begin(*group)) {
      MakeAndKeep(*group);
    }
  }
  Rest();
}

void DeltaCache::MakeAndKeep(const ChunkGroup& group) {
  try {
    const std::optional<std::vector<uint8_t>> delta = Encode(group);
    const auto place = delta ? spill_->Keep(*delta) : std::nullopt;
    const std::lock_guard<std::mutex> lock(mutex_);
    made_[group] = {true, !delta || place, place};
  } catch (...) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      made_.erase(group);
    }
    changed_.notify_all();
    throw;
  }
  changed_.notify_all();
}

// The group's content, and how each chunk is made of it.
std::vector<uint8_t> DeltaCache::ContentOf(const ChunkGroup& group,
                                           std::vector<ChunkRecipe>& recipes) {
  chunker::FlushPointFinder finder(codec_);
  std::vector<uint8_t> out;
  for (size_t number = group.first; number < group.first + group.count; ++number) {
    const chunker::Chunk chunk = chunks_[number].first();
    const std::vector<uint8_t> stored = image_.Read(chunk);
    const auto content = cache_.Get(image_, chunk);
    auto points = content->framed ? finder.Find(stored, *content) : std::nullopt;
    const std::vector<uint8_t>& own = points ? content->bytes : stored;  // as it stands
    recipes.push_back({own.size(), std::move(points).value_or(std::vector<size_t>())});
    out.insert(out.end(), own.begin(), own.end());
  }
  return out;
}

std::string DeltaCache::trouble() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return trouble_;
}

std::optional<std::vector<uint8_t>> DeltaCache::Encode(const ChunkGroup& group) {
  EncoderPool::Lease encoder(encoders_);
  DeltaMessage message;
  message.first_chunk = group.first;
  std::vector<uint8_t> content = ContentOf(group, message.chunks);
  BaseContent old;
  try {
    old = OldFor(group, content, message.chunks);
  } catch (const base::Error& error) {
    const std::lock_guard<std::mutex> lock(mutex_);
    trouble_ = error.what();
    return std::nullopt;
  }
  message.copies = chunker::FindCopies(content, old.bytes);
  chunker::SubtractCopies(message.copies, old.bytes, content);
  message.references = ReferTo(old.entries, message.copies);
  message.delta = encoder->Encode(content, {});
  std::vector<uint8_t> out = message.Serialize();
  uint64_t stored_bytes = 0;
  for (size_t number = group.first; number < group.first + group.count; ++number) {
    stored_bytes += chunks_[number].size_bytes;
  }
  const bool pays = out.size() < stored_bytes && out.size() <= kMaxPayloadBytes;
  return pays ? std::optional(std::move(out)) : std::nullopt;
}

DeltaCache::BaseContent DeltaCache::OldFor(const ChunkGroup& group,
                                           std::span<const uint8_t> content,
                                           const std::vector<ChunkRecipe>& chunks) {
  std::vector<std::span<const uint8_t>> contents;
  for (const ChunkRecipe& chunk : chunks) {
    contents.push_back(content.first(chunk.content_bytes));
    content = content.subspan(chunk.content_bytes);
  }
  BaseContent out;
  out.bytes.reserve(kMaxDeltaOldBytes);
  for (const ReferenceSlice& slice : finder_.Find(group.first, contents)) {
    for (size_t entry = slice.first; entry < slice.first + slice.count; ++entry) {
      const auto old = cache_.Get(old_, old_.index().chunks()[entry]);
      out.bytes.insert(out.bytes.end(), old->bytes.begin(), old->bytes.end());
      out.entries.push_back({entry, out.bytes.size()});
    }
  }
  return out;
}

}  // namespace pusher

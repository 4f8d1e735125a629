#include "images/version/content_cache.h"

namespace images {
namespace {

// What one takes of memory. A frame from a peer may have little content and very many blocks.
uint64_t BytesOf(const chunker::ChunkContent& content) {
  constexpr uint64_t kOfList = 256;
  return kOfList + content.bytes.capacity() + content.block_ends.capacity() * sizeof(size_t);
}

}  // namespace

ContentCache::Content ContentCache::Find(const Key& key) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = kept_at_.find(key);
  if (found == kept_at_.end()) {
    return nullptr;
  }
  kept_.splice(kept_.begin(), kept_, found->second);
  return kept_.front().content;
}

void ContentCache::Keep(const Key& key, const Content& content) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (kept_at_.contains(key)) {  // another thread was quicker
    return;
  }
  kept_.push_front({key, content});
  kept_at_[key] = kept_.begin();
  kept_bytes_ += BytesOf(*content);
  while (kept_bytes_ > max_bytes_ && kept_.size() > 1) {
    kept_bytes_ -= BytesOf(*kept_.back().content);
    kept_at_.erase(kept_.back().key);
    kept_.pop_back();
  }
}

void ContentCache::Clear() {
  const std::lock_guard<std::mutex> lock(mutex_);
  kept_.clear();
  kept_at_.clear();
  kept_bytes_ = 0;
}

ContentCache::Content ContentCache::Get(const ChunkReader& reader, const chunker::Chunk& chunk) {
  const Key key{&reader, chunk.offset};
  if (Content kept = Find(key)) {
    return kept;
  }
  auto content = std::make_shared<const chunker::ChunkContent>(reader.ReadContent(chunk));
  Keep(key, content);
  return content;
}

}  // namespace images

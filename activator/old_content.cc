#include "activator/old_content.h"

#include "base/error.h"

namespace activator {

const images::ChunkReader* OldContent::VersionOf(uint64_t number) {
  if (number >= versions_.size()) {
    return nullptr;
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto [found, added] = open_.try_emplace(number);
  if (added) {
    try {
      found->second = std::make_unique<const images::ChunkReader>(
          images::ImageDirectory(versions_[number].path));
    } catch (const base::Error&) {  // gone or damaged since the greeting
    }
  }
  return found->second.get();
}

OldContent::Bytes OldContent::Find(const Key& key) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = kept_at_.find(key);
  if (found == kept_at_.end()) {
    return nullptr;
  }
  kept_.splice(kept_.begin(), kept_, found->second);
  return kept_.front().content;
}

void OldContent::Keep(const Key& key, const Bytes& content) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (kept_at_.contains(key)) {  // another thread was quicker
    return;
  }
  kept_.push_front({key, content});
  kept_at_[key] = kept_.begin();
  kept_bytes_ += content->size();
  while (kept_bytes_ > kKeptBytes && kept_.size() > 1) {
    kept_bytes_ -= kept_.back().content->size();
    kept_at_.erase(kept_.back().key);
    kept_.pop_back();
  }
}

OldContent::Bytes OldContent::Get(uint64_t version, uint64_t entry) {
  const images::ChunkReader* const reader = VersionOf(version);
  if (reader == nullptr || entry >= reader->index().chunks().size()) {
    return nullptr;
  }
  const Key key{version, entry};
  if (Bytes kept = Find(key)) {
    return kept;
  }
  try {
    auto content = std::make_shared<const std::vector<uint8_t>>(
        reader->ReadContent(reader->index().chunks()[entry]).bytes);
    Keep(key, content);
    return content;
  } catch (const base::Error&) {  // damaged
    return nullptr;
  }
}

}  // namespace activator

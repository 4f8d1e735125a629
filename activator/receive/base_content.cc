#include "activator/receive/base_content.h"

#include "base/error.h"

namespace activator {

const images::ChunkReader* BaseContent::VersionOf(uint64_t number) {
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

images::ContentCache::Content BaseContent::Get(uint64_t version, uint64_t entry) {
  const images::ChunkReader* const reader = VersionOf(version);
  if (reader == nullptr || entry >= reader->index().chunks().size()) {
    return nullptr;
  }
  try {
    return cache_.Get(*reader, reader->index().chunks()[entry]);
  } catch (const base::Error&) {  // damaged
    return nullptr;
  }
}

}  // namespace activator

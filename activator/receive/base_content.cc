#include "activator/receive/base_content.h"

#include "base/error.h"

namespace activator {

void BaseContent::Open() {
  try {
    reader_.emplace(images::ImageDirectory(version_));
  } catch (const base::Error&) {  // gone or damaged since the greeting
  }
}

images::ContentCache::Content BaseContent::Get(uint64_t entry) {
  std::call_once(opened_, [this] { Open(); });
  if (!reader_ || entry >= reader_->index().chunks().size()) {
    return nullptr;
  }
  try {
    return cache_.Get(*reader_, reader_->index().chunks()[entry]);
  } catch (const base::Error&) {  // damaged
    return nullptr;
  }
}

}  // namespace activator

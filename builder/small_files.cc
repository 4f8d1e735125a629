#include "builder/small_files.h"

#include <span>
#include <utility>

namespace builder {
namespace {

constexpr uint64_t kAtOnceBytes = 1 << 20;

std::deque<SmallFile> ReadAll(std::span<const Node* const> nodes) {
  std::deque<SmallFile> out;
  for (const Node* node : nodes) {
    SmallFile& file = out.emplace_back();
    file.content = node->Read(0, static_cast<size_t>(node->size_bytes));
    file.digest = base::Sha256Of(file.content);
  }
  return out;
}

}  // namespace

SmallFiles::SmallFiles(std::vector<const Node*> nodes) : nodes_(std::move(nodes)) { ReadAhead(); }

void SmallFiles::ReadAhead() {
  if (next_to_read_ == nodes_.size()) {
    return;
  }
  const size_t first = next_to_read_;
  for (uint64_t bytes = 0; next_to_read_ < nodes_.size() && bytes < kAtOnceBytes; ++next_to_read_) {
    bytes += nodes_[next_to_read_]->size_bytes;
  }
  const auto nodes = std::span(nodes_).subspan(first, next_to_read_ - first);
  // In Next where there is no thread to be had.
  ahead_ = std::async([nodes] { return ReadAll(nodes); });
}

SmallFile SmallFiles::Next() {
  if (read_.empty()) {
    read_ = ahead_.get();
    ReadAhead();
  }
  SmallFile out = std::move(read_.front());
  read_.pop_front();
  return out;
}

}  // namespace builder

#include "builder/write/small_files.h"

#include <span>
#include <utility>

#include "base/error.h"

namespace builder {
namespace {

constexpr uint64_t kAtOnceBytes = 1 << 20;
constexpr int kAhead = 2;  // times that, by as many threads

std::deque<SmallFile> ReadAll(std::span<const Node* const> nodes, const base::KeyedHash& hash) {
  std::deque<SmallFile> out;
  for (const Node* node : nodes) {
    SmallFile& file = out.emplace_back();
    file.content = node->Read(0, static_cast<size_t>(node->size_bytes));
    file.hash = hash.Of(file.content);
  }
  return out;
}

}  // namespace

SmallFiles::SmallFiles(std::vector<const Node*> nodes, const base::KeyedHash& hash)
    : nodes_(std::move(nodes)), hash_(hash) {
  for (int i = 0; i < kAhead; ++i) {
    ReadAhead();
  }
}

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
  ahead_.push_back(std::async([this, nodes] { return ReadAll(nodes, hash_); }));
}

SmallFile SmallFiles::Next() {
  if (read_.empty()) {
    if (ahead_.empty()) {
      base::Fail(base::ExitCode::kFailed, "bug: a small file is taken after the last one");
    }
    read_ = ahead_.front().get();
    ahead_.pop_front();
    ReadAhead();
  }
  SmallFile out = std::move(read_.front());
  read_.pop_front();
  return out;
}

}  // namespace builder

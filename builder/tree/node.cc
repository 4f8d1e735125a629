#include "builder/tree/node.h"

#include <sys/stat.h>

#include <algorithm>
#include <limits>
#include <set>

#include "base/error.h"
#include "base/file.h"

namespace builder {
namespace {

constexpr int64_t kAnyTime = std::numeric_limits<int64_t>::min();

int64_t Nanoseconds(const timespec& time) {
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

bool ComesBefore(const Children::Entry& entry, std::string_view name) { return entry.first < name; }

template <typename Entries>
auto Place(Entries& entries, std::string_view name) {
  return std::lower_bound(entries.begin(), entries.end(), name, ComesBefore);
}

uint64_t ContentBytesOf(const Node& node, std::set<const Node*>& counted) {
  uint64_t total = node.size_bytes;
  for (const auto& [name, child] : node.children) {
    if (!child->may_have_more_names || counted.insert(child).second) {
      total += ContentBytesOf(*child, counted);
    }
  }
  return total;
}

mode_t KindBits(Node::Kind kind) {
  switch (kind) {
    case Node::Kind::kDirectory:
      return S_IFDIR;
    case Node::Kind::kSymlink:
      return S_IFLNK;
    case Node::Kind::kCharDevice:
      return S_IFCHR;
    case Node::Kind::kBlockDevice:
      return S_IFBLK;
    case Node::Kind::kFifo:
      return S_IFIFO;
    case Node::Kind::kSocket:
      return S_IFSOCK;
    case Node::Kind::kFile:
      break;
  }
  return S_IFREG;
}

}  // namespace

const std::vector<Children::Entry>& Children::entries() const {
  static const std::vector<Entry> none;
  return entries_ == nullptr ? none : *entries_;
}

Node* Children::Find(std::string_view name) const {
  const auto place = Place(entries(), name);
  return place == end() || place->first != name ? nullptr : place->second;
}

Node*& Children::at(std::string_view name) {
  const auto place = entries_ == nullptr ? nullptr : &*Place(*entries_, name);
  if (Find(name) == nullptr) {
    base::Fail(base::ExitCode::kFailed, "bug: there is no {} in this directory", name);
  }
  return place->second;
}

bool Children::Add(std::string_view name, Node* node) {
  if (entries_ == nullptr) {
    entries_ = std::make_unique<std::vector<Entry>>();
  }
  if (entries_->empty() || entries_->back().first < name) {
    entries_->emplace_back(name, node);
    return true;
  }
  const auto place = Place(*entries_, name);
  const bool is_new = place->first != name;
  if (is_new) {
    entries_->emplace(place, name, node);
  }
  return is_new;
}

void Children::Reserve(size_t count) {
  if (count > 0) {
    entries_ = entries_ == nullptr ? std::make_unique<std::vector<Entry>>() : std::move(entries_);
    entries_->reserve(count);
  }
}

void Children::Erase(std::string_view name) {
  EraseIf([&](const Entry& entry) { return entry.first == name; });
}

Xattrs::operator const Map&() const {
  static const Map none;
  return map_ == nullptr ? none : *map_;
}

std::string& Xattrs::operator[](const std::string& name) {
  map_ = map_ == nullptr ? std::make_unique<Map>() : std::move(map_);
  return (*map_)[name];
}

mode_t Node::Mode() const { return KindBits(kind) | permissions; }

std::string_view Node::text() const {
  if (has_source() || text_or_folder_ == nullptr) {
    return "";
  }
  return kind == Kind::kFile ? std::string_view(text_or_folder_, size_bytes) : text_or_folder_;
}

void Node::SetText(std::string_view text) {
  text_or_folder_ = text.data();
  size_bytes = kind == Kind::kFile ? text.size() : 0;
}

void Node::SetSource(const char* folder, const char* name, const timespec* time) {
  text_or_folder_ = folder;
  source_name_ = name;
  source_time_ = time == nullptr ? kAnyTime : Nanoseconds(*time);
}

std::string Node::SourcePath() const { return fmt::format("{}/{}", text_or_folder_, source_name_); }

void Node::ReadInto(std::span<uint8_t> out, uint64_t offset) const {
  if (!has_source()) {
    const base::Bytes part = base::AsBytes(text()).subspan(offset, out.size());
    std::copy(part.begin(), part.end(), out.begin());
    return;
  }
  if (out.empty()) {
    return;
  }
  const std::string path = SourcePath();
  const base::UniqueFd fd = base::OpenForReading(path);
  const size_t read = base::PReadInto(fd.get(), out, offset, path);
  const timespec now = base::Fstat(fd.get(), path).st_mtim;
  if (read != out.size() || (source_time_ != kAnyTime && Nanoseconds(now) != source_time_)) {
    base::Fail(base::ExitCode::kFailed, "{} changed while it was read; build again", path);
  }
}

std::vector<uint8_t> Node::Read(uint64_t offset, size_t length) const {
  std::vector<uint8_t> out(length);
  ReadInto(out, offset);
  return out;
}

uint64_t Node::ContentBytes() const {
  std::set<const Node*> counted;
  return ContentBytesOf(*this, counted);
}

}  // namespace builder

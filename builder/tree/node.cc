#include "builder/tree/node.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <set>

#include "base/error.h"
#include "base/file.h"

namespace builder {
namespace {

constexpr int64_t kAnyTime = std::numeric_limits<int64_t>::min();

// Modulo 2^64, which is as good to tell whether a time is another: file systems have times after
// the year 2262.
int64_t Nanoseconds(const timespec& time) {
  return static_cast<int64_t>(static_cast<uint64_t>(time.tv_sec) * 1'000'000'000 +
                              static_cast<uint64_t>(time.tv_nsec));
}

bool ComesBefore(const Children::Entry& entry, std::string_view name) { return entry.first < name; }

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

void Children::Names::Settle() {
  if (late != nullptr) {
    const auto count = static_cast<std::ptrdiff_t>(sorted.size());
    sorted.insert(sorted.end(), late->begin(), late->end());
    std::inplace_merge(sorted.begin(), sorted.begin() + count, sorted.end());
    late.reset();
  }
  if (has_erased) {
    std::erase_if(sorted, [](const Entry& entry) { return entry.second == nullptr; });
    has_erased = false;
  }
}

Children::Names& Children::names() {
  names_ = names_ == nullptr ? std::make_unique<Names>() : std::move(names_);
  return *names_;
}

const std::vector<Children::Entry>& Children::entries() const {
  static const std::vector<Entry> kNone;
  if (names_ == nullptr) {
    return kNone;
  }
  names_->Settle();
  return names_->sorted;
}

Node** Children::PlaceOf(std::string_view name) const {
  if (names_ == nullptr) {
    return nullptr;
  }
  auto& [sorted, late, has_erased] = *names_;
  const auto place = std::lower_bound(sorted.begin(), sorted.end(), name, ComesBefore);
  if (place != sorted.end() && place->first == name) {
    return &place->second;
  }
  if (late == nullptr) {
    return nullptr;
  }
  const auto found = late->find(name);
  return found == late->end() ? nullptr : &found->second;
}

Node* Children::Find(std::string_view name) const {
  Node** const place = PlaceOf(name);
  return place == nullptr ? nullptr : *place;
}

bool Children::Add(std::string_view name, Node* node) {
  auto& [sorted, late, has_erased] = names();
  if (sorted.empty() || sorted.back().first < name) {
    sorted.emplace_back(name, node);
    return true;
  }
  if (Node** const place = PlaceOf(name)) {
    const bool is_free = *place == nullptr;
    *place = is_free ? node : *place;
    return is_free;
  }
  late = late == nullptr ? std::make_unique<std::map<std::string_view, Node*>>() : std::move(late);
  late->emplace(name, node);
  if (late->size() > sorted.size()) {  // each name is moved a few times at most, however many come
    names_->Settle();
  }
  return true;
}

void Children::Reserve(size_t count) {
  if (count > 0) {
    names().sorted.reserve(count);
  }
}

void Children::Erase(std::string_view name) {
  if (Node** const place = PlaceOf(name)) {
    *place = nullptr;
    names_->has_erased = true;
  }
}

Xattrs::operator const Map&() const {
  static const Map kNone;
  return map_ == nullptr ? kNone : *map_;
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

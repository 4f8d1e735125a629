#include "builder/erofs/directory_blocks.h"

#include <algorithm>
#include <span>

namespace builder {
namespace {

using erofs::kBlockBytes;

uint64_t BytesOf(const DirectoryItem& item) {
  return sizeof(erofs::DirectoryEntry) + item.name.size();
}

// The entries, then their names.
void WriteBlock(std::span<const DirectoryItem> items, uint8_t* block) {
  uint8_t* entry_at = block;
  uint8_t* name_at = block + items.size() * sizeof(erofs::DirectoryEntry);
  for (const DirectoryItem& item : items) {
    erofs::DirectoryEntry entry;
    entry.nid = item.nid;
    entry.name_offset = static_cast<uint16_t>(name_at - block);
    entry.file_type = item.type;
    erofs::Put(entry_at, entry);
    entry_at += sizeof entry;
    name_at = std::copy(item.name.begin(), item.name.end(), name_at);
  }
}

// Adds what is in `block`; false where a name is not.
bool ReadBlock(base::Bytes block, std::vector<DirectoryItem>& out) {
  constexpr size_t kEntryBytes = sizeof(erofs::DirectoryEntry);
  const auto entry_at = [&](size_t i) {
    return erofs::Get<erofs::DirectoryEntry>(&block[i * kEntryBytes]);
  };
  if (block.size() <= kEntryBytes) {
    return false;
  }
  const size_t entries_end = entry_at(0).name_offset.value();
  if (entries_end < kEntryBytes || entries_end > block.size()) {
    return false;
  }
  const std::string_view text = base::AsText(block);
  for (size_t i = 0; i < entries_end / kEntryBytes; ++i) {
    const erofs::DirectoryEntry entry = entry_at(i);
    const size_t begin = entry.name_offset.value();
    const bool is_last = (i + 2) * kEntryBytes > entries_end;
    const size_t end = is_last ? std::min(text.find('\0', begin), text.size())
                               : entry_at(i + 1).name_offset.value();
    if (begin > end || end > block.size()) {
      return false;
    }
    out.push_back({text.substr(begin, end - begin), entry.nid.value(),
                   static_cast<erofs::FileType>(entry.file_type)});
  }
  return true;
}

}  // namespace

std::vector<uint8_t> DirectoryBlocks(std::vector<DirectoryItem> items) {
  // Within a block and across blocks: the kernel searches in halves.
  std::sort(items.begin(), items.end(),
            [](const DirectoryItem& a, const DirectoryItem& b) { return a.name < b.name; });
  std::vector<uint8_t> out;
  for (size_t first = 0; first < items.size();) {
    size_t end = first;
    uint64_t used = 0;
    while (end < items.size() && used + BytesOf(items[end]) <= kBlockBytes) {
      used += BytesOf(items[end++]);
    }
    const size_t block = out.size();
    out.resize(block + (end == items.size() ? used : kBlockBytes), 0);
    WriteBlock(std::span(items).subspan(first, end - first), &out[block]);
    first = end;
  }
  return out;
}

std::optional<std::vector<DirectoryItem>> ReadDirectory(base::Bytes content) {
  std::vector<DirectoryItem> out;
  for (base::Bytes rest = content; !rest.empty();) {
    const base::Bytes block = rest.first(std::min<size_t>(rest.size(), kBlockBytes));
    if (!ReadBlock(block, out)) {
      return std::nullopt;
    }
    rest = rest.subspan(block.size());
  }
  const auto is_same = [](const DirectoryItem& a, const DirectoryItem& b) {
    return a.name == b.name;
  };
  if (!std::ranges::equal(DirectoryBlocks(out), content) ||
      std::adjacent_find(out.begin(), out.end(), is_same) != out.end()) {
    return std::nullopt;
  }
  return out;
}

}  // namespace builder

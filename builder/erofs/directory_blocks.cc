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

}  // namespace builder

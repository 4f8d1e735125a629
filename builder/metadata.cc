#include "builder/metadata.h"

#include <sys/stat.h>

#include <algorithm>
#include <limits>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "builder/erofs_format.h"

namespace builder {
namespace {

using erofs::BlocksOf;
using erofs::DataLayout;
using erofs::kBlockBytes;
using erofs::kNidBytes;

constexpr size_t kMaxGaps = 64;  // bounds the time of the search; older gaps are left empty

// How one inode is written; what does not depend on where it stands.
struct Plan {
  DataLayout layout = DataLayout::kFlat;
  bool extended = false;
  uint64_t size_bytes = 0;
  uint32_t links = 1;
  std::vector<uint8_t> content;  // inline, or in blocks of its own
  bool content_is_inline = false;
  bool compact = false;
  uint32_t content_block = 0;  // of content in blocks of its own: the first

  uint64_t inode_bytes() const {
    return extended ? sizeof(erofs::ExtendedInode) : sizeof(erofs::CompactInode);
  }
};

uint64_t RoundUp(uint64_t value, uint64_t to) { return (value + to - 1) / to * to; }

// Places inodes one after another, first where they fit into gaps that alignment left.
class Allocator {
 public:
  // `bytes_at(offset)`: the length of what is to be placed if it stands at `offset`, 0 where it may
  // not stand there.
  template <typename BytesAt>
  uint64_t Place(BytesAt bytes_at) {
    for (Gap& gap : gaps_) {
      for (uint64_t at = gap.begin; at < gap.end; at += kNidBytes) {
        const uint64_t bytes = bytes_at(at);
        if (bytes != 0 && at + bytes <= gap.end) {
          TakeFrom(gap, at, RoundUp(at + bytes, kNidBytes));
          return at;
        }
      }
    }
    uint64_t at = end_;
    while (bytes_at(at) == 0) {
      at += kNidBytes;
    }
    if (at > end_) {
      gaps_.push_back({end_, at});
      if (gaps_.size() > kMaxGaps) {
        gaps_.erase(gaps_.begin());
      }
    }
    end_ = RoundUp(at + bytes_at(at), kNidBytes);
    return at;
  }

  uint64_t end() const { return end_; }

 private:
  struct Gap {
    uint64_t begin;
    uint64_t end;
  };

  void TakeFrom(Gap& gap, uint64_t begin, uint64_t end) {
    const Gap after{std::min(end, gap.end), gap.end};
    gap.end = begin;
    if (after.begin < after.end) {
      gaps_.push_back(after);
    }
    gaps_.erase(
        std::remove_if(gaps_.begin(), gaps_.end(), [](const Gap& g) { return g.begin >= g.end; }),
        gaps_.end());
  }

  std::vector<Gap> gaps_;
  uint64_t end_ = kNidBytes;  // inode number 0 means "none" in places
};

uint8_t FileTypeOf(const Node& node) {
  switch (node.kind) {
    case Node::Kind::kDirectory:
      return erofs::kDirectory;
    case Node::Kind::kSymlink:
      return erofs::kSymlink;
    default:
      break;
  }
  return erofs::kRegular;
}

class Serializer {
 public:
  Serializer(std::vector<Inode>& inodes, uint32_t first_block)
      : inodes_(inodes), plans_(inodes.size()), first_block_(first_block) {}

  Metadata Run() {
    for (size_t i = 0; i < inodes_.size(); ++i) {
      MakePlan(i);
      Inode& inode = inodes_[i];
      inode.offset = allocator_.Place([&](uint64_t at) { return BytesAt(i, at); });
    }
    PlaceContentBlocks();
    for (size_t i = 0; i < inodes_.size(); ++i) {
      WriteInode(i);
    }
    Metadata out{std::move(bytes_), Nid(0), 0};
    if (inodes_.back().node == nullptr) {
      out.packed_nid = inodes_.back().offset / kNidBytes;
    }
    return out;
  }

 private:
  uint16_t Nid(size_t root) const {
    return static_cast<uint16_t>(inodes_[root].offset / kNidBytes);
  }

  void MakePlan(size_t i) {
    const Inode& inode = inodes_[i];
    Plan& plan = plans_[i];
    if (inode.node != nullptr && inode.node->kind == Node::Kind::kDirectory) {
      PlanDirectory(i);
    } else if (inode.node != nullptr && inode.node->kind == Node::Kind::kSymlink) {
      SetContent(plan, base::AsBytes(inode.node->target));
    } else if (inode.packed_offset) {
      plan.layout = DataLayout::kCompressedFull;
      plan.size_bytes = inode.node->size_bytes;
    } else if (!inode.data.extents.empty()) {
      plan.compact = CanBeCompact(inode.data);
      plan.layout = plan.compact ? DataLayout::kCompressedCompact : DataLayout::kCompressedFull;
      plan.size_bytes = inode.data.size_bytes;
    } else if (inode.node->size_bytes > 0) {
      SetContent(plan, inode.node->Read(0, inode.node->size_bytes));
    }
    plan.extended = plan.size_bytes > std::numeric_limits<uint32_t>::max() ||
                    plan.links > std::numeric_limits<uint16_t>::max();
  }

  // Uncompressed: after the inode where it fits into a block with it, otherwise in blocks of its
  // own.
  static void SetContent(Plan& plan, base::Bytes content) {
    plan.content.assign(content.begin(), content.end());
    plan.size_bytes = content.size();
    plan.content_is_inline = content.size() <= kBlockBytes - sizeof(erofs::ExtendedInode);
    plan.layout = plan.content_is_inline ? DataLayout::kFlatInline : DataLayout::kFlat;
  }

  void PlanDirectory(size_t i) {
    Plan& plan = plans_[i];
    plan.links = 2;
    for (const size_t child : inodes_[i].children) {
      plan.links += inodes_[child].node->kind == Node::Kind::kDirectory ? 1U : 0U;
    }
    SetContent(plan,
               DirectoryContent(i));  // numbers come later; the length does not depend on them
  }

  // Blocks of entries, then their names; sorted within and across blocks.
  std::vector<uint8_t> DirectoryContent(size_t i) const {
    std::vector<std::pair<std::string_view, size_t>> entries = {{".", i},
                                                                {"..", inodes_[i].parent}};
    auto child = inodes_[i].children.begin();
    for (const auto& named : inodes_[i].node->children) {
      entries.emplace_back(named.first, *child++);
    }
    std::sort(entries.begin(), entries.end());
    std::vector<uint8_t> out;
    for (size_t first = 0; first < entries.size();) {
      size_t end = first;
      size_t used = 0;
      while (end < entries.size() &&
             used + sizeof(erofs::DirectoryEntry) + entries[end].first.size() <= kBlockBytes) {
        used += sizeof(erofs::DirectoryEntry) + entries[end++].first.size();
      }
      const size_t block = out.size();
      out.resize(block + (end == entries.size() ? used : kBlockBytes), 0);
      size_t name_offset = (end - first) * sizeof(erofs::DirectoryEntry);
      for (size_t k = first; k < end; ++k) {
        const auto& [name, target] = entries[k];
        erofs::DirectoryEntry entry;
        entry.nid = inodes_[target].offset / kNidBytes;
        entry.name_offset = static_cast<uint16_t>(name_offset);
        entry.file_type = FileTypeOf(*inodes_[target].node);
        erofs::Put(&out[block + (k - first) * sizeof entry], entry);
        std::copy(name.begin(), name.end(),
                  out.begin() + static_cast<std::ptrdiff_t>(block + name_offset));
        name_offset += name.size();
      }
      first = end;
    }
    return out;
  }

  // Length of inode, inline data and index at `at`; 0 where inline data would cross a block.
  uint64_t BytesAt(size_t i, uint64_t at) const {
    const Plan& plan = plans_[i];
    const uint64_t inode_bytes = plan.inode_bytes();
    if (plan.content_is_inline) {
      const bool fits = at % kBlockBytes + inode_bytes + plan.content.size() <= kBlockBytes;
      return fits ? inode_bytes + plan.content.size() : 0;
    }
    if (inodes_[i].packed_offset) {
      return inode_bytes + sizeof(erofs::MapHeader);
    }
    if (!inodes_[i].data.extents.empty()) {
      return inode_bytes + IndexBytes(inodes_[i].data, plan.compact, at + inode_bytes);
    }
    return inode_bytes;
  }

  void PlaceContentBlocks() {
    uint64_t blocks = BlocksOf(allocator_.end());
    for (Plan& plan : plans_) {
      if (!plan.content.empty() && !plan.content_is_inline) {
        plan.content_block = static_cast<uint32_t>(blocks);
        blocks += BlocksOf(plan.content.size());
      }
    }
    bytes_.assign(blocks * kBlockBytes, 0);
  }

  void WriteInode(size_t i) {
    Inode& inode = inodes_[i];
    Plan& plan = plans_[i];
    uint8_t* at = bytes_.data() + inode.offset;
    uint8_t* after = at + plan.inode_bytes();
    uint32_t data = 0;
    if (inode.node != nullptr && inode.node->kind == Node::Kind::kDirectory) {
      plan.content = DirectoryContent(i);
    }
    if (!plan.content.empty() && !plan.content_is_inline) {
      data = first_block_ + plan.content_block;
      after = bytes_.data() + uint64_t{plan.content_block} * kBlockBytes;
    }
    std::copy(plan.content.begin(), plan.content.end(), after);
    if (inode.packed_offset) {
      erofs::Le64 whole;
      whole = *inode.packed_offset | erofs::kWholeFileInPackedInode;
      erofs::Put(after, whole);
    } else if (!inode.data.extents.empty()) {
      WriteIndex(inode.data, plan.compact, inode.offset + plan.inode_bytes(), after);
      for (const Extent& extent : inode.data.extents) {
        data += extent.blocks;
      }
    }
    if (plan.extended) {
      erofs::Put(at, Fill<erofs::ExtendedInode>(i, data));
    } else {
      erofs::Put(at, Fill<erofs::CompactInode>(i, data));
    }
  }

  mode_t ModeOf(const Node* node) const {
    if (node == nullptr) {
      return S_IFREG | 0444;
    }
    return node->Mode();
  }

  template <typename OnDisk>
  OnDisk Fill(size_t i, uint32_t data) const {
    const Plan& plan = plans_[i];
    OnDisk out;
    out.format =
        static_cast<uint16_t>(static_cast<uint16_t>(plan.layout) << 1U | (plan.extended ? 1U : 0U));
    out.mode = static_cast<uint16_t>(ModeOf(inodes_[i].node));
    out.inode_number = static_cast<uint32_t>(i + 1);
    out.data = data;
    if constexpr (std::is_same_v<OnDisk, erofs::ExtendedInode>) {
      out.size = plan.size_bytes;
      out.links = plan.links;
      out.mtime_seconds = 1;
    } else {
      out.size = static_cast<uint32_t>(plan.size_bytes);
      out.links = static_cast<uint16_t>(plan.links);
    }
    return out;
  }

  std::vector<Inode>& inodes_;
  std::vector<Plan> plans_;
  const uint32_t first_block_;
  Allocator allocator_;
  std::vector<uint8_t> bytes_;
};

}  // namespace

Metadata SerializeMetadata(std::vector<Inode>& inodes, uint32_t first_block) {
  return Serializer(inodes, first_block).Run();
}

}  // namespace builder

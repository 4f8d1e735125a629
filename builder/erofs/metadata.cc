#include "builder/erofs/metadata.h"

#include <sys/sysmacros.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "builder/erofs/directory_blocks.h"
#include "builder/erofs/erofs_format.h"
#include "builder/erofs/slot_allocator.h"
#include "builder/erofs/xattrs.h"

namespace builder {
namespace {

using erofs::BlocksOf;
using erofs::DataLayout;
using erofs::kBlockBytes;
using erofs::kIndexAlignment;
using erofs::kNidBytes;
using erofs::RoundUp;

// How one inode is written; what does not depend on where it stands.
struct Plan {
  DataLayout layout = DataLayout::kFlat;
  bool extended = false;
  bool compact_index = false;
  bool has_content = false;  // uncompressed: inline, or in blocks of its own
  bool content_is_inline = false;
  uint32_t links = 1;
  uint32_t xattr_bytes = 0;
  uint32_t content_block = 0;  // of content in blocks of its own: the first
  uint64_t size_bytes = 0;

  bool has_blocks() const { return has_content && !content_is_inline; }

  // What stands before inline data or an index.
  uint64_t head_bytes() const {
    return (extended ? sizeof(erofs::ExtendedInode) : sizeof(erofs::CompactInode)) + xattr_bytes;
  }
};

constexpr size_t kWriteBytes = 1 << 20;

bool HasIndex(const Inode& inode) { return inode.data != nullptr && !inode.data->extents.empty(); }

template <typename T>
bool Fits(uint64_t value) {
  return value <= std::numeric_limits<T>::max();
}

erofs::FileType FileTypeOf(Node::Kind kind) {
  switch (kind) {
    case Node::Kind::kDirectory:
      return erofs::kDirectory;
    case Node::Kind::kSymlink:
      return erofs::kSymlink;
    case Node::Kind::kCharDevice:
      return erofs::kCharDevice;
    case Node::Kind::kBlockDevice:
      return erofs::kBlockDevice;
    case Node::Kind::kFifo:
      return erofs::kFifo;
    case Node::Kind::kSocket:
      return erofs::kSocket;
    case Node::Kind::kFile:
      break;
  }
  return erofs::kRegular;
}

uint32_t DeviceNumberOf(const std::vector<Inode>& inodes, const Inode& inode) {
  const uint32_t major = gnu_dev_major(inode.node->device);
  const uint32_t minor = gnu_dev_minor(inode.node->device);
  if (major > erofs::kMaxMajor || minor > erofs::kMaxMinor) {
    base::Fail(base::ExitCode::kFailed,
               "{}: EROFS has no place for the device number {}:{} (up to {}:{}); leave it out",
               PathOf(inodes, inode), major, minor, erofs::kMaxMajor, erofs::kMaxMinor);
  }
  return erofs::EncodeDevice(major, minor);
}

class Serializer {
 public:
  Serializer(std::vector<Inode>& inodes, uint32_t first_block, int64_t time_seconds,
             const WriteBlocks& write)
      : inodes_(inodes),
        plans_(inodes.size()),
        xattrs_(inodes),
        first_block_(first_block),
        time_seconds_(time_seconds),
        write_(write) {}

  Metadata Run() {
    SlotAllocator slots;
    for (size_t i = 0; i < inodes_.size(); ++i) {
      MakePlan(i);
      inodes_[i].offset = slots.Place([&](uint64_t at) { return BytesAt(i, at); });
    }
    PlaceBlocks(slots.end());
    for (const uint32_t i : InOrderOfOffset()) {
      WriteInode(i);
    }
    WriteContents();
    return out_;
  }

 private:
  uint64_t Nid(size_t i) const { return inodes_[i].offset / kNidBytes; }

  void MakePlan(size_t i) {
    const Inode& inode = inodes_[i];
    const Node& node = *inode.node;
    Plan& plan = plans_[i];
    plan.links = inode.names;
    plan.xattr_bytes = static_cast<uint32_t>(xattrs_.BytesOf(node));
    if (inode.is_packed()) {
      plan.layout = DataLayout::kCompressedFull;
      plan.size_bytes = node.size_bytes;
    } else if (HasIndex(inode)) {
      plan.compact_index = CanBeCompact(*inode.data);
      plan.layout =
          plan.compact_index ? DataLayout::kCompressedCompact : DataLayout::kCompressedFull;
      plan.size_bytes = inode.data->size_bytes;
    } else {
      PlanContent(i);
    }
    plan.extended = !Fits<uint32_t>(plan.size_bytes) || !Fits<uint16_t>(plan.links) ||
                    !Fits<uint16_t>(node.uid) || !Fits<uint16_t>(node.gid) ||
                    node.mtime_seconds != time_seconds_ || node.mtime_nanoseconds != 0;
  }

  // Uncompressed: after the inode where it fits into a block with it, otherwise in blocks of its
  // own.
  void PlanContent(size_t i) {
    const Node& node = *inodes_[i].node;
    Plan& plan = plans_[i];
    if (node.kind == Node::Kind::kDirectory) {
      plan.links = 2;
      for (const auto& child : node.children) {
        plan.links += child.second->kind == Node::Kind::kDirectory ? 1U : 0U;
      }
    }
    plan.size_bytes = ContentOf(i).size();
    plan.has_content = plan.size_bytes > 0;
    plan.content_is_inline =
        plan.has_content &&
        sizeof(erofs::ExtendedInode) + plan.xattr_bytes + plan.size_bytes <= kBlockBytes;
    plan.layout = plan.content_is_inline ? DataLayout::kFlatInline : DataLayout::kFlat;
  }

  // Made when it is asked for: a large directory's is not kept beside the image's bytes. Before the
  // inodes have their places, a directory's numbers are wrong, but not its length.
  std::vector<uint8_t> ContentOf(size_t i) const {
    const Inode& inode = inodes_[i];
    if (inode.node->kind == Node::Kind::kFile) {
      return inode.node->Read(0, inode.node->size_bytes);
    }
    if (inode.node->kind != Node::Kind::kDirectory) {
      const base::Bytes target = base::AsBytes(inode.node->text());
      return {target.begin(), target.end()};
    }
    std::vector<DirectoryItem> items = {{".", Nid(i), erofs::kDirectory},
                                        {"..", Nid(inode.parent), erofs::kDirectory}};
    items.reserve(items.size() + inode.node->children.size());
    for (const auto& [name, node] : inode.node->children) {
      items.push_back({name, Nid(node->inode), FileTypeOf(node->kind)});
    }
    return DirectoryBlocks(std::move(items));
  }

  // Length of inode, attributes, inline data and index at `at`; 0 where inline data and what is
  // before it would cross a block.
  uint64_t BytesAt(size_t i, uint64_t at) const {
    const Plan& plan = plans_[i];
    const uint64_t end = at + plan.head_bytes();
    if (plan.content_is_inline) {
      const bool fits = at % kBlockBytes + plan.head_bytes() + plan.size_bytes <= kBlockBytes;
      return fits ? plan.head_bytes() + plan.size_bytes : 0;
    }
    const uint64_t index = RoundUp(end, kIndexAlignment);
    if (inodes_[i].is_packed()) {
      return index + sizeof(erofs::MapHeader) - at;
    }
    if (HasIndex(inodes_[i])) {
      return index + IndexBytes(*inodes_[i].data, plan.compact_index, index) - at;
    }
    return plan.head_bytes();
  }

  // After the inodes: large content, then the shared attributes.
  void PlaceBlocks(uint64_t inodes_end) {
    uint64_t blocks = BlocksOf(inodes_end);
    for (Plan& plan : plans_) {
      if (plan.has_blocks()) {
        plan.content_block = static_cast<uint32_t>(blocks);
        blocks += BlocksOf(plan.size_bytes);
      }
    }
    if (!xattrs_.shared().empty()) {
      out_.xattr_block = first_block_ + static_cast<uint32_t>(blocks);
    }
    out_.root_nid = static_cast<uint16_t>(Nid(0));
  }

  // Some stand in gaps between others that come later in the list.
  std::vector<uint32_t> InOrderOfOffset() const {
    std::vector<uint32_t> out(inodes_.size());
    std::iota(out.begin(), out.end(), 0U);
    std::sort(out.begin(), out.end(),
              [&](uint32_t a, uint32_t b) { return inodes_[a].offset < inodes_[b].offset; });
    return out;
  }

  // The buffer's next bytes are those from `offset` on.
  void PadTo(uint64_t offset) { pending_.resize(offset - written_, 0); }

  void WriteFullBlocks() {
    if (pending_.size() >= kWriteBytes) {
      const size_t full = pending_.size() / kBlockBytes * kBlockBytes;
      write_(std::span(pending_).first(full));
      pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(full));
      written_ += full;
    }
  }

  void WriteInode(size_t i) {
    const Inode& inode = inodes_[i];
    const Plan& plan = plans_[i];
    WriteFullBlocks();
    PadTo(inode.offset + BytesAt(i, inode.offset));
    uint8_t* at = &pending_[inode.offset - written_];
    xattrs_.Write(*inode.node, at + plan.head_bytes() - plan.xattr_bytes);
    const uint32_t data = WriteData(i, at);
    if (plan.extended) {
      erofs::Put(at, Fill<erofs::ExtendedInode>(i, data));
    } else {
      erofs::Put(at, Fill<erofs::CompactInode>(i, data));
    }
    if (inode.is_packed_inode()) {
      out_.packed_nid = Nid(i);
    }
  }

  // Content in blocks of its own, and what comes behind it.
  void WriteContents() {
    const auto append = [&](base::Bytes content) {
      WriteFullBlocks();
      PadTo(RoundUp(written_ + pending_.size(), kBlockBytes));
      pending_.insert(pending_.end(), content.begin(), content.end());
    };
    for (size_t i = 0; i < inodes_.size(); ++i) {
      if (plans_[i].has_blocks()) {
        append(ContentOf(i));
      }
    }
    append(xattrs_.shared());
    PadTo(RoundUp(written_ + pending_.size(), kBlockBytes));
    write_(pending_);
  }

  // What follows the inode, which stands at `at`; returns the inode's word about its data.
  uint32_t WriteData(size_t i, uint8_t* at) {
    const Inode& inode = inodes_[i];
    const Plan& plan = plans_[i];
    const uint64_t index = RoundUp(inode.offset + plan.head_bytes(), kIndexAlignment);
    if (inode.is_packed()) {
      erofs::Le64 whole;
      whole = inode.packed_offset | erofs::kWholeFileInPackedInode;
      erofs::Put(at + (index - inode.offset), whole);
      return 0;
    }
    if (HasIndex(inode)) {
      WriteIndex(*inode.data, plan.compact_index, index, at + (index - inode.offset));
      uint32_t blocks = 0;
      for (const Extent& extent : inode.data->extents) {
        blocks += extent.blocks;
      }
      return blocks;
    }
    if (plan.has_blocks()) {
      return first_block_ + plan.content_block;
    }
    if (plan.has_content) {
      const std::vector<uint8_t> content = ContentOf(i);
      std::copy(content.begin(), content.end(), at + plan.head_bytes());
      return 0;
    }
    const bool is_device =
        inode.node->kind == Node::Kind::kCharDevice || inode.node->kind == Node::Kind::kBlockDevice;
    return is_device ? DeviceNumberOf(inodes_, inode) : 0;
  }

  template <typename OnDisk>
  OnDisk Fill(size_t i, uint32_t data) const {
    const Node& node = *inodes_[i].node;
    const Plan& plan = plans_[i];
    OnDisk out;
    out.format = static_cast<uint16_t>((static_cast<unsigned>(plan.layout) << 1U) |
                                       (plan.extended ? 1U : 0U));
    if (plan.xattr_bytes > 0) {
      out.xattr_count = static_cast<uint16_t>(1 + (plan.xattr_bytes - sizeof(erofs::XattrHeader)) /
                                                      erofs::kXattrAlignment);
    }
    out.mode = static_cast<uint16_t>(node.Mode());
    out.inode_number = static_cast<uint32_t>(i + 1);
    out.data = data;
    if constexpr (std::is_same_v<OnDisk, erofs::ExtendedInode>) {
      out.size = plan.size_bytes;
      out.links = plan.links;
      out.uid = node.uid;
      out.gid = node.gid;
      out.mtime_seconds = static_cast<uint64_t>(node.mtime_seconds);
      out.mtime_nanoseconds = node.mtime_nanoseconds;
    } else {
      out.size = static_cast<uint32_t>(plan.size_bytes);
      out.links = static_cast<uint16_t>(plan.links);
      out.uid = static_cast<uint16_t>(node.uid);
      out.gid = static_cast<uint16_t>(node.gid);
    }
    return out;
  }

  std::vector<Inode>& inodes_;
  std::vector<Plan> plans_;
  const XattrTable xattrs_;
  const uint32_t first_block_;
  const int64_t time_seconds_;
  const WriteBlocks& write_;
  std::vector<uint8_t> pending_;  // from byte `written_` on
  uint64_t written_ = 0;
  Metadata out_;
};

}  // namespace

Metadata SerializeMetadata(std::vector<Inode>& inodes, uint32_t first_block, int64_t time_seconds,
                           const WriteBlocks& write) {
  return Serializer(inodes, first_block, time_seconds, write).Run();
}

}  // namespace builder

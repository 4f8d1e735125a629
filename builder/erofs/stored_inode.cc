#include "builder/erofs/stored_inode.h"

#include <algorithm>

namespace builder {
namespace {

constexpr uint32_t kExtended = 1;
constexpr uint32_t kLargestLayout = static_cast<uint32_t>(erofs::DataLayout::kCompressedCompact);
constexpr uint32_t kNanosecondsPerSecond = 1000000000;

// What the two forms have in common.
template <typename OnDisk>
StoredInode Common(const OnDisk& inode) {
  StoredInode out;
  out.layout = static_cast<erofs::DataLayout>(inode.format.value() >> 1U);
  out.mode = inode.mode.value();
  out.links = inode.links.value();
  out.data = inode.data.value();
  out.inode_number = inode.inode_number.value();
  out.size_bytes = inode.size.value();
  out.own_bytes = sizeof inode;
  if (const uint64_t count = inode.xattr_count.value(); count > 0) {
    out.xattr_bytes = sizeof(erofs::XattrHeader) + (count - 1) * erofs::kXattrAlignment;
  }
  return out;
}

std::optional<StoredInode> ReadCompact(base::Bytes bytes) {
  const auto inode = erofs::Get<erofs::CompactInode>(bytes.data());
  const bool is_ours = inode.mtime.value() == 0 && inode.reserved.value() == 0;
  return is_ours ? std::optional(Common(inode)) : std::nullopt;
}

std::optional<StoredInode> ReadExtended(base::Bytes bytes) {
  if (bytes.size() < sizeof(erofs::ExtendedInode)) {
    return std::nullopt;
  }
  const auto inode = erofs::Get<erofs::ExtendedInode>(bytes.data());
  const bool is_ours = inode.reserved.value() == 0 &&
                       inode.mtime_nanoseconds.value() < kNanosecondsPerSecond &&
                       std::ranges::all_of(inode.reserved2, [](uint8_t byte) { return byte == 0; });
  return is_ours ? std::optional(Common(inode)) : std::nullopt;
}

}  // namespace

std::optional<StoredInode> ReadInode(base::Bytes bytes) {
  if (bytes.size() < sizeof(erofs::CompactInode)) {
    return std::nullopt;
  }
  const uint32_t format = erofs::Get<erofs::Le16>(bytes.data()).value();
  if (format >> 1U > kLargestLayout) {
    return std::nullopt;
  }
  return (format & kExtended) != 0 ? ReadExtended(bytes) : ReadCompact(bytes);
}

}  // namespace builder

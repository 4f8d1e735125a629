#include "builder/erofs/extent_index.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/error.h"
#include "builder/erofs/erofs_format.h"
#include "chunker/frame.h"

namespace builder {
namespace {

using erofs::ClusterType;
using erofs::kBlockBytes;
using erofs::kClusterBlockCount;

constexpr uint64_t kFullHeaderBytes = 16;   // map header and 8 bytes that stay zero
constexpr uint64_t kSmallPackEntries = 2;   // 4 bytes an entry
constexpr uint64_t kLargePackEntries = 16;  // 2 bytes an entry
constexpr uint64_t kLargePackBytes = 32;
constexpr uint32_t kPackBaseBits = 32;
constexpr uint32_t kCompactValueBits = 12;

// One per 4 KiB of content.
struct Cluster {
  ClusterType type = ClusterType::kPlain;
  uint16_t offset = 0;  // where the extent that starts (or ends) here does so
  uint16_t back = 0;  // nonhead: clusters since the head; in the first one the block count instead
  uint16_t forward = 0;  // nonhead: clusters until the next head
  uint32_t block = 0;    // head: where its blocks start
};

void AppendClustersOf(const Extent& extent, uint64_t start_offset, std::vector<Cluster>& out) {
  const ClusterType head = extent.raw ? ClusterType::kPlain : ClusterType::kHead;
  out.push_back({head, static_cast<uint16_t>(start_offset), 0, 0, extent.block});
  const uint64_t further = (start_offset + extent.content_bytes) / kBlockBytes;
  for (uint64_t back = 1; back < further; ++back) {
    const uint64_t distance = std::min<uint64_t>(back, kClusterBlockCount - 1);
    const uint64_t value = back == 1 ? extent.blocks | kClusterBlockCount : distance;
    out.push_back({ClusterType::kNonHead, 0, static_cast<uint16_t>(value),
                   static_cast<uint16_t>(further - back), 0});
  }
  if (extent.blocks > 1 && further < 2) {
    base::Fail(base::ExitCode::kFailed,
               "bug: an extent of {} bytes has no room for its {} blocks' count",
               extent.content_bytes, extent.blocks);
  }
}

std::vector<Cluster> ClustersOf(const IndexedFile& file) {
  std::vector<Cluster> out;
  out.reserve(erofs::BlocksOf(file.size_bytes) + 1);
  uint64_t offset = 0;  // where the next extent starts in its cluster
  for (const Extent& extent : file.extents) {
    const bool within_cluster = offset + extent.content_bytes < kBlockBytes;
    AppendClustersOf(extent, offset, out);
    offset = within_cluster ? 0 : (offset + extent.content_bytes) % kBlockBytes;
  }
  if (offset != 0) {  // the last extent ends inside a cluster: says where
    out.push_back({ClusterType::kPlain, static_cast<uint16_t>(offset), 0, 0, 0});
  }
  if (out.size() != erofs::BlocksOf(file.size_bytes)) {
    base::Fail(base::ExitCode::kFailed, "bug: {} clusters for a file of {} bytes", out.size(),
               file.size_bytes);
  }
  return out;
}

// How a compact index of `total` entries splits up: 4-byte packs until 32-byte packs are aligned,
// those, the rest.
struct CompactShape {
  uint64_t leading = 0;
  uint64_t large = 0;
  uint64_t trailing = 0;

  CompactShape(uint64_t total, uint64_t header_offset) {
    const uint64_t start = header_offset + sizeof(erofs::MapHeader);
    leading = (kLargePackBytes - start % kLargePackBytes) / 4 % 8;
    if (leading < total) {
      large = (total - leading) / kLargePackEntries * kLargePackEntries;
    } else {
      leading = 0;
    }
    trailing = total - leading - large;
  }
  uint64_t bytes() const { return leading * 4 + large * 2 + (trailing + 1) / 2 * 8; }
};

// Writes packs one after another: entries of a 2-bit type over a 12-bit value, then the block that
// the pack's first head starts at. The following heads' blocks are counted up from it, which is why
// blocks must be contiguous.
class PackWriter {
 public:
  PackWriter(std::vector<Cluster> clusters, uint32_t first_block, uint8_t* at)
      : clusters_(std::move(clusters)), block_(first_block), at_(at) {
    clusters_.resize(clusters_.size() + 1);  // the last pack may have an entry too many
  }

  void WritePack(uint64_t entries, uint64_t entry_bytes) {
    const uint64_t bits = (entries * entry_bytes * 8 - kPackBaseBits) / entries;
    uint32_t base = block_;
    bool base_open = true;
    for (uint64_t i = 0; i < entries; ++i) {
      const Cluster& cluster = clusters_[next_++];
      const uint32_t value = ValueOf(cluster, i + 1 == entries, base, base_open);
      PutBits(i * bits, bits, static_cast<uint32_t>(cluster.type) << kCompactValueBits | value);
    }
    erofs::Le32 le_base;
    le_base = base;
    erofs::Put(at_ + entries * entry_bytes - sizeof le_base, le_base);
    at_ += entries * entry_bytes;
  }

 private:
  uint32_t ValueOf(const Cluster& cluster, bool last_of_pack, uint32_t& base, bool& base_open) {
    if (cluster.type == ClusterType::kNonHead) {
      if ((cluster.back & kClusterBlockCount) != 0) {
        block_ += cluster.back & (kClusterBlockCount - 1U);
        head_uncounted_ = false;
        return cluster.back;
      }
      return last_of_pack ? std::min<uint32_t>(cluster.forward, kClusterBlockCount - 1)
                          : cluster.back;
    }
    if (head_uncounted_) {  // the head before had one block
      ++block_;
      if (base_open) {
        base = block_;
      }
    }
    head_uncounted_ = true;
    base_open = false;
    return cluster.offset;
  }

  void PutBits(uint64_t position, uint64_t count, uint32_t value) {
    for (uint64_t bit = 0; bit < count; ++bit, ++position) {
      if ((value >> bit & 1U) != 0) {
        at_[position / 8] = static_cast<uint8_t>(at_[position / 8] | 1U << (position % 8));
      }
    }
  }

  std::vector<Cluster> clusters_;
  uint64_t next_ = 0;
  uint32_t block_;
  bool head_uncounted_ = false;
  uint8_t* at_;
};

void WriteFull(const std::vector<Cluster>& clusters, uint8_t* at) {
  for (const Cluster& cluster : clusters) {
    erofs::FullIndexEntry entry;
    entry.type = static_cast<uint16_t>(cluster.type);
    entry.offset_in_cluster = cluster.offset;
    entry.block_or_distances = cluster.type == ClusterType::kNonHead
                                   ? cluster.back | static_cast<uint32_t>(cluster.forward) << 16U
                                   : cluster.block;
    erofs::Put(at, entry);
    at += sizeof entry;
  }
}

void WriteCompact(const IndexedFile& file, const CompactShape& shape, uint8_t* at) {
  PackWriter writer(ClustersOf(file), file.extents.front().block, at);
  for (uint64_t i = 0; i < shape.leading; i += kSmallPackEntries) {
    writer.WritePack(kSmallPackEntries, 4);
  }
  for (uint64_t i = 0; i < shape.large; i += kLargePackEntries) {
    writer.WritePack(kLargePackEntries, 2);
  }
  for (uint64_t i = 0; i < shape.trailing; i += kSmallPackEntries) {
    writer.WritePack(kSmallPackEntries, 4);
  }
}

// Of what is not known yet: 0. nullopt where there is no such type.
std::optional<Cluster> ClusterOf(uint32_t type, uint32_t offset_or_back, uint32_t block) {
  Cluster out;
  out.type = static_cast<ClusterType>(type);
  if (out.type == ClusterType::kNonHead) {
    out.back = static_cast<uint16_t>(offset_or_back);
    return out;
  }
  out.offset = static_cast<uint16_t>(offset_or_back);
  out.block = block;
  return type < static_cast<uint32_t>(ClusterType::kNonHead) && offset_or_back < kBlockBytes
             ? std::optional(out)
             : std::nullopt;
}

using MaybeClusters = std::vector<std::optional<Cluster>>;

MaybeClusters ReadFull(uint64_t total, const uint8_t* at) {
  MaybeClusters out;
  out.reserve(total);
  for (uint64_t i = 0; i < total; ++i) {
    const auto entry = erofs::Get<erofs::FullIndexEntry>(at + i * sizeof(erofs::FullIndexEntry));
    const uint32_t word = entry.block_or_distances.value();
    const uint32_t type = entry.type.value();
    const bool is_head = type != static_cast<uint32_t>(ClusterType::kNonHead);
    out.push_back(
        ClusterOf(type, is_head ? entry.offset_in_cluster.value() : word & 0xFFFFU, word));
  }
  return out;
}

// Reads what PackWriter wrote: only the first block of the file, others follow it.
class PackReader {
 public:
  PackReader(const uint8_t* at, uint64_t total) : at_(at) {
    out_.reserve(total + kLargePackEntries);
  }

  void ReadPacks(uint64_t entries, uint64_t per_pack, uint64_t entry_bytes) {
    const uint64_t bits = (per_pack * entry_bytes * 8 - kPackBaseBits) / per_pack;
    for (uint64_t i = 0; i < entries; i += per_pack, at_ += per_pack * entry_bytes) {
      const auto base =
          erofs::Get<erofs::Le32>(at_ + per_pack * entry_bytes - sizeof(erofs::Le32)).value();
      for (uint64_t j = 0; j < per_pack; ++j) {
        const uint32_t value = BitsAt(j * bits, bits);
        out_.push_back(
            ClusterOf(value >> kCompactValueBits, value & ((1U << kCompactValueBits) - 1), base));
      }
    }
  }

  MaybeClusters First(uint64_t total) && {
    out_.resize(total);
    return std::move(out_);
  }

 private:
  uint32_t BitsAt(uint64_t position, uint64_t count) const {
    uint32_t out = 0;
    for (uint64_t bit = 0; bit < count; ++bit, ++position) {
      out |= (at_[position / 8] >> (position % 8) & 1U) << bit;
    }
    return out;
  }

  const uint8_t* at_;
  MaybeClusters out_;
};

MaybeClusters ReadCompact(uint64_t total, const CompactShape& shape, const uint8_t* at) {
  PackReader reader(at, total);
  reader.ReadPacks(shape.leading, kSmallPackEntries, 4);
  reader.ReadPacks(shape.large, kLargePackEntries, 2);
  reader.ReadPacks(shape.trailing, kSmallPackEntries, 4);
  return std::move(reader).First(total);
}

// The extents of a file of these clusters, with the blocks that a full index gives them; empty
// where the clusters do not tile it.
std::vector<Extent> ExtentsOf(const MaybeClusters& clusters, uint64_t size_bytes, bool has_tail) {
  std::vector<Extent> out;
  uint64_t end = 0;
  for (size_t head = 0; end < size_bytes;) {
    size_t next = head + 1;
    while (next < clusters.size() && clusters[next] &&
           clusters[next]->type == ClusterType::kNonHead) {
      ++next;
    }
    if (next < clusters.size() && !clusters[next]) {
      return {};
    }
    const uint64_t begin = std::exchange(
        end, next < clusters.size() ? next * kBlockBytes + clusters[next]->offset : size_bytes);
    if (end <= begin || end > size_bytes || end - begin > chunker::kMaxContentBytes) {
      return {};
    }
    const bool has_room_for_count = end / kBlockBytes - head >= 2;
    const Cluster& first = *clusters[head];
    Extent& extent = out.emplace_back();
    extent.content_bytes = static_cast<uint32_t>(end - begin);
    if (!has_tail || end < size_bytes) {
      const bool has_count =
          next > head + 1 && (clusters[head + 1]->back & kClusterBlockCount) != 0;
      if (has_count && !has_room_for_count) {
        return {};
      }
      extent.block = first.block;
      extent.blocks = has_count ? clusters[head + 1]->back & (kClusterBlockCount - 1U) : 1;
      extent.raw = first.type == ClusterType::kPlain;
    }
    head = next;
  }
  return out;
}

// Compact: the blocks follow each other. False where there are no blocks of such numbers.
bool NumberBlocks(std::vector<Extent>& extents) {
  uint64_t next = extents.front().block;
  for (Extent& extent : extents) {
    if (next > std::numeric_limits<uint32_t>::max()) {
      return false;
    }
    extent.block = extent.blocks == 0 ? 0 : static_cast<uint32_t>(next);
    next += extent.blocks;
  }
  return true;
}

}  // namespace

bool CanBeCompact(const IndexedFile& file) {
  uint64_t next = file.extents.front().block;
  for (const Extent& extent : file.extents) {
    if (extent.blocks != 0 && extent.block != next) {
      return false;
    }
    next += extent.blocks;
  }
  return true;
}

uint64_t IndexBytes(const IndexedFile& file, bool compact, uint64_t header_offset) {
  const uint64_t clusters = erofs::BlocksOf(file.size_bytes);
  if (!compact) {
    return kFullHeaderBytes + sizeof(erofs::FullIndexEntry) * clusters;
  }
  return sizeof(erofs::MapHeader) + CompactShape(clusters, header_offset).bytes();
}

void WriteIndex(const IndexedFile& file, bool compact, uint64_t header_offset, uint8_t* at) {
  uint16_t advise = erofs::kBigPclusterHead1;
  erofs::MapHeader header;
  if (compact) {  // both heads must agree
    advise |= erofs::kCompacted2Byte | erofs::kBigPclusterHead2;
  }
  if (file.fragment_offset) {
    advise |= erofs::kFragmentTail;
    header.fragment_offset = static_cast<uint32_t>(*file.fragment_offset);
  }
  header.advise = advise;
  header.algorithms = file.algorithm;
  erofs::Put(at, header);
  if (compact) {
    WriteCompact(file, CompactShape(erofs::BlocksOf(file.size_bytes), header_offset),
                 at + sizeof header);
  } else {
    WriteFull(ClustersOf(file), at + kFullHeaderBytes);
  }
}

std::optional<IndexedFile> ReadIndex(base::Bytes bytes, uint64_t size_bytes, bool compact,
                                     uint64_t header_offset) {
  // Before anything is as long as it: two bytes a cluster at least.
  if (size_bytes == 0 || size_bytes / kBlockBytes > bytes.size() / 2) {
    return std::nullopt;
  }
  IndexedFile out;
  out.size_bytes = size_bytes;
  const uint64_t index_bytes = IndexBytes(out, compact, header_offset);
  if (index_bytes > bytes.size()) {
    return std::nullopt;
  }
  const auto header = erofs::Get<erofs::MapHeader>(bytes.data());
  out.algorithm = header.algorithms;
  if ((header.advise.value() & erofs::kFragmentTail) != 0) {
    out.fragment_offset = header.fragment_offset.value();
  }
  const uint64_t total = erofs::BlocksOf(size_bytes);
  const MaybeClusters clusters =
      compact ? ReadCompact(total, CompactShape(total, header_offset), &bytes[sizeof header])
              : ReadFull(total, &bytes[kFullHeaderBytes]);
  if (!clusters.front() || clusters.front()->type == ClusterType::kNonHead) {
    return std::nullopt;
  }
  out.extents = ExtentsOf(clusters, size_bytes, out.fragment_offset.has_value());
  if (out.extents.empty() || (compact && !NumberBlocks(out.extents))) {
    return std::nullopt;
  }
  std::vector<uint8_t> again(index_bytes, 0);
  WriteIndex(out, compact, header_offset, again.data());
  return std::ranges::equal(again, bytes.first(index_bytes)) ? std::optional(out) : std::nullopt;
}

}  // namespace builder

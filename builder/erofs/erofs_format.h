// The on-disk structures of EROFS that our writer uses. Source: the kernel's fs/erofs/erofs_fs.h
// and Documentation/filesystems/erofs.rst. docs/formats/erofs.md says which of the allowed forms we
// choose.
#ifndef SLIPWAY_BUILDER_EROFS_EROFS_FORMAT_H_
#define SLIPWAY_BUILDER_EROFS_EROFS_FORMAT_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace builder::erofs {

// A little-endian integer as bytes: no alignment, no padding.
template <typename T>
class Le {
 public:
  Le() = default;
  Le& operator=(T value) {
    for (size_t i = 0; i < sizeof(T); ++i) {
      bytes_[i] = static_cast<uint8_t>(value >> (8 * i));
    }
    return *this;
  }
  T value() const {
    uint64_t out = 0;
    for (size_t i = sizeof(T); i > 0; --i) {
      out = out << 8U | bytes_[i - 1];
    }
    return static_cast<T>(out);
  }

 private:
  std::array<uint8_t, sizeof(T)> bytes_{};
};
using Le16 = Le<uint16_t>;
using Le32 = Le<uint32_t>;
using Le64 = Le<uint64_t>;

inline constexpr uint32_t kBlockBytes = 4096;
inline constexpr uint32_t kBlockBits = 12;
inline constexpr uint32_t kSuperblockOffset = 1024;
inline constexpr uint32_t kMagic = 0xE0F5E1E2;
inline constexpr uint32_t kNidBytes =
    32;  // inode numbers count slots of this size from the metadata's start

constexpr uint64_t RoundUp(uint64_t value, uint64_t to) { return (value + to - 1) / to * to; }
constexpr uint64_t BlocksOf(uint64_t bytes) { return (bytes + kBlockBytes - 1) / kBlockBytes; }

enum CompatFeature : uint32_t { kSuperblockChecksum = 1 };
enum IncompatFeature : uint32_t {
  kZeroPadding = 1,         // compressed data ends at its last block's end, zeros before it (5.4)
  kCompressionConfigs = 2,  // and pclusters of several blocks (5.13)
  kFragments = 0x20,        // packed inode, and shared pclusters (6.1)
};

struct Superblock {
  Le32 magic;
  Le32 checksum;  // CRC-32C of the block from here's struct on, this field zero
  Le32 feature_compat;
  uint8_t block_bits = 0;
  uint8_t extra_slots = 0;
  Le16 root_nid;
  Le64 inodes;
  Le64 build_time_seconds;  // of every compact inode
  Le32 build_time_nanoseconds;
  Le32 blocks;
  Le32 metadata_block;
  Le32 xattr_block;
  std::array<uint8_t, 16> uuid{};
  std::array<char, 16> label{};
  Le32 feature_incompat;
  Le16 compression_algorithms;  // a bit for chunker::CodecKind::erofs_algorithm
  Le16 extra_devices;
  Le16 device_table_slot;
  uint8_t directory_block_bits = 0;
  uint8_t xattr_prefix_count = 0;
  Le32 xattr_prefix_start;
  Le64 packed_nid;
  std::array<uint8_t, 24> reserved{};
};
static_assert(sizeof(Superblock) == 128 && std::is_trivially_copyable_v<Superblock>);

// The codec's record follows: its length (Le16), then what chunker::CodecKind::erofs_record says.

// How an inode's data is laid out; bits 1 to 3 of its format. Bit 0: extended.
enum class DataLayout : uint16_t {
  kFlat = 0,
  kCompressedFull = 1,
  kFlatInline = 2,
  kCompressedCompact = 3
};

struct CompactInode {
  Le16 format;
  Le16 xattr_count;
  Le16 mode;
  Le16 links;
  Le32 size;
  Le32 mtime;  // added to the superblock's build time by newer kernels, ignored by older: 0
  Le32 data;   // first block (flat), number of compressed blocks (compressed), device number
  Le32 inode_number;
  Le16 uid;
  Le16 gid;
  Le32 reserved;
};
static_assert(sizeof(CompactInode) == 32);

struct ExtendedInode {
  Le16 format;
  Le16 xattr_count;
  Le16 mode;
  Le16 reserved;
  Le64 size;
  Le32 data;
  Le32 inode_number;
  Le32 uid;
  Le32 gid;
  Le64 mtime_seconds;
  Le32 mtime_nanoseconds;
  Le32 links;
  std::array<uint8_t, 16> reserved2{};
};
static_assert(sizeof(ExtendedInode) == 64);

struct DirectoryEntry {
  Le64 nid;
  Le16 name_offset;
  uint8_t file_type = 0;
  uint8_t reserved = 0;
};
static_assert(sizeof(DirectoryEntry) == 12);

enum FileType : uint8_t {
  kRegular = 1,
  kDirectory = 2,
  kCharDevice = 3,
  kBlockDevice = 4,
  kFifo = 5,
  kSocket = 6,
  kSymlink = 7,
};

// Device numbers: minor's low byte, major in 12 bits, minor's other 12 bits.
inline constexpr uint32_t kMaxMajor = (1U << 12U) - 1;
inline constexpr uint32_t kMaxMinor = (1U << 20U) - 1;
constexpr uint32_t EncodeDevice(uint32_t major, uint32_t minor) {
  return (minor & 0xFFU) | major << 8U | (minor & ~0xFFU) << 12U;
}

// Extended attributes stand between an inode and its inline data or index: this header, the numbers
// of shared entries (4-byte steps from the superblock's xattr_block), entries of its own.
struct XattrHeader {
  Le32 name_filter;  // not used without its feature
  uint8_t shared_count = 0;
  std::array<uint8_t, 7> reserved{};
};
static_assert(sizeof(XattrHeader) == 12);
// Then the name without its prefix and the value, padded to kXattrAlignment.
struct XattrEntry {
  uint8_t name_bytes = 0;
  uint8_t prefix = 0;  // XattrPrefix
  Le16 value_bytes;
};
static_assert(sizeof(XattrEntry) == 4);
inline constexpr uint32_t kXattrAlignment = 4;
// An inode's xattr_count: 0 without any, otherwise 1 + 4-byte steps after the header.
inline constexpr uint64_t kMaxXattrBytes = sizeof(XattrHeader) + uint64_t{4} * (0xFFFF - 1);
inline constexpr uint32_t kMaxSharedXattrs = 255;  // of one inode
enum XattrPrefix : uint8_t {
  kUserXattr = 1,
  kAclAccessXattr = 2,
  kAclDefaultXattr = 3,
  kTrustedXattr = 4,
  kSecurityXattr = 6,
};

// Before a compressed inode's index, at the next multiple of kIndexAlignment.
inline constexpr uint64_t kIndexAlignment = 8;
struct MapHeader {
  Le32 fragment_offset;
  Le16 advise;
  uint8_t algorithms = 0;    // of head type 1 in the low half
  uint8_t cluster_bits = 0;  // lcluster = block
};
static_assert(sizeof(MapHeader) == 8);
enum Advise : uint16_t {
  kCompacted2Byte = 1,
  kBigPclusterHead1 = 2,
  kBigPclusterHead2 = 4,
  kFragmentTail = 0x20,
};
inline constexpr uint64_t kWholeFileInPackedInode = uint64_t{1}
                                                    << 63;  // | offset, in place of the header

enum class ClusterType : uint16_t { kPlain = 0, kHead = 1, kNonHead = 2 };

struct FullIndexEntry {
  Le16 type;
  Le16 offset_in_cluster;
  Le32 block_or_distances;  // head: block; nonhead: distance back, distance forward
};
static_assert(sizeof(FullIndexEntry) == 8);
// In a nonhead's distance back: the low bits are the pcluster's number of blocks instead.
inline constexpr uint16_t kClusterBlockCount = 1 << 11;

// What the format lets an extent be; the cutter keeps to it.
inline constexpr uint32_t kMinExtentBytes = kBlockBytes;                 // a cluster holds one head
inline constexpr uint32_t kMinBigPclusterExtentBytes = 2 * kBlockBytes;  // room for the block count

template <typename T>
void Put(uint8_t* at, const T& value) {
  static_assert(std::is_trivially_copyable_v<T>);
  std::memcpy(at, &value, sizeof value);
}

template <typename T>
T Get(const uint8_t* at) {
  static_assert(std::is_trivially_copyable_v<T>);
  T out;
  std::memcpy(&out, at, sizeof out);
  return out;
}

}  // namespace builder::erofs

#endif  // SLIPWAY_BUILDER_EROFS_EROFS_FORMAT_H_

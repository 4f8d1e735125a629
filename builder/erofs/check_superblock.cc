#include "builder/erofs/check_superblock.h"

#include <bit>
#include <vector>

#include "base/error.h"
#include "builder/erofs/erofs_format.h"
#include "builder/erofs/superblock.h"

namespace builder {
namespace {

using erofs::kBlockBytes;
using erofs::kNidBytes;
using erofs::kSuperblockOffset;

constexpr uint64_t kChecksumAt = 4;
constexpr uint64_t kFeatures = 0x23;     // zero padding, configurations, fragments
constexpr uint64_t kConfigOffset = 128;  // behind the superblock itself
constexpr uint64_t kLz4 = 1;             // bits of the algorithms
constexpr uint64_t kZstd = 8;

class Superblock {
 public:
  Superblock(base::Bytes block, uint64_t file_bytes, const std::string& path)
      : path_(path), file_bytes_(file_bytes), block_(block.begin(), block.end()) {
    block_.resize(kBlockBytes);
  }

  MetadataFacts Check() const {
    Expect("magic number", 0, 4, erofs::kMagic);
    Expect("compatible features", 8, 4, 1);
    Expect("checksum", kChecksumAt, 4, SuperblockChecksum(block_));
    Expect("block size", 12, 1, 12);
    Expect("number of extra slots", 13, 1, 0);
    Expect("nanoseconds", 32, 4, 0);
    Demand(file_bytes_ % kBlockBytes == 0, "end of the file", file_bytes_);
    Expect("number of blocks", 36, 4, file_bytes_ / kBlockBytes);
    const uint64_t blocks = Number(36, 4);
    const uint64_t metadata = Number(40, 4);
    Demand(metadata > 0 && metadata < blocks, "first block of metadata", metadata);
    const uint64_t slots = (blocks - metadata) * kBlockBytes / kNidBytes;
    const uint64_t root = Number(14, 2);
    Demand(root > 0 && root < slots, "root", root);
    const uint64_t inodes = Number(16, 8);
    Demand(inodes > 0 && inodes <= slots, "number of inodes", inodes);
    const uint64_t xattrs = Number(44, 4);
    Demand(xattrs == 0 || (xattrs >= metadata && xattrs < blocks), "block of attributes", xattrs);
    const uint64_t packed = Number(96, 8);
    Demand(packed < slots && packed != root, "packed inode", packed);
    Expect("incompatible features", 80, 4, kFeatures);
    Expect("number of devices", 86, 2, 0);
    Expect("place of devices", 88, 2, 0);
    Expect("size of directory blocks", 90, 1, 0);
    Expect("number of name prefixes", 91, 1, 0);
    Expect("place of name prefixes", 92, 4, 0);
    for (uint64_t at = 104; at < kConfigOffset; at += 8) {
      Expect("rest", at, 8, 0);
    }
    CheckCodec();
    MetadataFacts out;
    out.metadata_block = static_cast<uint32_t>(metadata);
    out.xattr_block = static_cast<uint32_t>(xattrs);
    out.root_nid = root;
    out.packed_nid = packed;
    out.inodes = inodes;
    out.algorithm = static_cast<uint8_t>(std::countr_zero(Number(84, 2)));
    return out;
  }

 private:
  void CheckCodec() const {
    const uint64_t algorithms = Number(84, 2);
    Demand(algorithms == kLz4 || algorithms == kZstd, "compression", algorithms);
    Expect("length of the codec's configuration", kConfigOffset, 2, algorithms == kLz4 ? 14 : 6);
    if (algorithms == kLz4) {
      const uint64_t cluster = Number(kConfigOffset + 4, 2);
      Demand(cluster > 0 && cluster <= 256, "largest cluster", cluster);
    } else {
      Expect("codec's format", kConfigOffset + 2, 1, 0);
      const uint64_t window = Number(kConfigOffset + 3, 1);
      Demand(window <= 10, "codec's window", window);
    }
  }

  // Little-endian, `offset` from the superblock's start.
  uint64_t Number(uint64_t offset, size_t bytes) const {
    uint64_t out = 0;
    for (size_t i = bytes; i > 0; --i) {
      out = out << 8U | block_.at(kSuperblockOffset + offset + i - 1);
    }
    return out;
  }

  void Demand(bool holds, const char* what, uint64_t found) const {
    if (!holds) {
      base::Fail(base::ExitCode::kVerification,
                 "{} is damaged, or no image of imgbuild: its superblock's {} is {}; build or push "
                 "it again",
                 path_, what, found);
    }
  }
  void Expect(const char* what, uint64_t offset, size_t bytes, uint64_t expected) const {
    const uint64_t found = Number(offset, bytes);
    Demand(found == expected, what, found);
  }

  const std::string& path_;
  const uint64_t file_bytes_;
  std::vector<uint8_t> block_;
};

}  // namespace

MetadataFacts CheckSuperblock(base::Bytes block, uint64_t file_bytes,
                              const std::string& image_path) {
  return Superblock(block, file_bytes, image_path).Check();
}

}  // namespace builder

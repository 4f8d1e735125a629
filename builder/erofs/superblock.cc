#include "builder/erofs/superblock.h"

#include <algorithm>

#include "builder/erofs/erofs_format.h"
#include "chunker/codec_table.h"

namespace builder {
namespace {

using erofs::kBlockBytes;
using erofs::kSuperblockOffset;

// Castagnoli's polynomial, reflected; no final inversion, as EROFS has it.
uint32_t Crc32c(const std::vector<uint8_t>& bytes, size_t from) {
  uint32_t crc = ~uint32_t{0};
  for (size_t i = from; i < bytes.size(); ++i) {
    crc ^= bytes[i];
    for (int bit = 0; bit < 8; ++bit) {
      crc = crc >> 1U ^ ((crc & 1U) != 0 ? 0x82F63B78U : 0U);
    }
  }
  return crc;
}

// A name-based UUID has version 8 (RFC 9562: custom) and the standard's variant.
std::array<uint8_t, 16> UuidOf(const base::Sha256& content) {
  std::array<uint8_t, 16> out{};
  std::copy_n(content.bytes.begin(), out.size(), out.begin());
  out[6] = static_cast<uint8_t>((out[6] & 0x0FU) | 0x80U);
  out[8] = static_cast<uint8_t>((out[8] & 0x3FU) | 0x80U);
  return out;
}

}  // namespace

std::vector<uint8_t> MakeSuperblock(const SuperblockFacts& facts) {
  erofs::Superblock sb;
  sb.magic = erofs::kMagic;
  sb.feature_compat = erofs::kSuperblockChecksum;
  sb.block_bits = erofs::kBlockBits;
  sb.root_nid = facts.root_nid;
  sb.inodes = facts.inodes;
  sb.build_time_seconds = static_cast<uint64_t>(facts.time_seconds);
  sb.blocks = facts.blocks;
  sb.metadata_block = facts.metadata_block;
  sb.xattr_block = facts.xattr_block;
  sb.uuid = UuidOf(facts.content);
  std::copy_n(facts.label.begin(), std::min(facts.label.size(), sb.label.size() - 1),
              sb.label.begin());
  sb.feature_incompat = erofs::kZeroPadding | erofs::kCompressionConfigs | erofs::kFragments;
  const chunker::CodecKind& codec = chunker::CodecNamed(facts.codec.name);
  sb.compression_algorithms = static_cast<uint16_t>(1U << codec.erofs_algorithm);
  sb.packed_nid = facts.packed_nid;

  std::vector<uint8_t> block(kBlockBytes, 0);
  erofs::Put(&block[kSuperblockOffset], sb);
  const std::vector<uint8_t> record = codec.erofs_record(facts.codec);
  erofs::Le16 record_bytes;
  record_bytes = static_cast<uint16_t>(record.size());
  const size_t after = kSuperblockOffset + sizeof sb;
  erofs::Put(&block[after], record_bytes);
  std::ranges::copy(record, &block[after + sizeof record_bytes]);
  sb.checksum = SuperblockChecksum(block);
  erofs::Put(&block[kSuperblockOffset], sb);
  return block;
}

uint32_t SuperblockChecksum(std::vector<uint8_t> block) {
  erofs::Put(&block[kSuperblockOffset + offsetof(erofs::Superblock, checksum)], erofs::Le32());
  return Crc32c(block, kSuperblockOffset);
}

}  // namespace builder

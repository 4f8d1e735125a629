#include "chunker/index.h"

#include <algorithm>
#include <limits>

#include "base/error.h"

namespace chunker {
namespace {

// casync, caformat.h.
constexpr uint64_t kIndexType = 0x96824d9c7b129ff9;
constexpr uint64_t kTableType = 0xe75b9e112f17417d;
constexpr uint64_t kTailMarker = 0x4b4f050e5549ecd1;
constexpr uint64_t kSha512Flag = 0x2000000000000000;
constexpr uint64_t kAnyTableSize = std::numeric_limits<uint64_t>::max();  // said in the tail
constexpr size_t kHeaderBytes = 48;
constexpr size_t kTableHeaderBytes = 16;
constexpr size_t kItemBytes = 40;
constexpr size_t kTailBytes = 40;

void PutU64(std::string& out, uint64_t value) {
  for (int shift = 0; shift < 64; shift += 8) {
    out += static_cast<char>(static_cast<uint8_t>(value >> shift));
  }
}

uint64_t GetU64(std::string_view data, size_t at) {
  uint64_t value = 0;
  for (size_t i = 0; i < 8; ++i) {
    value |= uint64_t{static_cast<uint8_t>(data[at + i])} << (8 * i);
  }
  return value;
}

[[noreturn]] void NotAnIndex(const std::string& name, std::string_view why) {
  base::Fail(base::ExitCode::kVerification, "{} is not a chunk index that this version reads: {}",
             name, why);
}

void CheckFrame(std::string_view data, const std::string& name) {
  if (data.size() < kHeaderBytes + kTableHeaderBytes + kTailBytes ||
      (data.size() - kHeaderBytes - kTableHeaderBytes) % kItemBytes != 0) {
    NotAnIndex(name, "its length is not that of an index");
  }
  if (GetU64(data, 0) != kHeaderBytes || GetU64(data, 8) != kIndexType) {
    NotAnIndex(name, "it does not start with an index header");
  }
  if ((GetU64(data, 16) & kSha512Flag) != 0) {
    NotAnIndex(name, "its chunk ids are SHA-512/256, not SHA-256");
  }
  if (GetU64(data, 40) > kMaxChunkBytes) {
    NotAnIndex(name, "its chunks may be larger than 1 MiB");
  }
  const size_t tail = data.size() - kTailBytes;
  if (GetU64(data, kHeaderBytes) != kAnyTableSize || GetU64(data, kHeaderBytes + 8) != kTableType ||
      GetU64(data, tail) != 0 || GetU64(data, tail + 8) != 0 ||
      GetU64(data, tail + 16) != kHeaderBytes ||
      GetU64(data, tail + 24) != data.size() - kHeaderBytes ||
      GetU64(data, tail + 32) != kTailMarker) {
    NotAnIndex(name, "its table is not framed as one");
  }
}

}  // namespace

void ChunkIndex::Append(const ChunkId& id, uint32_t size_bytes) {
  if (size_bytes == 0 || size_bytes > kMaxChunkBytes) {
    base::Fail(base::ExitCode::kVerification, "a chunk of {} bytes is not possible", size_bytes);
  }
  chunks_.push_back({id, size_bytes_, size_bytes});
  size_bytes_ += size_bytes;
}

std::string ChunkIndex::Serialize() const {
  std::string out;
  out.reserve(kHeaderBytes + kTableHeaderBytes + kItemBytes * chunks_.size() + kTailBytes);
  for (const uint64_t field :
       {uint64_t{kHeaderBytes}, kIndexType, uint64_t{0}, uint64_t{1}, uint64_t{kMaxChunkBytes / 8},
        uint64_t{kMaxChunkBytes}, kAnyTableSize, kTableType}) {
    PutU64(out, field);
  }
  for (const Chunk& chunk : chunks_) {
    PutU64(out, chunk.offset + chunk.size_bytes);
    out.append(chunk.id.digest.bytes.begin(), chunk.id.digest.bytes.end());
  }
  const uint64_t table_bytes = kTableHeaderBytes + kItemBytes * chunks_.size() + kTailBytes;
  for (const uint64_t field :
       {uint64_t{0}, uint64_t{0}, uint64_t{kHeaderBytes}, table_bytes, kTailMarker}) {
    PutU64(out, field);
  }
  return out;
}

ChunkIndex ChunkIndex::Parse(std::string_view data, const std::string& name) {
  CheckFrame(data, name);
  ChunkIndex index;
  const size_t end = data.size() - kTailBytes;
  for (size_t at = kHeaderBytes + kTableHeaderBytes; at < end; at += kItemBytes) {
    const uint64_t chunk_end = GetU64(data, at);
    if (chunk_end <= index.size_bytes_ || chunk_end - index.size_bytes_ > kMaxChunkBytes) {
      NotAnIndex(name, fmt::format("chunk {} has an impossible size", index.chunks_.size()));
    }
    ChunkId id;
    std::copy_n(data.begin() + static_cast<std::ptrdiff_t>(at + 8), id.digest.bytes.size(),
                reinterpret_cast<char*>(id.digest.bytes.data()));
    index.Append(id, static_cast<uint32_t>(chunk_end - index.size_bytes_));
  }
  return index;
}

}  // namespace chunker

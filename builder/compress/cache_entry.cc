#include "builder/compress/cache_entry.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace builder {
namespace {

constexpr std::string_view kChunkMagic = "SLIPCHK2";
constexpr std::string_view kSegmentsMagic = "SLIPSEG1";

void PutU32(std::string& out, uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8) {
    out += static_cast<char>(static_cast<uint8_t>(value >> shift));
  }
}

void PutDigest(std::string& out, const base::Sha256& digest) {
  out.append(digest.bytes.begin(), digest.bytes.end());
}

// Reads from the front of an entry that is known to be whole.
class Cursor {
 public:
  explicit Cursor(base::Bytes entry) : rest_(entry) {}

  base::Bytes Take(size_t size_bytes) {
    const base::Bytes out = rest_.first(std::min(size_bytes, rest_.size()));
    rest_ = rest_.subspan(out.size());
    return out;
  }
  uint32_t U32() {
    uint32_t value = 0;
    uint32_t shift = 0;
    for (const uint8_t byte : Take(4)) {
      value |= uint32_t{byte} << shift;
      shift += 8;
    }
    return value;
  }
  base::Sha256 Digest() {
    base::Sha256 out;
    const base::Bytes bytes = Take(out.bytes.size());
    std::copy(bytes.begin(), bytes.end(), out.bytes.begin());
    return out;
  }
  base::Bytes rest() const { return rest_; }

 private:
  base::Bytes rest_;
};

std::string Sealed(std::string out, const base::KeyedHash& hash) {
  out.append(base::AsText(hash.Of(base::AsBytes(out))));
  return out;
}

// What stands between the magic and the hash of a file that is whole.
std::optional<Cursor> Opened(std::string_view magic, base::Bytes file,
                             const base::KeyedHash& hash) {
  constexpr size_t kHashBytes = sizeof(base::KeyedHash::Value);
  if (file.size() < kHashBytes ||
      !std::ranges::equal(file.last(kHashBytes), hash.Of(file.first(file.size() - kHashBytes)))) {
    return std::nullopt;
  }
  Cursor out(file.first(file.size() - kHashBytes));
  if (base::AsText(out.Take(magic.size())) != magic) {
    return std::nullopt;
  }
  return out;
}

}  // namespace

std::string SerializeCacheEntry(const base::Sha256& key, const StoredChunk& chunk,
                                const base::KeyedHash& hash) {
  std::string out(kChunkMagic);
  PutDigest(out, key);
  PutDigest(out, chunk.id);
  PutU32(out, static_cast<uint32_t>(chunk.extents.size()));
  for (const ExtentShape& extent : chunk.extents) {
    PutU32(out, extent.content_bytes);
    PutU32(out, extent.first_block);
    PutU32(out, extent.blocks);
    PutU32(out, extent.raw ? 1 : 0);
  }
  out.append(base::AsText(chunk.blocks));
  return Sealed(std::move(out), hash);
}

std::optional<StoredChunk> ParseCacheEntry(const base::Sha256& key, base::Bytes entry,
                                           const base::KeyedHash& hash) {
  std::optional<Cursor> cursor = Opened(kChunkMagic, entry, hash);
  if (!cursor || cursor->Digest() != key) {
    return std::nullopt;
  }
  StoredChunk out;
  out.id = cursor->Digest();
  out.extents.resize(cursor->U32());
  for (ExtentShape& extent : out.extents) {
    extent.content_bytes = cursor->U32();
    extent.first_block = cursor->U32();
    extent.blocks = cursor->U32();
    extent.raw = cursor->U32() != 0;
  }
  out.blocks.assign(cursor->rest().begin(), cursor->rest().end());
  return out;
}

std::string SerializeSegments(const std::vector<KnownSegment>& segments, size_t limit_bytes,
                              const base::KeyedHash& hash) {
  std::string out(kSegmentsMagic);
  for (const KnownSegment& segment : segments) {
    std::string next;
    PutDigest(next, segment.key);
    next.append(base::AsText(segment.content));
    PutU32(next, segment.size_bytes);
    PutU32(next, segment.ends_file ? 1 : 0);
    PutU32(next, static_cast<uint32_t>(segment.chunks.size()));
    for (const base::Sha256& chunk : segment.chunks) {
      PutDigest(next, chunk);
    }
    if (out.size() + next.size() > limit_bytes) {
      break;
    }
    out += next;
  }
  return Sealed(std::move(out), hash);
}

std::vector<KnownSegment> ParseSegments(base::Bytes file, const base::KeyedHash& hash) {
  std::vector<KnownSegment> out;
  std::optional<Cursor> cursor = Opened(kSegmentsMagic, file, hash);
  while (cursor && !cursor->rest().empty()) {
    KnownSegment& segment = out.emplace_back();
    segment.key = cursor->Digest();
    std::ranges::copy(cursor->Take(segment.content.size()), segment.content.begin());
    segment.size_bytes = cursor->U32();
    segment.ends_file = cursor->U32() != 0;
    segment.chunks.resize(cursor->U32());
    for (base::Sha256& chunk : segment.chunks) {
      chunk = cursor->Digest();
    }
  }
  return out;
}

}  // namespace builder

#include "builder/cache_entry.h"

#include <algorithm>
#include <string_view>

namespace builder {
namespace {

constexpr std::string_view kMagic = "SLIPCHK2";

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

}  // namespace

std::string SerializeCacheEntry(const base::Sha256& key, const StoredChunk& chunk,
                                const base::KeyedHash& hash) {
  std::string out(kMagic);
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
  out.append(base::AsText(hash.Of(base::AsBytes(out))));
  return out;
}

std::optional<StoredChunk> ParseCacheEntry(const base::Sha256& key, base::Bytes entry,
                                           const base::KeyedHash& hash) {
  constexpr size_t kHashBytes = sizeof(base::KeyedHash::Value);
  if (entry.size() < kHashBytes ||
      !std::ranges::equal(entry.last(kHashBytes),
                          hash.Of(entry.first(entry.size() - kHashBytes)))) {
    return std::nullopt;
  }
  Cursor cursor(entry.first(entry.size() - kHashBytes));
  if (base::AsText(cursor.Take(kMagic.size())) != kMagic || cursor.Digest() != key) {
    return std::nullopt;
  }
  StoredChunk out;
  out.id = cursor.Digest();
  out.extents.resize(cursor.U32());
  for (ExtentShape& extent : out.extents) {
    extent.content_bytes = cursor.U32();
    extent.first_block = cursor.U32();
    extent.blocks = cursor.U32();
    extent.raw = cursor.U32() != 0;
  }
  out.blocks.assign(cursor.rest().begin(), cursor.rest().end());
  return out;
}

}  // namespace builder

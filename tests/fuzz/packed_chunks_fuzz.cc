// Any row of packed chunks gives chunks of the lengths that were asked for, or none. Each is
// {length as packed, length of the chunk (2 bytes each)}, the packed bytes.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "base/file.h"
#include "pusher/protocol/packed_chunks.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  pusher::ChunkUnpacker unpacker;
  for (base::Bytes rest(data, size); rest.size() > 4;) {
    const size_t chunk_bytes = rest[2] | size_t{rest[3]} << 8U;
    const size_t packed_bytes = std::min<size_t>(rest[0] | size_t{rest[1]} << 8U, rest.size() - 4);
    const auto chunk = unpacker.Unpack(rest.subspan(4, packed_bytes), chunk_bytes);
    if (!chunk) {
      return 0;
    }
    if (chunk->size() != chunk_bytes) {
      std::abort();
    }
    rest = rest.subspan(4 + packed_bytes);
  }
  return 0;
}

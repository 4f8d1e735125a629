#include "pusher/protocol/delta_message.h"

#include <algorithm>

#include "base/error.h"
#include "chunker/chunk_content.h"

namespace pusher {
namespace {

constexpr uint64_t kMaxChunks = 4096;
constexpr uint64_t kLeastStepBytes = 256;  // between places where a chunk may end
constexpr uint64_t kMaxReferences = 4096;
constexpr unsigned kMaxShift = 56;  // numbers have at most 63 bits

// LEB128: 7 bits a byte, the lowest first, the high bit where more follow.
void PutNumber(uint64_t value, std::vector<uint8_t>& out) {
  for (; value >= 0x80; value >>= 7U) {
    out.push_back(static_cast<uint8_t>(value | 0x80U));
  }
  out.push_back(static_cast<uint8_t>(value));
}

class NumberReader {
 public:
  NumberReader(base::Bytes data, const std::string& peer) : rest_(data), peer_(peer) {}

  uint64_t Next(uint64_t max, const char* what) {
    uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
      if (rest_.empty() || shift > kMaxShift) {
        Fail(what);
      }
      const uint8_t byte = rest_.front();
      rest_ = rest_.subspan(1);
      value |= uint64_t{byte & 0x7fU} << shift;
      if ((byte & 0x80U) == 0) {
        break;
      }
    }
    if (value > max) {
      Fail(what);
    }
    return value;
  }
  base::Bytes rest() const { return rest_; }

  [[noreturn]] void Fail(const char* what) const {
    base::Fail(base::ExitCode::kFailed, "{} broke the protocol: a delta whose {} is out of range",
               peer_, what);
  }

 private:
  base::Bytes rest_;
  const std::string& peer_;
};

// A number with its sign in the lowest bit.
uint64_t Zigzag(int64_t value) {
  return value < 0 ? (static_cast<uint64_t>(-(value + 1)) << 1U) | 1U
                   : static_cast<uint64_t>(value) << 1U;
}

int64_t Unzigzag(uint64_t value) {
  const auto half = static_cast<int64_t>(value >> 1U);
  return (value & 1U) == 0 ? half : -half - 1;
}

// Each by its distance from where the one before ends, in the content and in the old content.
void PutCopies(const std::vector<chunker::Copy>& copies, std::vector<uint8_t>& out) {
  PutNumber(copies.size(), out);
  chunker::Copy before;
  for (const chunker::Copy& copy : copies) {
    PutNumber(copy.at - (before.at + before.size), out);
    PutNumber(copy.size, out);
    PutNumber(Zigzag(int64_t{copy.from} - (int64_t{before.from} + before.size)), out);
    before = copy;
  }
}

std::vector<chunker::Copy> ReadCopies(NumberReader& numbers, uint64_t content_bytes) {
  std::vector<chunker::Copy> out(numbers.Next(chunker::kMaxCopies, "number of copies"));
  uint64_t at = 0;
  int64_t from = 0;
  for (chunker::Copy& copy : out) {
    at += numbers.Next(content_bytes - at, "copy");
    const uint64_t size = numbers.Next(content_bytes - at, "copy");
    from += Unzigzag(numbers.Next(2 * kMaxDeltaOldBytes, "copy"));
    if (size == 0 || from < 0 || static_cast<uint64_t>(from) + size > kMaxDeltaOldBytes) {
      numbers.Fail("copy");
    }
    copy = {static_cast<uint32_t>(at), static_cast<uint32_t>(from), static_cast<uint32_t>(size)};
    at += size;
    from += static_cast<int64_t>(size);
  }
  return out;
}

ChunkRecipe ReadRecipe(NumberReader& numbers) {
  ChunkRecipe out;
  out.content_bytes = numbers.Next(chunker::kMaxContentBytes, "content");
  const uint64_t points =
      numbers.Next(out.content_bytes / kLeastStepBytes + 2, "number of flush points");
  uint64_t at = 0;
  for (uint64_t i = 0; i < points; ++i) {
    const uint64_t step = numbers.Next(out.content_bytes - at, "flush point");
    at += step;
    if (step == 0 || (i + 1 == points && at != out.content_bytes)) {
      numbers.Fail("flush point");
    }
    out.flush_points.push_back(at);
  }
  return out;
}

}  // namespace

uint64_t DeltaMessage::content_bytes() const {
  uint64_t out = 0;
  for (const ChunkRecipe& chunk : chunks) {
    out += chunk.content_bytes;
  }
  return out;
}

std::vector<uint8_t> DeltaMessage::Serialize() const {
  std::vector<uint8_t> out;
  PutNumber(first_chunk, out);
  PutNumber(chunks.size(), out);
  for (const ChunkRecipe& chunk : chunks) {
    PutNumber(chunk.content_bytes, out);
    PutNumber(chunk.flush_points.size(), out);
    uint64_t at = 0;
    for (const uint64_t point : chunk.flush_points) {
      PutNumber(point - at, out);
      at = point;
    }
  }
  PutNumber(references.size(), out);
  for (const Reference& reference : references) {
    PutNumber(reference.first, out);
    PutNumber(reference.count, out);
  }
  PutCopies(copies, out);
  out.insert(out.end(), delta.begin(), delta.end());
  return out;
}

DeltaMessage DeltaMessage::Parse(base::Bytes payload, const std::string& peer) {
  NumberReader numbers(payload, peer);
  DeltaMessage out;
  out.first_chunk = numbers.Next(INT64_MAX, "chunk");
  const uint64_t chunks = numbers.Next(kMaxChunks, "number of chunks");
  uint64_t content_bytes = 0;
  for (uint64_t i = 0; i < chunks; ++i) {
    out.chunks.push_back(ReadRecipe(numbers));
    content_bytes += out.chunks.back().content_bytes;
    if (content_bytes > kMaxDeltaContentBytes || out.chunks.back().content_bytes == 0) {
      numbers.Fail("content");
    }
  }
  const uint64_t references = numbers.Next(kMaxReferences, "number of references");
  for (uint64_t i = 0; i < references; ++i) {
    Reference& reference = out.references.emplace_back();
    reference.first = numbers.Next(INT64_MAX, "reference");
    reference.count = numbers.Next(INT64_MAX, "reference");
  }
  if (out.chunks.empty()) {
    numbers.Fail("number of chunks");
  }
  out.copies = ReadCopies(numbers, content_bytes);
  out.delta.assign(numbers.rest().begin(), numbers.rest().end());
  return out;
}

std::vector<Reference> ReferTo(std::span<const OldEntry> entries,
                               std::vector<chunker::Copy>& copies) {
  const auto at = [&](size_t place) {
    return static_cast<size_t>(std::ranges::upper_bound(entries, place, {}, &OldEntry::end) -
                               entries.begin());
  };
  std::vector<bool> used(entries.size());
  for (const chunker::Copy& copy : copies) {
    for (size_t i = at(copy.from); i <= at(size_t{copy.from} + copy.size - 1); ++i) {
      used[i] = true;
    }
  }
  std::vector<Reference> out;
  std::vector<size_t> dropped_before(entries.size());  // bytes
  size_t dropped = 0;
  for (size_t i = 0; i < entries.size(); ++i) {
    const OldEntry& old = entries[i];
    dropped_before[i] = dropped;
    if (!used[i]) {
      dropped += old.end - (i == 0 ? 0 : entries[i - 1].end);
    } else if (!out.empty() && out.back().first + out.back().count == old.entry) {
      ++out.back().count;
    } else {
      out.push_back({old.entry, 1});
    }
  }
  for (chunker::Copy& copy : copies) {
    copy.from -= static_cast<uint32_t>(dropped_before[at(copy.from)]);
  }
  return out;
}

}  // namespace pusher

// Finds ranges of content that resemble old content, and subtracts the old bytes. In a program that
// was built again, most code moved and the addresses in it changed by the same few amounts, so the
// differences are mostly zeros, which compress to almost nothing.
#ifndef SLIPWAY_CHUNKER_COPIES_H_
#define SLIPWAY_CHUNKER_COPIES_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace chunker {

// As many as FindCopies gives at most.
inline constexpr size_t kMaxCopies = 65536;

// The bytes [at, at + size) of the content resemble those of the old content from `from` on.
struct Copy {
  uint32_t at = 0;
  uint32_t from = 0;
  uint32_t size = 0;
  bool operator==(const Copy&) const = default;
};

// In the order of the content, none empty, without overlap. Both have less than 4 GiB. Method:
// exact matches, each extended as long as most bytes are the same (C. Percival, Naive Differences
// of Executable Code, 2003).
std::vector<Copy> FindCopies(std::span<const uint8_t> content, std::span<const uint8_t> old);

// Each byte that a copy covers, less the old one, modulo 256; and back. The copies lie within both.
void SubtractCopies(std::span<const Copy> copies, std::span<const uint8_t> old,
                    std::span<uint8_t> content);
void AddCopies(std::span<const Copy> copies, std::span<const uint8_t> old,
               std::span<uint8_t> content);

}  // namespace chunker

#endif  // SLIPWAY_CHUNKER_COPIES_H_

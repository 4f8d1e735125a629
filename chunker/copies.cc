#include "chunker/copies.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <utility>

namespace chunker {
namespace {

using Bytes = std::span<const uint8_t>;

// By nginx's security update, a libc's and node's. A seed of every byte costs four times the CPU
// and is 1% less; 2 or 12 equal bytes more in place of 4 are 1 to 10% more.
constexpr size_t kSeedBytes = 12;      // an exact match of so many begins a copy
constexpr size_t kStepBytes = 4;       // between the old content's seeds
constexpr size_t kMostCandidates = 8;  // old places that are looked at for a seed
constexpr size_t kBetterBytes = 4;     // another place must give so many more equal bytes
constexpr size_t kRunBytes = 8;        // while so many are equal, no other place is looked for
constexpr int kMinTableLog = 8;
constexpr int kMaxTableLog = 20;
constexpr uint32_t kAhead = 16;  // slots of seeds that are fetched into the cache early
constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();

// How many bytes at the beginning of both are the same.
size_t EqualBytes(Bytes a, Bytes b) {
  const size_t most = std::min(a.size(), b.size());
  size_t out = 0;
  for (uint64_t of_a = 0, of_b = 0; out + sizeof of_a <= most; out += sizeof of_a) {
    std::memcpy(&of_a, a.data() + out, sizeof of_a);
    std::memcpy(&of_b, b.data() + out, sizeof of_b);
    if (of_a != of_b) {
      break;
    }
  }
  while (out < most && a[out] == b[out]) {
    ++out;
  }
  return out;
}

// How many of the bytes are the same.
size_t SameBytes(Bytes a, Bytes b) {
  size_t out = 0;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    out += a[i] == b[i] ? 1U : 0U;
  }
  return out;
}

// Where the old content has a seed, the latest places first.
class SeedTable {
 public:
  explicit SeedTable(Bytes old)
      : old_(old),
        log_(std::clamp(static_cast<int>(std::bit_width(old.size() / kStepBytes)), kMinTableLog,
                        kMaxTableLog)),
        latest_(size_t{1} << static_cast<unsigned>(log_), kNone) {
    before_.reserve(old.size() / kStepBytes);
    for (size_t at = 0; at + kSeedBytes <= old.size(); at += kStepBytes) {
      before_.push_back(static_cast<uint32_t>(SlotOf(old.subspan(at))));
    }
    for (uint32_t seed = 0; seed < before_.size(); ++seed) {
      if (seed + kAhead < before_.size()) {
        __builtin_prefetch(&latest_[before_[seed + kAhead]], 1);
      }
      before_[seed] = std::exchange(latest_[before_[seed]], seed);
    }
  }

  // The old content's longest match of the beginning of `text`; size 0: it has none of a seed's
  // size.
  Copy Longest(Bytes text) const {
    Copy out;
    uint32_t seed = latest_[SlotOf(text)];
    for (size_t turn = 0; turn < kMostCandidates && seed != kNone; ++turn, seed = before_[seed]) {
      const size_t from = seed * kStepBytes;
      const size_t size = EqualBytes(text, old_.subspan(from));
      if (size >= kSeedBytes && size > out.size) {
        out = {0, static_cast<uint32_t>(from), static_cast<uint32_t>(size)};
      }
    }
    return out;
  }

 private:
  size_t SlotOf(Bytes text) const {
    constexpr uint64_t kMix = 0x9E3779B97F4A7C15U;  // 2^64 divided by the golden ratio
    uint64_t first = 0;
    uint32_t rest = 0;
    static_assert(sizeof first + sizeof rest == kSeedBytes);
    std::memcpy(&first, text.data(), sizeof first);
    std::memcpy(&rest, text.data() + sizeof first, sizeof rest);
    return ((first * kMix + rest) * kMix) >> static_cast<unsigned>(64 - log_);
  }

  const Bytes old_;
  const int log_;
  std::vector<uint32_t> latest_;  // seeds by slot
  std::vector<uint32_t> before_;  // by seed: the one before it in its slot
};

// Matches that begin and end exactly, each at another distance than the one before.
std::vector<Copy> FindMatches(Bytes content, Bytes old) {
  std::vector<Copy> out;
  const SeedTable seeds(old);
  for (size_t at = 0; at + kSeedBytes <= content.size() && out.size() < kMaxCopies;) {
    const Bytes rest = content.subspan(at);
    Bytes going_on;  // of the old content, where the last match goes on
    if (!out.empty()) {
      going_on = old.subspan(std::min(old.size(), out.back().from + at - out.back().at));
    }
    const size_t run = EqualBytes(rest, going_on);
    if (run >= kRunBytes) {
      at += run;
      out.back().size = static_cast<uint32_t>(at - out.back().at);
      continue;
    }
    const Copy found = seeds.Longest(rest);
    if (found.size > SameBytes(rest.first(found.size), going_on) + kBetterBytes) {
      out.push_back({static_cast<uint32_t>(at), found.from, found.size});
      at += found.size;
    } else {
      ++at;
    }
  }
  return out;
}

// How far to grow by at most `most` bytes, so that those that are the same exceed those that are
// not by the most.
template <typename IsSame>
size_t Growth(size_t most, const IsSame& is_same) {
  size_t out = 0;
  int64_t surplus = 0;
  int64_t best = 0;
  for (size_t i = 0; i < most; ++i) {
    surplus += is_same(i) ? 1 : -1;
    if (surplus > best) {
      best = surplus;
      out = i + 1;
    }
  }
  return out;
}

// Into the gap before `end`.
size_t GrowthForward(const Copy& copy, size_t end, Bytes content, Bytes old) {
  const size_t at = copy.at + copy.size;
  const size_t from = copy.from + copy.size;
  return Growth(std::min(end - at, old.size() - from),
                [&](size_t i) { return content[at + i] == old[from + i]; });
}

// Into the gap from `begin` on.
size_t GrowthBack(const Copy& copy, size_t begin, Bytes content, Bytes old) {
  return Growth(std::min<size_t>(copy.at - begin, copy.from),
                [&](size_t i) { return content[copy.at - 1 - i] == old[copy.from - 1 - i]; });
}

// Where `left` and `right` both want [begin, end): how much of it `left` takes, so that the most
// bytes are the same.
size_t ShareOf(const Copy& left, const Copy& right, size_t begin, size_t end, Bytes content,
               Bytes old) {
  size_t out = 0;
  int64_t surplus = 0;
  int64_t best = 0;
  for (size_t at = begin; at < end; ++at) {
    surplus += content[at] == old[left.from + at - left.at] ? 1 : 0;
    surplus -= content[at] == old[right.from + at - right.at] ? 1 : 0;
    if (surplus > best) {
      best = surplus;
      out = at + 1 - begin;
    }
  }
  return out;
}

void Grow(Copy& copy, size_t back, size_t forward) {
  copy.at -= static_cast<uint32_t>(back);
  copy.from -= static_cast<uint32_t>(back);
  copy.size += static_cast<uint32_t>(back + forward);
}

}  // namespace

std::vector<Copy> FindCopies(Bytes content, Bytes old) {
  std::vector<Copy> out = FindMatches(content, old);
  if (out.empty()) {
    return out;
  }
  Grow(out.front(), GrowthBack(out.front(), 0, content, old), 0);
  for (size_t i = 1; i < out.size(); ++i) {
    Copy& left = out[i - 1];
    Copy& right = out[i];
    const size_t gap = left.at + left.size;
    size_t forward = GrowthForward(left, right.at, content, old);
    size_t back = GrowthBack(right, gap, content, old);
    const size_t wanted_from = right.at - back;
    if (wanted_from < gap + forward) {
      forward = wanted_from - gap + ShareOf(left, right, wanted_from, gap + forward, content, old);
      back = right.at - (gap + forward);
    }
    Grow(left, 0, forward);
    Grow(right, back, 0);
  }
  Grow(out.back(), 0, GrowthForward(out.back(), content.size(), content, old));
  return out;
}

void SubtractCopies(std::span<const Copy> copies, Bytes old, std::span<uint8_t> content) {
  for (const Copy& copy : copies) {
    for (size_t i = 0; i < copy.size; ++i) {
      content[copy.at + i] -= old[copy.from + i];
    }
  }
}

void AddCopies(std::span<const Copy> copies, Bytes old, std::span<uint8_t> content) {
  for (const Copy& copy : copies) {
    for (size_t i = 0; i < copy.size; ++i) {
      content[copy.at + i] += old[copy.from + i];
    }
  }
}

}  // namespace chunker

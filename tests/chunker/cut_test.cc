#include "chunker/cut.h"

#include <algorithm>
#include <limits>
#include <set>
#include <vector>

#include "base/digest.h"
#include "tests/support/errors.h"
#include "tests/support/random_bytes.h"

namespace chunker {
namespace {

using Bytes = std::vector<uint8_t>;

constexpr CutSizes kSmall = {64, 256, 1024};
constexpr uint8_t kStrong = 's';  // a cut follows it anywhere
constexpr uint8_t kWeak = 'w';    // a cut follows it only behind the average
constexpr uint8_t kOther = '.';

// The hash after a byte is the byte's entry alone, because the only bit that other bytes set is
// shifted out: a cut follows a strong marker and nothing else.
const GearTable& MarkerGear() {
  static const GearTable kGear = [] {
    GearTable gear;
    gear.fill(uint64_t{1} << 63);
    gear[kStrong] = 0;
    gear[kWeak] = uint64_t{1} << (64 - 9);  // of the strict mask for 256, not of the loose one
    return gear;
  }();
  return kGear;
}

size_t FirstCutOf(const Bytes& data) { return CutFinder(kSmall, MarkerGear()).FirstCut(data); }

Bytes With(size_t size_bytes, size_t at, uint8_t marker) {
  Bytes data(size_bytes, kOther);
  data[at] = marker;
  return data;
}

std::vector<size_t> CutsOf(std::span<const uint8_t> data, const CutFinder& finder) {
  std::vector<size_t> ends;
  for (size_t at = 0; at < data.size();) {
    at += finder.FirstCut(data.subspan(at));
    ends.push_back(at);
  }
  return ends;
}

TEST(FirstCut, FollowsTheFirstMarker) {
  EXPECT_EQ(FirstCutOf(With(2000, 100, kStrong)), 101U);
  Bytes two = With(2000, 100, kStrong);
  two[90] = kStrong;
  EXPECT_EQ(FirstCutOf(two), 91U);
}

TEST(FirstCut, IsNeverBelowTheMinimum) {
  EXPECT_EQ(FirstCutOf(With(2000, 63, kStrong)), 1024U);
  EXPECT_EQ(FirstCutOf(With(2000, 64, kStrong)), 65U);
}

TEST(FirstCut, IsNeverAboveTheMaximum) {
  EXPECT_EQ(FirstCutOf(Bytes(2000, kOther)), 1024U);
  EXPECT_EQ(FirstCutOf(With(2000, 1023, kStrong)), 1024U);
  EXPECT_EQ(FirstCutOf(With(2000, 1024, kStrong)), 1024U);
}

TEST(FirstCut, IsEasierBehindTheAverage) {
  EXPECT_NE(FirstCutOf(With(2000, 255, kWeak)), 256U);
  EXPECT_EQ(FirstCutOf(With(2000, 256, kWeak)), 257U);
}

TEST(FirstCut, OfAShortRestIsAllOfIt) {
  EXPECT_EQ(FirstCutOf({}), 0U);
  EXPECT_EQ(FirstCutOf(Bytes(1, kOther)), 1U);
  EXPECT_EQ(FirstCutOf(Bytes(64, kStrong)), 64U);
  EXPECT_EQ(FirstCutOf(Bytes(700, kOther)), 700U);
}

TEST(FirstCut, DependsOnNoByteBehindIt) {
  const Bytes data = tests::RandomBytes(1 << 20, 7);
  const CutFinder finder(CutSizes::Around(4096, 1 << 20));
  const size_t cut = finder.FirstCut(data);
  EXPECT_EQ(finder.FirstCut(std::span(data).first(cut + 1)), cut);
}

TEST(FirstCut, RespectsItsSizesOnRandomBytes) {
  const Bytes data = tests::RandomBytes(4 << 20, 2);
  const CutFinder finder(CutSizes::Around(4096, 1 << 20));
  std::vector<size_t> ends = CutsOf(data, finder);
  ASSERT_EQ(ends.back(), data.size());
  for (size_t i = 0; i + 1 < ends.size(); ++i) {
    const size_t size_bytes = ends[i] - (i == 0 ? 0 : ends[i - 1]);
    EXPECT_GT(size_bytes, 1024U);
    EXPECT_LE(size_bytes, 16384U);
  }
  const size_t average_bytes = data.size() / ends.size();
  EXPECT_GT(average_bytes, 3500U);
  EXPECT_LT(average_bytes, 5500U);
}

TEST(FirstCut, ResynchronisesBehindAnInsertion) {
  const Bytes before = tests::RandomBytes(1 << 20, 3);
  Bytes after = before;
  after.insert(after.begin() + 300'000, {'n', 'e', 'w'});
  const CutFinder finder(CutSizes::Around(4096, 1 << 20));
  const std::vector<size_t> old_ends = CutsOf(before, finder);
  const std::set<size_t> old_set(old_ends.begin(), old_ends.end());
  size_t moved = 0;
  for (const size_t end : CutsOf(after, finder)) {
    const bool same = end <= 300'000 ? old_set.contains(end) : old_set.contains(end - 3);
    moved += same ? 0 : 1;
  }
  EXPECT_LE(moved, 3U);
  EXPECT_GT(old_ends.size(), 200U);
}

// Part of the image format: another table or another cut makes every image another one. The values
// come from an implementation of its own, written from the description in chunker/cut.h.
TEST(Format, GearTableIsFixed) {
  const GearTable& gear = DefaultGear();
  EXPECT_EQ(gear[0], 0x7a269f02397ec719);
  EXPECT_EQ(gear[1], 0x9911279b20118d0d);
  EXPECT_EQ(gear[255], 0x4d728f4a4ef85883);
  base::Sha256Hasher hasher;
  for (const uint64_t entry : gear) {
    std::array<uint8_t, 8> bytes{};
    for (size_t i = 0; i < 8; ++i) {
      bytes[i] = static_cast<uint8_t>(entry >> (8 * i));
    }
    hasher.Update(bytes);
  }
  EXPECT_EQ(hasher.Finish().ToHex(),
            "1afaec4781b6983556b5b67df7a4e2b95fa0bfe0f0285ff801a116c50697c68d");
}

TEST(Format, CutsOfFixedInputAreFixed) {
  const Bytes data = tests::RandomBytes(1 << 20, 1);
  ASSERT_EQ(base::Sha256Of(data).ToHex(),
            "85b66b3a5816d686deb42f2d2473d9a7121ceb75c822b838f958c76ca86ed8ea");
  EXPECT_EQ(CutsOf(std::span(data).first(65536), CutFinder(CutSizes::Around(4096, 1 << 20))),
            (std::vector<size_t>{3832, 8548, 14421, 21833, 26606, 31619, 34580, 42706, 46949, 52507,
                                 55882, 58571, 65285, 65536}));
  EXPECT_EQ(CutsOf(data, CutFinder(CutSizes::Around(128 << 10, 1 << 20))),
            (std::vector<size_t>{290664, 514461, 572416, 735298, 954118, 1048576}));
}

TEST(Format, CandidatesOfFixedInputAreFixed) {
  const Bytes data = tests::RandomBytes(1 << 20, 1);
  const CutFinder finder(CutSizes::Around(128 << 10, 1 << 20));
  std::vector<size_t> candidates;
  for (size_t at = 0; at < 20'000;) {
    at = finder.NextCandidate(data, at);
    candidates.push_back(at);
  }
  EXPECT_EQ(candidates, (std::vector<size_t>{946, 1459, 1754, 3249, 3832, 4101, 4895, 7323, 8548,
                                             14421, 17809, 18326, 21833}));
}

// The search as the format describes it, a byte at a time: what the fast one must equal.
uint64_t NaiveHash(std::span<const uint8_t> data, size_t end) {
  uint64_t hash = 0;
  for (size_t i = end - std::min<size_t>(end, 64); i < end; ++i) {
    hash = hash * 2 + DefaultGear()[data[i]];
  }
  return hash;
}

// `once_in` is a power of two.
bool IsCut(std::span<const uint8_t> data, size_t end, uint64_t once_in) {
  return NaiveHash(data, end) < std::numeric_limits<uint64_t>::max() / once_in + 1;
}

size_t NaiveFirstCut(std::span<const uint8_t> data, const CutSizes& sizes) {
  const size_t last = std::min<size_t>(data.size(), sizes.max_bytes);
  for (size_t end = sizes.min_bytes + 1; end <= last; ++end) {
    const bool early = end <= sizes.average_bytes;
    if (IsCut(data, end, early ? sizes.average_bytes * 2 : sizes.average_bytes / 2)) {
      return end;
    }
  }
  return last;
}

size_t NaiveNextCandidate(std::span<const uint8_t> data, size_t from) {
  const size_t last = std::min<size_t>(data.size(), from + 8192);
  for (size_t end = from + 257; end <= last; ++end) {
    if (IsCut(data, end, 2048)) {
      return end;
    }
  }
  return last;
}

size_t NaiveLastFineCut(std::span<const uint8_t> data, size_t last) {
  for (size_t end = last; end > last - std::min<size_t>(last, 2048); --end) {
    if (IsCut(data, end, 256)) {
      return end;
    }
  }
  return last;
}

// Noise, few different bytes, short periods, runs, and these one after another.
Bytes Sample(uint64_t seed) {
  Bytes out;
  for (uint64_t part = 0; part < 1 + seed % 3; ++part) {
    Bytes data = tests::RandomBytes(3000 + (seed * 977 + part * 4099) % 9000, seed * 8 + part);
    const uint64_t kind = (seed / 3 + part) % 5;
    for (size_t i = 0; i < data.size(); ++i) {
      const size_t period = 1 + seed % 200;
      data[i] = kind == 1   ? static_cast<uint8_t>(data[i] % 3)
                : kind == 2 ? data[i % period]
                : kind == 3 ? data[i / 512]
                : kind == 4 ? uint8_t{0}
                            : data[i];
    }
    out.insert(out.end(), data.begin(), data.end());
  }
  return out;
}

TEST(Search, FindsWhatANaiveOneFinds) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    const Bytes sample = Sample(seed);
    const auto average = uint32_t{256} << (seed % 5);
    const CutSizes sizes = {64 + static_cast<uint32_t>(seed % 100), average, average * 4 + 1};
    const CutFinder finder(sizes);
    for (std::span<const uint8_t> rest = sample; !rest.empty();) {
      const size_t cut = finder.FirstCut(rest);
      ASSERT_EQ(cut, NaiveFirstCut(rest, sizes)) << sample.size() - rest.size();
      rest = rest.subspan(cut);
    }
    for (size_t from = 0; from < sample.size();) {
      const size_t next = finder.NextCandidate(sample, from);
      ASSERT_EQ(next, NaiveNextCandidate(sample, from)) << from;
      ASSERT_EQ(LastFineCut(sample, next), NaiveLastFineCut(sample, next)) << next;
      ASSERT_EQ(LastFineCut(sample, next - 1), NaiveLastFineCut(sample, next - 1)) << next;
      from = next;
    }
  }
}

TEST(NextCandidate, IsFrom257BytesTo8KiBFurther) {
  const CutFinder finder(kSmall, MarkerGear());
  EXPECT_EQ(finder.NextCandidate(With(20'000, 1000 + 255, kStrong), 1000), 1000U + 8192U);
  EXPECT_EQ(finder.NextCandidate(With(20'000, 1000 + 256, kStrong), 1000), 1000U + 257U);
  EXPECT_EQ(finder.NextCandidate(With(20'000, 1000 + 8190, kStrong), 1000), 1000U + 8191U);
  EXPECT_EQ(finder.NextCandidate(With(20'000, 1000 + 8192, kStrong), 1000), 1000U + 8192U);
}

TEST(NextCandidate, IsAtMostTheEndOfTheData) {
  const CutFinder finder(kSmall, MarkerGear());
  const Bytes data(5000, kOther);
  EXPECT_EQ(finder.NextCandidate(data, 0), 5000U);
  EXPECT_EQ(finder.NextCandidate(data, 4999), 5000U);
  EXPECT_EQ(finder.NextCandidate(data, 5000), 5000U);
  EXPECT_EQ(finder.NextCandidate({}, 0), 0U);
}

TEST(CutSizesTest, AreAroundTheAverageAndWithinTheLimit) {
  const CutSizes sizes = CutSizes::Around(128 << 10, 1 << 20);
  EXPECT_EQ(sizes.min_bytes, 32U << 10);
  EXPECT_EQ(sizes.average_bytes, 128U << 10);
  EXPECT_EQ(sizes.max_bytes, 512U << 10);
  EXPECT_EQ(CutSizes::Around(512 << 10, 1 << 20).max_bytes, 1U << 20);
}

TEST(CutSizesTest, ThatMakeNoSenseAreRefused) {
  for (const CutSizes& sizes : {CutSizes{63, 256, 1024}, CutSizes{300, 256, 1024},
                                CutSizes{64, 256, 255}, CutSizes{64, 257, 1024}, CutSizes{}}) {
    const base::Error error = tests::ErrorOf([&] { CutFinder finder(sizes); });
    EXPECT_EQ(error.code(), base::ExitCode::kUsage);
  }
  EXPECT_EQ(tests::MessageOf([] {
              CutFinder finder({63, 256, 1024});
            }),
            "chunk sizes 63/256/1024 make no sense");
}

}  // namespace
}  // namespace chunker

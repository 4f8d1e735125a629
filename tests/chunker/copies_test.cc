#include "chunker/copies.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tests/chunker/samples.h"

namespace chunker {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<uint8_t> Joined(const std::vector<std::vector<uint8_t>>& parts) {
  std::vector<uint8_t> out;
  for (const std::vector<uint8_t>& part : parts) {
    out.insert(out.end(), part.begin(), part.end());
  }
  return out;
}

std::vector<uint8_t> LessCopies(const std::vector<uint8_t>& content,
                                const std::vector<uint8_t>& old) {
  std::vector<uint8_t> out = content;
  SubtractCopies(FindCopies(content, old), old, out);
  return out;
}

TEST(CopiesTest, TheSameIsOneCopy) {
  const std::vector<uint8_t> old = Words(1, 50000);
  EXPECT_THAT(FindCopies(old, old), ElementsAre(Copy{0, 0, 50000}));
}

// What moved is found where it was; what is new is left as it is.
TEST(CopiesTest, PartsThatMovedAreFoundToTheByte) {
  const std::vector<uint8_t> a = Noise(1, 3000);
  const std::vector<uint8_t> b = Noise(2, 5001);
  const std::vector<uint8_t> fresh = Noise(3, 777);
  EXPECT_THAT(FindCopies(Joined({b, fresh, a}), Joined({a, b})),
              ElementsAre(Copy{0, 3000, 5001}, Copy{5778, 0, 3000}));
}

// As addresses in a program do: a copy goes on over them.
TEST(CopiesTest, BytesThatChangeHereAndThereEndNoCopy) {
  const std::vector<uint8_t> old = Noise(1, 100000);
  std::vector<uint8_t> content = old;
  for (size_t at = 20; at < content.size(); at += 23) {
    content[at] += 3;
  }
  EXPECT_THAT(FindCopies(content, old), ElementsAre(Copy{0, 0, 100000}));
  const std::vector<uint8_t> less = LessCopies(content, old);
  EXPECT_EQ(std::ranges::count(less, 3) + std::ranges::count(less, 0), 100000);
}

TEST(CopiesTest, NothingInCommonIsNoCopy) {
  EXPECT_THAT(FindCopies(Noise(1, 50000), Noise(2, 50000)), IsEmpty());
  EXPECT_THAT(FindCopies({}, Noise(2, 50000)), IsEmpty());
  EXPECT_THAT(FindCopies(Noise(1, 50000), {}), IsEmpty());
  EXPECT_THAT(FindCopies(Noise(1, 11), Noise(1, 11)), IsEmpty());  // shorter than a seed
}

// Text of which every part is like many others.
TEST(CopiesTest, OfAnyContentTheyLieWithinBothAndComeBack) {
  std::mt19937_64 random(5);
  for (size_t turn = 0; turn < 300; ++turn) {
    const std::vector<uint8_t> old = Words(random(), random() % 3000);
    std::vector<uint8_t> content = Joined({Words(random(), random() % 100), old, old});
    for (size_t changes = random() % 40; changes > 0 && !content.empty(); --changes) {
      const auto at = content.begin() + static_cast<ptrdiff_t>(random() % content.size());
      random() % 2 == 0 ? void(content.erase(at)) : void(content.insert(at, uint8_t{'x'}));
    }
    const std::vector<Copy> copies = FindCopies(content, old);
    size_t end = 0;
    for (const Copy& copy : copies) {
      ASSERT_GT(copy.size, 0U) << turn;
      ASSERT_GE(copy.at, end) << turn;
      end = copy.at + copy.size;
      ASSERT_LE(end, content.size()) << turn;
      ASSERT_LE(copy.from + copy.size, old.size()) << turn;
    }
    std::vector<uint8_t> back = LessCopies(content, old);
    AddCopies(copies, old, back);
    ASSERT_EQ(back, content) << turn;
  }
}

}  // namespace
}  // namespace chunker

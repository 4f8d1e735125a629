#include "hosts/worst_code.h"

#include <gtest/gtest.h>

namespace hosts {
namespace {

TEST(WorseOfTest, FourBeforeThreeBeforeSevenBeforeTheOthers) {
  EXPECT_EQ(WorseOf(0, 0), 0);
  EXPECT_EQ(WorseOf(1, 0), 1);
  EXPECT_EQ(WorseOf(0, 6), 6);
  EXPECT_EQ(WorseOf(6, 7), 7);
  EXPECT_EQ(WorseOf(3, 7), 3);
  EXPECT_EQ(WorseOf(3, 4), 4);
}

}  // namespace
}  // namespace hosts

#include "builder/source/glob.h"

#include <gtest/gtest.h>

#include <string>

namespace builder {
namespace {

TEST(GlobTest, StarsStopAtSlashesAndTwoDoNot) {
  EXPECT_TRUE(MatchesGlob("/usr/*/x", "/usr/bin/x"));
  EXPECT_FALSE(MatchesGlob("/usr/*/x", "/usr/local/bin/x"));
  EXPECT_TRUE(MatchesGlob("/usr/**/x", "/usr/local/bin/x"));
  EXPECT_TRUE(MatchesGlob("**/share/locale/**", "/nix/store/a/share/locale/de/x.mo"));
  EXPECT_FALSE(MatchesGlob("**/share/locale/**", "/share/locale"));
  EXPECT_TRUE(MatchesGlob("**/a", "/a"));
  EXPECT_TRUE(MatchesGlob("/lib/**.a", "/lib/x/liby.a"));
  EXPECT_TRUE(MatchesGlob("/?.so", "/x.so"));
  EXPECT_FALSE(MatchesGlob("/a?b", "/a/b"));
  EXPECT_FALSE(MatchesGlob("/a", "/ab"));
  EXPECT_FALSE(MatchesGlob("/ab", "/a"));
  EXPECT_TRUE(MatchesGlob("/[x]", "/[x]"));
}

TEST(GlobTest, TakesNoLongerForStarsThatMatchInManyWays) {
  std::string stars;
  for (int i = 0; i < 1000; ++i) {
    stars += "*a";
  }
  EXPECT_FALSE(MatchesGlob("/" + stars + "b", "/" + std::string(4000, 'a')));
}

}  // namespace
}  // namespace builder

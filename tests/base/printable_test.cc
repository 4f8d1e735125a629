#include "base/printable.h"

#include <gtest/gtest.h>

namespace base {
namespace {

TEST(PrintableTest, IsOneLineThatSteersNoTerminal) {
  EXPECT_EQ(Printable("a\nb\x1b[2Jc\x7f"), "a b [2Jc ");
  EXPECT_EQ(Printable("\xc2\x9b"
                      "2J gr\xc3\xbc\xc3\x9f"
                      "e"),
            "  2J gr\xc3\xbc\xc3\x9f"
            "e");
}

TEST(PrintableTest, IsCut) { EXPECT_EQ(Printable("abcdef", 3), "abc"); }

}  // namespace
}  // namespace base

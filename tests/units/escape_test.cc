#include "units/escape.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace units {
namespace {

TEST(Word, LeavesPlainTextAsItIs) {
  EXPECT_EQ(Word("/usr/bin/nginx"), "/usr/bin/nginx");
  EXPECT_EQ(Word("-g"), "-g");
  EXPECT_EQ(Word("@a:b=c,d+e"), "@a:b=c,d+e");
}

TEST(Word, QuotesWhatWouldBeSplitOrDropped) {
  EXPECT_EQ(Word(""), "\"\"");
  EXPECT_EQ(Word("daemon off;"), "\"daemon off;\"");
  EXPECT_EQ(Word(";"), "\";\"");
  EXPECT_EQ(Word("#x"), "\"#x\"");
  EXPECT_EQ(Word("it's"), "\"it's\"");
}

TEST(Word, EscapesQuotesBackslashesAndControlCharacters) {
  EXPECT_EQ(Word("say \"hi\""), R"("say \"hi\"")");
  EXPECT_EQ(Word(R"(\n)"), R"("\\n")");
  EXPECT_EQ(Word("a\tb"), R"("a\tb")");
  EXPECT_EQ(Word("\x1b[0m\x7f"), R"("\x1b[0m\x7f")");
}

TEST(Word, DoublesPercentSigns) {
  EXPECT_EQ(Word("%H"), "%%H");
  EXPECT_EQ(Word("50 %"), "\"50 %%\"");
}

TEST(Word, KeepsOtherLanguages) { EXPECT_EQ(Word("grüße"), "\"grüße\""); }

TEST(Word, RefusesNewlines) { EXPECT_THROW(Word("a\nb"), base::Error); }

TEST(ExecLine, TurnsVariablesOffWhereThereIsADollar) {
  EXPECT_EQ(ExecLine({"/bin/echo", "$HOME", "${X}", "$$"}), ":/bin/echo \"$HOME\" \"${X}\" \"$$\"");
  EXPECT_EQ(ExecLine({"/bin/a$b"}), "\":/bin/a$b\"");
  EXPECT_EQ(ExecLine({"/bin/echo", "HOME"}), "/bin/echo HOME");
}

TEST(ExecLine, RefusesProgramsThatSystemdRefuses) {
  EXPECT_THROW(ExecLine({"/bin/a\"b"}), base::Error);
  EXPECT_THROW(ExecLine({"/bin/a\\b"}), base::Error);
  EXPECT_THROW(ExecLine({}), base::Error);
}

TEST(Paths, AreEscapedAsTheirOptionReadsThem) {
  EXPECT_EQ(ListedPath("/a b:c%d"), "\"/a b:c%%d\"");
  EXPECT_EQ(ListedPath("/a/b"), "/a/b");
  EXPECT_EQ(ListedPath("/a:b"), "\"/a:b\"");
  EXPECT_EQ(WholePath("/a b%c"), "/a b%%c");
  EXPECT_THROW(WholePath("/a\\"), base::Error);
  EXPECT_THROW(WholePath("/a "), base::Error);
  EXPECT_THROW(ListedPath("/a\tb"), base::Error);
}

TEST(ForPeople, NeverChangesTheMeaningOfTheUnit) {
  EXPECT_EQ(ForPeople("nginx 1.0\n[Service]\\"), "nginx 1.0_[Service]_");
  EXPECT_EQ(ForPeople("100%"), "100%%");
}

}  // namespace
}  // namespace units

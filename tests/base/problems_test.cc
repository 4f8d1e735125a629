#include "base/problems.h"

#include <gmock/gmock.h>

namespace base {
namespace {

using ::testing::ElementsAre;

TEST(ProblemsTest, OneIsThrownAsItIs) {
  Problems problems;
  EXPECT_NO_THROW(problems.ThrowIfAny());
  problems.Try([] {});
  problems.Try("web", [] { Fail(ExitCode::kVerification, "is damaged"); });
  try {
    problems.ThrowIfAny();
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kVerification);
    EXPECT_STREQ(error.what(), "web: is damaged");
    EXPECT_EQ(WholeMessage(error), "web: is damaged");
  }
}

TEST(ProblemsTest, SeveralAreLinesOfOne) {
  Problems inner;
  inner.Try([] { Fail(ExitCode::kFailed, "a"); });
  inner.Try([] { throw Error(ExitCode::kUsage, "b", {"more"}); });
  Problems problems;
  problems.Try("web", [&] { inner.ThrowIfAny(); });
  problems.Try("db", [] { Fail(ExitCode::kUsage, "c"); });
  problems.Add(ExitCode::kUsage, "{}: c", "db");  // found twice
  try {
    problems.ThrowIfAny();
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kFailed);
    EXPECT_STREQ(error.what(), "3 problems");
    EXPECT_THAT(error.detail(), ElementsAre("web: a", "web: b", "  more", "db: c"));
    EXPECT_EQ(WholeMessage(error), "3 problems: web: a; web: b; db: c");
  }
}

TEST(ProblemsTest, AnInterruptIsNoProblem) {
  Problems problems;
  EXPECT_THROW(problems.Try([] { Fail(ExitCode::kInterrupted, "interrupted"); }), Error);
}

}  // namespace
}  // namespace base

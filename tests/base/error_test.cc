#include "base/error.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <stdexcept>

#include "tests/support/errors.h"

namespace base {
namespace {

TEST(Error, SaysItsMessage) {
  const Error error = tests::ErrorOf([] { Fail(ExitCode::kStale, "the plan is {} old", 3); });
  EXPECT_STREQ(error.what(), "the plan is 3 old");
  EXPECT_EQ(error.code(), ExitCode::kStale);
  EXPECT_EQ(error.error_number(), 0);
}

TEST(Error, EndsWithTheReasonThatTheSystemGave) {
  const Error error = tests::ErrorOf([] { FailErrno(ENOENT, "cannot open {}", "/x"); });
  EXPECT_STREQ(error.what(), "cannot open /x: No such file or directory");
  EXPECT_EQ(error.code(), ExitCode::kFailed);
  EXPECT_EQ(error.error_number(), ENOENT);
}

TEST(Error, PutsTheOutermostContextFirst) {
  Error error(ExitCode::kBusy, "cannot lock it", EACCES);
  error.AddContext("publishing nginx");
  error.AddContext("host a");
  EXPECT_STREQ(error.what(), "host a: publishing nginx: cannot lock it: Permission denied");
  EXPECT_EQ(error.code(), ExitCode::kBusy);
}

// What is added to the message goes into records, so the detail must stay beside it.
TEST(Error, KeepsItsDetailOutOfItsMessage) {
  Error error(ExitCode::kFailed, "web failed", Error::Detail{"its log ends:", "  a secret"});
  error.AddContext("generation 3");
  error.AddDetail({"and more"});
  EXPECT_STREQ(error.what(), "generation 3: web failed");
  EXPECT_EQ(DetailText(error.detail()), "  its log ends:\n    a secret\n  and more\n");
  EXPECT_EQ(DetailOf(error), error.detail());
  EXPECT_TRUE(DetailOf(std::runtime_error("odd")).empty());
}

// Scripts branch on these numbers.
TEST(Error, CodesAreTheDocumentedExitCodes) {
  EXPECT_EQ(static_cast<int>(ExitCode::kFailed), 1);
  EXPECT_EQ(static_cast<int>(ExitCode::kUsage), 2);
  EXPECT_EQ(static_cast<int>(ExitCode::kRolledBack), 3);
  EXPECT_EQ(static_cast<int>(ExitCode::kNeedsAttention), 4);
  EXPECT_EQ(static_cast<int>(ExitCode::kBusy), 5);
  EXPECT_EQ(static_cast<int>(ExitCode::kVerification), 6);
  EXPECT_EQ(static_cast<int>(ExitCode::kUnreachable), 7);
  EXPECT_EQ(static_cast<int>(ExitCode::kStale), 8);
  EXPECT_EQ(static_cast<int>(ExitCode::kInterrupted), 130);
}

}  // namespace
}  // namespace base

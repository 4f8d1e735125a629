#include "builder/contents/oci_user.h"

#include <gmock/gmock.h>

#include "tests/support/errors.h"

namespace builder {
namespace {

using testing::HasSubstr;

class OciUserTest : public testing::Test {
 protected:
  OciUserTest() {
    tree_.AddLiteral("/etc/passwd",
                     "root:x:0:0:root:/root:/bin/sh\n"
                     "broken\n"
                     "redis:x:999:998::/:/sbin/nologin\n"
                     "odd:x:none:5::/:\n");
    tree_.AddLiteral("/usr/group", "root:x:0:\nredis:x:998:\nlogs:x:7:redis\nshort:x\n");
    tree_.AddSymlink("/etc/group", "../usr/group");
  }

  std::string Of(const std::string& text) const {
    const std::optional<OciUser> user = ResolveOciUser(text, tree_);
    return user ? fmt::format("{}:{}", user->uid, user->gid) : "dynamic";
  }
  std::string ErrorOf(const std::string& text) const {
    const base::Error error = tests::ErrorOf([&] { ResolveOciUser(text, tree_); });
    EXPECT_EQ(error.code(), base::ExitCode::kUsage);
    return error.what();
  }

  Tree tree_;
};

TEST_F(OciUserTest, NamesAndNumbersBecomeNumbers) {
  EXPECT_EQ(Of("redis"), "999:998");
  EXPECT_EQ(Of("999"), "999:998");
  EXPECT_EQ(Of("redis:logs"), "999:7");
  EXPECT_EQ(Of("redis:3"), "999:3");
  EXPECT_EQ(Of("1001"), "1001:1001");  // nobody's: not root's group, as container engines have it
  EXPECT_EQ(Of("1001:0"), "1001:0");
  EXPECT_EQ(Of("1001:logs"), "1001:7");
  EXPECT_EQ(Of("redis:"), "999:998");
}

TEST_F(OciUserTest, RootAndNobodyAreADynamicUser) {
  for (const char* text : {"", "root", "0", "0:0", "root:redis", ":5"}) {
    EXPECT_EQ(Of(text), "dynamic") << text;
  }
}

TEST_F(OciUserTest, AnUnknownNameIsRefused) {
  EXPECT_EQ(ErrorOf("web"),
            "the source asks to run as 'web', which the image's /etc/passwd does not know: set "
            "directives.Service.User and Group to numbers");
  EXPECT_THAT(ErrorOf("redis:web"), HasSubstr("'web', which the image's /etc/group"));
  EXPECT_THAT(ErrorOf("redis:short"), HasSubstr("'short'"));
  EXPECT_THAT(ErrorOf("odd"), HasSubstr("'odd'"));
  EXPECT_THAT(ErrorOf("-5"), HasSubstr("'-5'"));
  EXPECT_THAT(ErrorOf("4294967295"), HasSubstr("'4294967295'"));
  tree_.Find("/etc")->children.Clear();
  EXPECT_THAT(ErrorOf("redis"), HasSubstr("'redis'"));
  EXPECT_EQ(Of("999"), "999:999");
}

}  // namespace
}  // namespace builder

#include "activator/switch/program_access.h"

#include <gtest/gtest.h>

namespace activator {
namespace {

struct stat Program(mode_t mode) {
  struct stat out {};
  out.st_uid = 1000;
  out.st_gid = 2000;
  out.st_mode = S_IFREG | mode;
  return out;
}

images::Service As(const std::string& user, const std::string& group) {
  images::Service out;
  out.directives["Service"] = {{"User", user}, {"Group", group}};
  return out;
}

TEST(MayExecute, ADynamicOrNamedUserIsEverybody) {
  EXPECT_TRUE(MayExecute(Program(0755), {}));
  EXPECT_FALSE(MayExecute(Program(0770), {}));
  EXPECT_FALSE(MayExecute(Program(0770), As("www", "www")));
}

TEST(MayExecute, TheOwnerGoesByTheOwnersBitAlone) {
  EXPECT_TRUE(MayExecute(Program(0700), As("1000", "5")));
  EXPECT_FALSE(MayExecute(Program(0077), As("1000", "2000")));
}

TEST(MayExecute, TheGroupGoesByTheGroupsBitAlone) {
  EXPECT_TRUE(MayExecute(Program(0750), As("7", "2000")));
  EXPECT_FALSE(MayExecute(Program(0705), As("7", "2000")));
  EXPECT_FALSE(MayExecute(Program(0750), As("7", "8")));
}

TEST(MayExecute, RootNeedsOneBit) {
  EXPECT_TRUE(MayExecute(Program(0010), As("0", "0")));
  EXPECT_FALSE(MayExecute(Program(0644), As("0", "0")));
}

}  // namespace
}  // namespace activator

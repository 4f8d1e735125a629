// What an uninstall refuses, what it finds and leaves, and that it can be cut off anywhere.
#include "activator/uninstall.h"

#include <gmock/gmock.h>

#include "base/atomic_file.h"
#include "tests/activator/host_fixture.h"
#include "tests/support/errors.h"

namespace activator {
namespace {

using ::testing::HasSubstr;

class UninstallTest : public HostTest {
 protected:
  std::string Refusal() {
    return tests::MessageOf([&] { Uninstall(host); });
  }
  void ExpectThatTheHostIsAsItWas() {
    EXPECT_TRUE(systemd.IsActive("web.service"));
    EXPECT_EQ(layout.Versions().size(), 1U);
    EXPECT_TRUE(base::Exists(layout.History()));
  }
};

TEST_F(UninstallTest, WhatRunsWithoutCurrentIsNotRemoved) {
  EXPECT_EQ(ActivateNumber(Stage("web", "one")), 0) << error;
  for (const char* lost : {"", "nowhere", "generations/99"}) {
    base::Unlink(layout.Current());
    if (*lost != '\0') {
      base::ReplaceSymlink(lost, layout.Current());
    }
    EXPECT_THAT(Refusal(), HasSubstr("generation 1 runs web: activate uninstall --stop stops"));
    EXPECT_EQ(CurrentGeneration(layout), 1U);
    ExpectThatTheHostIsAsItWas();
  }
}

TEST_F(UninstallTest, WhatRunsWithoutAnyRecordIsNotRemoved) {
  EXPECT_EQ(ActivateNumber(Stage("web", "one")), 0) << error;
  base::RemoveTree(layout.Generation(1));
  EXPECT_THAT(Refusal(), HasSubstr("web.service is not down, although no record says what is "
                                   "active: `systemctl stop web.service`, then uninstall again"));
  ExpectThatTheHostIsAsItWas();
  systemd.StopByHand("web.service");
  Uninstall(host);
  EXPECT_FALSE(base::Exists(layout.root()));
  EXPECT_FALSE(base::LstatIfThere(units + "/web.service"));
}

}  // namespace
}  // namespace activator

// The checks after a boot, on real hosts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "images/version/image_directory.h"
#include "tests/e2e/applications.h"

namespace tests {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class AfterBootTest : public testing::TestWithParam<const char*> {
 protected:
  void WaitForEvent(const std::string& words) const {
    host_.MustRun("until grep -q '" + words + "' /var/lib/images/history.jsonl; do sleep 0.2; done",
                  {.timeout = std::chrono::seconds(90)});
  }

  Applications applications_;
  TestHost host_{"boots", {.suite = GetParam(), .disk = ""}};
};

TEST_P(AfterBootTest, TheChecksAreAskedAndItGoesBackOnce) {
  const json brief = {{"settle_seconds", 0}};
  const std::string good = applications_.Build("app", {{"health", brief}});
  ASSERT_EQ(PushAndActivate(host_, {good}).exit_code, 0);
  // Its check passes for as long as a file is there that its hook makes.
  const std::string next = applications_.Build(
      "app", {{"state", true},
              {"hooks", {{"before_start", {{"/bin/actor", "note", "log", "up"}}}}},
              {"health",
               {{"exec", {"/bin/actor", "expect", "log", "up"}},
                {"settle_seconds", 0},
                {"timeout_seconds", 5},
                {"after_boot", "rollback"}}}});
  const RunResult second = PushAndActivate(host_, {next});
  ASSERT_EQ(second.exit_code, 0) << second.err;
  host_.Reboot();
  WaitForEvent("\"event\":\"boot-healthy\".*\"generation\":2");
  EXPECT_EQ(Current(host_), "generations/2\n");
  host_.MustRun("rm /var/lib/private/app/log");
  host_.Reboot();
  WaitForEvent("\"event\":\"activated\".*\"what\":\"after_boot\"");
  EXPECT_THAT(host_.MustRun("cat /var/lib/images/history.jsonl"),
              HasSubstr("app.service is active, but its check /bin/actor did not pass"));
  EXPECT_EQ(Current(host_), "generations/1\n");
  EXPECT_EQ(RootImageOf(host_, "app.service"),
            "/var/lib/images/app/" + images::ImageDirectory(good).id().text() + "/image.erofs");
  host_.Reboot();
  WaitForEvent("\"event\":\"boot-healthy\".*\"generation\":1");
  EXPECT_EQ(Current(host_), "generations/1\n");
}

INSTANTIATE_TEST_SUITE_P(Systemd, AfterBootTest, testing::Values("bookworm", "trixie", "forky"));

}  // namespace
}  // namespace tests

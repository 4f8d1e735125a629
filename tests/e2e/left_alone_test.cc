// What a switch, "nothing to do" and status say of services that nobody changed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/applications.h"

namespace tests {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class LeftAloneTest : public testing::Test {
 protected:
  static json Brief(const json& service) {
    json out = {{"health", {{"settle_seconds", 0}}}};
    out.merge_patch(service);
    return out;
  }
  // A version of the application that the switches below change.
  std::string Changing(const std::string& text) {
    return applications_.Build("changing",
                               Brief({{"exec", {"/bin/actor", "serve", "8081", "0", text}}}));
  }
  // The switch to `image` and the way back by --rollback both name the problem; both happen.
  void ExpectNamed(const std::string& image, const std::string& problem) {
    const auto expect_named = [&](const RunResult& result) {
      EXPECT_EQ(result.exit_code, 4) << result.err;
      EXPECT_THAT(result.err, HasSubstr(problem));
    };
    expect_named(PushAndActivate(host_, {image}));
    EXPECT_NE(host_.Get("http://127.0.0.1:8081/").body, "one");
    expect_named(Activate(host_, "--rollback"));
    EXPECT_EQ(host_.Get("http://127.0.0.1:8081/").body, "one");
    expect_named(Activate(host_, "--latest"));
  }
  void ExpectStatus(const std::string& command, int code, const std::string& text) const {
    const RunResult status = Activate(host_, command);
    EXPECT_EQ(status.exit_code, code) << status.out;
    EXPECT_THAT(status.out, HasSubstr(text));
  }

  Applications applications_;
  TestHost host_{"leftalone"};
};

TEST_F(LeftAloneTest, AreLookedAtBeforeAnythingIsCalledHealthy) {
  const std::string checked = applications_.Build(
      "checked", Brief({{"ports", {8080}}, {"health", {{"http", "/"}, {"try_seconds", 1}}}}));
  const RunResult first = PushAndActivate(host_, {checked, Changing("one")});
  ASSERT_EQ(first.exit_code, 0) << first.err;

  // It runs, and answers no more.
  host_.MustRun("systemctl kill --signal=STOP checked");
  ExpectNamed(Changing("two"), "checked.service is active, but its check http://localhost:8080/ ");
  EXPECT_THAT(Activate(host_, "--generation 1 --dry-run").err, HasSubstr("but its check http://"));
  host_.MustRun("systemctl kill --signal=CONT checked");
  MustActivate(host_, "--generation 1");

  // It ends every few seconds, and is started again.
  const json loops = {{"exec", {"/bin/actor", "exit", "3", "1", "gave up"}}};
  ASSERT_EQ(PushAndActivate(host_, {applications_.Build("loops", Brief(loops))}).exit_code, 0);
  host_.MustRun(
      "until [ \"$(systemctl show -P NRestarts loops)\" -gt 0 ] && systemctl is-active -q loops; "
      "do sleep 0.1; done");
  ExpectNamed(Changing("three"), "loops.service ended ");  // before the look, or during it
  ExpectStatus("status", 4, "loops.service ended ");
  MustActivate(host_, "remove loops");

  // A job that its timer starts, and whose last run failed.
  const auto job = [&](const std::string& status) {
    return applications_.Build("job", {{"exec", {"/bin/actor", "exit", "0", status, "no room"}},
                                       {"type", "oneshot"},
                                       {"schedule", "yearly"}});
  };
  ASSERT_EQ(PushAndActivate(host_, {job("5")}).exit_code, 0);
  ExpectStatus("status --check", 0, "the host matches");
  EXPECT_NE(host_.Run("systemctl start job").exit_code, 0);
  for (const char* command : {"status", "status --check"}) {
    ExpectStatus(command, 4, "job.service failed in its last run (exit-code, status 5)");
  }
  ExpectNamed(Changing("four"), "job.service failed in its last run (exit-code, status 5)");
  // While the next one goes on, systemd itself knows nothing of that.
  host_.MustRun(
      "cd /etc/systemd/system && mkdir job.service.d && printf "
      "'[Service]\\nExecStartPre=/bin/actor "
      "exit 1000 0 late\\n' >job.service.d/late.conf && systemctl daemon-reload && "
      "systemctl start --no-block job && until systemctl show -P SubState job | grep start-pre; "
      "do sleep 0.1; done");
  for (const char* command : {"status", "status --check"}) {
    ExpectStatus(command, 4, "job.service failed in its last run (exit-code, status 5), and runs ");
  }
  host_.MustRun("rm -r /etc/systemd/system/job.service.d && systemctl daemon-reload");
  MustPushTo(host_, {job("6")});
  MustActivate(host_, "--latest");
  ExpectStatus("status", 0, "the host matches");  // what ran is the version before
  host_.MustRun("systemctl stop job && ! systemctl start job");
  ExpectStatus("status", 4, "job.service failed in its last run (exit-code, status 6)");
  MustPushTo(host_, {job("0")});
  MustActivate(host_, "--latest");
  ExpectStatus("status", 0, "the host matches");
}

}  // namespace
}  // namespace tests

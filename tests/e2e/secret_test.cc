// Secrets of applications on real hosts of several releases of systemd: kept, read, rotated.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/applications.h"

namespace tests {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

class SecretsTest : public testing::TestWithParam<const char*> {
 protected:
  RunResult Set(const std::string& value, const std::string& options = "") const {
    return host_.Run("/var/lib/images/bin/activate secret set " + options + " app db-password",
                     {.input = value});
  }
  std::string Served() const { return host_.Get("http://127.0.0.1:8080/").body; }
  // Nowhere but in what systemd shows to the service.
  void ExpectFoundNowhere(const std::string& value) const {
    EXPECT_EQ(
        host_.Run("grep -raF " + value + " /var/lib/images /etc/systemd /run/systemd/system").out,
        "");
    EXPECT_THAT(host_.MustRun("journalctl --no-pager -o export | cat -v"), Not(HasSubstr(value)));
    for (const char* report : {"history", "report --debug", "secret list", "secret list --json",
                               "render", "status --json"}) {
      EXPECT_THAT(host_.Run("/var/lib/images/bin/activate " + std::string(report)).out,
                  Not(HasSubstr(value)))
          << report;
    }
  }

  Applications applications_;
  const std::string reader_ = applications_.Build(
      "app", {{"exec", {"/bin/actor", "serve-secret", "8080", "db-password"}},
              {"secrets", {"db-password"}},
              {"hooks", {{"before_start", {{"/bin/actor", "has-secret", "db-password"}}}}},
              {"health",
               {{"exec", {"/bin/actor", "has-secret", "db-password"}},
                {"timeout_seconds", 10},
                {"settle_seconds", 1}}}});
  const std::string other_ =
      applications_.Build("other", {{"exec", {"/bin/actor", "serve", "8081", "0", "other"}},
                                    {"health", {{"settle_seconds", 0}}}});
  TestHost host_{"secret", {.suite = GetParam(), .disk = ""}};
};

TEST_P(SecretsTest, AreSetReadAndRotated) {
  const std::string wish =
      "--generation " + std::to_string(MustPushTo(host_, {reader_, other_}).generation);
  const RunResult refused = Activate(host_, wish);
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.err, HasSubstr("service app needs the secret db-password: activate secret "
                                     "set app db-password"));
  ASSERT_EQ(Set("first-value\n").exit_code, 0);
  MustActivate(host_, wish);
  EXPECT_EQ(Served(), "first-value");
  EXPECT_THAT(host_.MustRun("/var/lib/images/bin/activate secret list"),
              HasSubstr("encrypted, read by app.service"));

  const std::string other = StartOf(host_, "other.service");
  const RunResult rotated = Set("second-value\n");
  EXPECT_EQ(rotated.exit_code, 0) << rotated.err;
  EXPECT_EQ(Served(), "second-value");
  EXPECT_EQ(StartOf(host_, "other.service"), other);

  const std::string start = StartOf(host_, "app.service");
  EXPECT_THAT(Set("second-value\n").err, HasSubstr("nothing to do"));
  EXPECT_EQ(StartOf(host_, "app.service"), start);
  MustActivate(host_, "status --check");
  ExpectFoundNowhere("second-value");
}

TEST_P(SecretsTest, ABadOneGoesBackAndOneThatWaitsIsDrift) {
  ASSERT_EQ(PushAndActivate(host_, {other_}).exit_code, 0);
  ASSERT_EQ(Set("good").exit_code, 0);
  ASSERT_EQ(PushAndActivate(host_, {reader_}).exit_code, 0);
  const RunResult bad = Set("bad");
  EXPECT_EQ(bad.exit_code, 3) << bad.err;
  EXPECT_THAT(bad.err, HasSubstr("the secret db-password of app was not set: app.service"));
  EXPECT_EQ(Served(), "good");
  host_.MustRun("/var/lib/images/bin/activate status --check");

  ASSERT_EQ(Set("waits", "--no-restart").exit_code, 0);
  const RunResult status = Activate(host_, "status --check");
  EXPECT_EQ(status.exit_code, 4);
  EXPECT_THAT(status.out, HasSubstr("the secret db-password is newer than what it runs with"));
  EXPECT_EQ(Served(), "good");
  host_.Reboot();
  host_.MustRun("for i in $(seq 100); do systemctl is-active app && break; sleep 0.1; done");
  EXPECT_EQ(Page(host_, "http://127.0.0.1:8080/"), "waits");
  EXPECT_EQ(Activate(host_, "secret remove app db-password").exit_code, 1);
}

TEST_P(SecretsTest, GoToSystemdCredsThroughAPipeAlone) {
  ASSERT_EQ(PushAndActivate(host_, {other_}).exit_code, 0);
  host_.MustRun(
      "mv /usr/bin/systemd-creds /usr/bin/real-creds && "
      "printf '#!/bin/sh\\n(echo \"$@\"; env) >>/root/seen\\nexec real-creds \"$@\"\\n' "
      ">/usr/bin/systemd-creds && chmod +x /usr/bin/systemd-creds");
  ASSERT_EQ(Set("a-value").exit_code, 0);
  const std::string seen = host_.MustRun("cat /root/seen");
  EXPECT_THAT(seen, HasSubstr("encrypt --with-key=host --name=db-password - -\n"));
  EXPECT_THAT(seen, Not(HasSubstr("a-value")));
}

TEST_P(SecretsTest, ArePlainWhereNothingEncryptsAndOutliveAnUninstall) {
  host_.MustRun("rm /usr/bin/systemd-creds");
  ASSERT_EQ(PushAndActivate(host_, {other_}).exit_code, 0);
  ASSERT_EQ(Set("plain-value").exit_code, 0);
  ASSERT_EQ(PushAndActivate(host_, {reader_}).exit_code, 0);
  EXPECT_EQ(Served(), "plain-value");
  EXPECT_EQ(Set("bad").exit_code, 3);
  EXPECT_EQ(Served(), "plain-value");
  EXPECT_THAT(host_.MustRun("/var/lib/images/bin/activate secret list"),
              HasSubstr("plain, read by app.service"));
  const std::string file = "/var/lib/images/.secrets/plain/app/db-password";
  EXPECT_EQ(host_.MustRun("stat -c '%a %u' " + file), "600 0\n");
  EXPECT_EQ(host_.MustRun("grep -raFl plain-value /var/lib/images"), file + "\n");
  host_.MustRun("/var/lib/images/bin/activate prune --keep 1");
  EXPECT_THAT(host_.MustRun("/var/lib/images/bin/activate uninstall --stop"),
              HasSubstr("/var/lib/images/.secrets"));
  EXPECT_EQ(host_.MustRun("cat " + file), "plain-value");
}

// ssh's standard input is the value's way to another host as well.
TEST_P(SecretsTest, AreSetFromAfar) {
  ASSERT_EQ(PushAndActivate(host_, {other_}).exit_code, 0);
  const RunResult set = RunCommand({SLIPWAY_BIN "/activate", "--ssh", "ssh -F " + host_.SshConfig(),
                                    "--host", host_.Name(), "secret", "set", "app", "db-password"},
                                   {.input = "from-afar"});
  ASSERT_EQ(set.exit_code, 0) << set.err;
  ASSERT_EQ(PushAndActivate(host_, {reader_}).exit_code, 0);
  EXPECT_EQ(Served(), "from-afar");
  ExpectFoundNowhere("from-afar");
}

INSTANTIATE_TEST_SUITE_P(Systemd, SecretsTest, testing::Values("bookworm", "trixie", "forky"));

}  // namespace
}  // namespace tests

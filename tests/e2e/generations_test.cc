// Generations, their history and their pruning on a real host, asked for there and from here.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/atomic_file.h"
#include "tests/e2e/scene.h"

namespace tests {
namespace {

using testing::HasSubstr;
using testing::Not;

class GenerationsTest : public testing::Test {
 protected:
  std::string Hello(const std::string& description) {
    return workshop_.Build(
        "hello", "hello",
        {{"services", {{"hello", {{"directives", {{"Unit", {{"Description", description}}}}}}}}}});
  }
  // `activate --host` on this machine.
  static RunResult FromHere(const TestHost& host, const std::vector<std::string>& arguments) {
    std::vector<std::string> argv = {SLIPWAY_BIN "/activate", "--host", host.Name()};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    return RunCommand(argv, {.env = {"SLIPWAY_SSH=ssh -F " + host.SshConfig()},
                             .timeout = std::chrono::seconds(120)});
  }
  static std::string Current(const TestHost& host) {
    return host.MustRun("readlink /var/lib/images/current");
  }

  Workshop workshop_;
};

TEST_F(GenerationsTest, AnApplicationGoesBackIsSetAndRemovedFromHere) {
  const std::string one = Hello("one");
  const std::string two = Hello("two");
  const TestHost host("apps");
  MustPushTo(host, {one});
  const RunResult plan = FromHere(host, {"--latest", "--dry-run"});
  EXPECT_EQ(plan.exit_code, 0) << plan.err;
  EXPECT_THAT(plan.out, HasSubstr("+ hello.service  added: started"));
  MustActivate(host, "--latest");
  MustPushTo(host, {two});
  EXPECT_THAT(FromHere(host, {"diff"}).out, HasSubstr("+Description=two"));
  const RunResult latest = FromHere(host, {"--latest", "--json"});
  ASSERT_EQ(latest.exit_code, 0) << latest.err;
  const nlohmann::json event = nlohmann::json::parse(latest.out);
  EXPECT_EQ(event.at("event"), "activated");
  EXPECT_EQ(event.at("what"), "--latest");
  EXPECT_THAT(event.at("by").get<std::string>(), HasSubstr("root from "));
  EXPECT_GT(event.at("duration_ms").get<uint64_t>(), 0U);
  ASSERT_EQ(FromHere(host, {"--rollback", "hello"}).exit_code, 0);
  EXPECT_EQ(Current(host), "generations/3\n");
  EXPECT_EQ(host.MustRun("systemctl show -p Description --value hello"), "one\n");
  const RunResult set = FromHere(host, {"--set", "hello=" + base::BaseName(two)});
  ASSERT_EQ(set.exit_code, 0) << set.err;
  EXPECT_EQ(host.MustRun("systemctl show -p Description --value hello"), "two\n");
  const RunResult again = FromHere(host, {"--set", "hello=" + base::BaseName(two)});
  EXPECT_EQ(again.exit_code, 0);
  EXPECT_THAT(again.err, HasSubstr("nothing to do"));
  ASSERT_EQ(FromHere(host, {"remove", "hello"}).exit_code, 0);
  EXPECT_NE(host.Run("systemctl is-active hello").exit_code, 0);
  EXPECT_EQ(FromHere(host, {"remove", "hello"}).exit_code, 1);
  EXPECT_THAT(FromHere(host, {"history"}).out, HasSubstr("(remove hello, "));
}

// The label is shown wherever people look, and is no reason to restart what is the same.
TEST_F(GenerationsTest, VersionsAreShownByTheirLabels) {
  const auto build = [&](const std::string& description, const std::string& label) {
    return workshop_.Build(
        "hello", "hello",
        {{"version", label},
         {"services", {{"hello", {{"directives", {{"Unit", {{"Description", description}}}}}}}}}});
  };
  const std::string one = build("one", "1.4.0");
  const TestHost host("labels");
  MustPushTo(host, {one});
  MustActivate(host, "--latest");
  const std::string two = build("two", "1.4.1");
  const RunResult plan = Imgpush(host.SshConfig(), {"--plan", host.Name(), two});
  EXPECT_THAT(plan.out, HasSubstr("hello 1.4.0 (")) << plan.err;
  EXPECT_THAT(plan.out, HasSubstr(" -> 1.4.1 ("));
  MustPushTo(host, {two});
  const std::string diff = Activate(host, "diff").out;
  EXPECT_THAT(diff, HasSubstr(base::BaseName(one) + " (1.4.0)"));
  EXPECT_THAT(diff, HasSubstr(base::BaseName(two) + " (1.4.1)"));
  MustActivate(host, "--latest");
  EXPECT_THAT(Activate(host, "list").out, testing::AllOf(HasSubstr("1.4.0"), HasSubstr("1.4.1")));
  EXPECT_THAT(Activate(host, "status").out, HasSubstr(base::BaseName(two) + " (1.4.1)"));
  EXPECT_THAT(Activate(host, "history").out,
              testing::AllOf(HasSubstr("hello " + base::BaseName(one) + " (1.4.0)"),
                             HasSubstr("hello " + base::BaseName(two) + " (1.4.1)")));
  const std::string start = StartOf(host, "hello.service");
  const Push again = MustPushTo(host, {build("two", "1.4.2")});
  EXPECT_THAT(again.result.err + again.result.out,
              HasSubstr("hello has the content of version 1.4.1 there; its label is 1.4.2 now"));
  EXPECT_THAT(Activate(host, "status").out, HasSubstr(base::BaseName(two) + " (1.4.2)"));
  EXPECT_EQ(StartOf(host, "hello.service"), start);
}

TEST_F(GenerationsTest, StatusTellsOfDriftAndOverridesToEverybody) {
  const TestHost host("drift");
  MustPushTo(host, {Hello("one")});
  MustActivate(host, "--latest");
  const auto status = [&] { return Activate(host, "status").out; };
  EXPECT_THAT(status(), HasSubstr("the host matches generation 1"));
  host.MustRun(
      "mkdir -p /etc/systemd/system/hello.service.d && printf '[Service]\\nNice=5\\n' "
      ">/etc/systemd/system/hello.service.d/nice.conf && systemctl daemon-reload");
  EXPECT_THAT(status(), HasSubstr("override: /etc/systemd/system/hello.service.d/nice.conf"));
  EXPECT_THAT(status(), HasSubstr("the host matches generation 1"));
  const std::string as_nobody =
      host.MustRun("setpriv --reuid=65534 --clear-groups /var/lib/images/bin/activate status");
  EXPECT_THAT(as_nobody, HasSubstr("active (running)"));
  EXPECT_THAT(as_nobody, HasSubstr("the host matches generation 1"));
  host.MustRun("systemctl mask --runtime hello; rm /etc/systemd/system/hello.service");
  EXPECT_THAT(status(), HasSubstr("its link /etc/systemd/system/hello.service is missing"));
  const std::string start = StartOf(host, "hello.service");
  MustActivate(host, "--generation 1");
  EXPECT_THAT(status(), HasSubstr("the host matches generation 1"));
  host.MustRun("rm /var/lib/images/current");
  EXPECT_THAT(status(), HasSubstr("by its record generation 1 is active"));
  MustActivate(host, "--generation 1");
  EXPECT_THAT(status(), HasSubstr("the host matches generation 1"));
  EXPECT_EQ(StartOf(host, "hello.service"), start);  // what ran goes on
}

TEST_F(GenerationsTest, StatusWorksWhileASwitchRunsForOthersToo) {
  const std::string slow = workshop_.Build(
      "hello", "hello", {{"services", {{"hello", {{"health", {{"settle_seconds", 20}}}}}}}});
  const TestHost host("busy");
  MustPushTo(host, {slow});
  host.MustRun(
      "systemd-run --unit=switcher /var/lib/images/bin/activate --latest; "
      "until [ -e /var/lib/images/switch.json ]; do sleep 0.1; done");
  EXPECT_THAT(Activate(host, "status").out, HasSubstr("is in progress"));
  const std::string as_nobody =
      host.MustRun("setpriv --reuid=65534 --clear-groups /var/lib/images/bin/activate status");
  EXPECT_THAT(as_nobody, HasSubstr("is in progress ("));
  EXPECT_THAT(as_nobody, Not(HasSubstr("cut off")));
}

TEST_F(GenerationsTest, ADamagedImageIsFoundAndMendedByTheNextPush) {
  const std::string image = Hello("one");
  const TestHost host("damage");
  MustPushTo(host, {image});
  MustActivate(host, "--latest");
  EXPECT_EQ(Activate(host, "verify").exit_code, 0);
  host.MustRun(
      "printf broken | dd of=$(ls /var/lib/images/hello/*/image.erofs) bs=1 seek=9000 "
      "conv=notrunc");
  const RunResult found = FromHere(host, {"verify", "--repair"});
  EXPECT_EQ(found.exit_code, 6);
  EXPECT_THAT(found.out, HasSubstr("DAMAGED: 1 of "));
  const Push repair = MustPushTo(host, {image});
  EXPECT_LT(repair.sent_bytes, repair.image_bytes);
  EXPECT_EQ(nlohmann::json::parse(repair.result.out).at(0).at("replaced").at(0), "hello");
  EXPECT_EQ(Activate(host, "verify").exit_code, 0);
  EXPECT_THAT(Activate(host, "status").out, HasSubstr("`activate --generation 1` restarts it"));
  MustActivate(host, "--generation 1");
  EXPECT_THAT(Activate(host, "status").out, HasSubstr("the host matches generation 1"));
}

}  // namespace
}  // namespace tests

// Checks, hooks and bad services on real hosts of several releases of systemd.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "images/version/image_directory.h"
#include "tests/e2e/applications.h"

namespace tests {
namespace {

using nlohmann::json;
using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;

class ServiceTest : public testing::TestWithParam<const char*> {
 protected:
  std::string App(const json& service) { return applications_.Build("app", service); }
  // The application of this generation answers, and no switch is open.
  void ExpectRuns(const std::string& image) const {
    EXPECT_EQ(RootImageOf(host_, "app.service"),
              "/var/lib/images/app/" + images::ImageDirectory(image).id().text() + "/image.erofs");
    EXPECT_EQ(host_.Get("http://127.0.0.1:8080/").body, "hello");
    EXPECT_EQ(host_.Run("test -e /var/lib/images/switch.json").exit_code, 1);
  }
  // Returns what it said.
  std::string ExpectGoesBack(const std::string& image, const json& service,
                             const std::string& why) {
    const std::string before = Current(host_);
    const RunResult result = PushAndActivate(host_, {App(service)});
    EXPECT_EQ(result.exit_code, 3) << result.out << result.err;
    EXPECT_THAT(result.err, HasSubstr(why));
    EXPECT_EQ(Current(host_), before);
    ExpectRuns(image);
    return result.err;
  }

  Applications applications_;
  TestHost host_{"service", {.suite = GetParam(), .disk = ""}};
};

TEST_P(ServiceTest, OneThatDoesNotStayUpIsLeftAgain) {
  const json brief = {{"settle_seconds", 3}, {"timeout_seconds", 5}};
  const std::string good = App({{"health", {{"settle_seconds", 0}}}});
  ASSERT_EQ(PushAndActivate(host_, {good}).exit_code, 0);
  ExpectGoesBack(good, {{"exec", {"/bin/actor", "exit", "1", "7", "gave up"}}, {"health", brief}},
                 "app.service ended (exit-code, status 7) and had to be restarted\n"
                 "  generation 1 runs again\n"
                 "  the log of app.service ends:\n    ");
  const std::string said =
      ExpectGoesBack(good,
                     {{"exec", {"/bin/actor", "exit", "0", "7", "gave in"}},
                      {"health", brief},
                      {"directives", {{"Service", {{"Restart", "always"}, {"RestartSec", "0"}}}}}},
                     "gave in");
  EXPECT_THAT(said, Not(HasSubstr("gave up")));  // the log of this version's runs alone
  ExpectGoesBack(good, {{"type", "notify"}, {"health", brief}},
                 "app.service is still activating (start) after 5 s");
  ExpectGoesBack(good, {{"exec", {"/bin/actor", "exit", "0", "0", "done"}}, {"health", brief}},
                 "app.service is not running: it ended at once, with success\n");
  const auto unit = [](const std::string& option) {
    return json{{"directives", {{"Unit", {{option, "/nowhere"}}}}}};
  };
  ExpectGoesBack(good, unit("ConditionPathExists"),
                 "app.service is not running: a condition of its unit is not met "
                 "(ConditionPathExists=/nowhere)\n");
}

TEST_P(ServiceTest, OneThatIgnoresSigtermIsKilled) {
  const json stop = {{"Service", {{"TimeoutStopSec", "2"}}}};
  ASSERT_EQ(PushAndActivate(host_, {App({{"exec", {"/bin/actor", "stubborn"}},
                                         {"directives", stop},
                                         {"health", {{"settle_seconds", 0}}}})})
                .exit_code,
            0);
  const std::string good = App({{"health", {{"settle_seconds", 0}}}});
  const RunResult result = PushAndActivate(host_, {good});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  ExpectRuns(good);
}

TEST_P(ServiceTest, AMissingOrOpenCredentialIsSaidBeforeAnythingIsTouched) {
  const std::string good = App({{"health", {{"settle_seconds", 0}}}});
  ASSERT_EQ(PushAndActivate(host_, {good}).exit_code, 0);
  const std::string secret =
      App({{"credentials", {{"key", "/etc/slipway.key"}}}, {"health", {{"settle_seconds", 0}}}});
  const std::string latest =
      "--generation " + std::to_string(MustPushTo(host_, {secret}).generation);
  const std::string start = StartOf(host_, "app.service");
  for (const auto& [make, why] : std::vector<std::pair<std::string, std::string>>{
           {"true", "its credential /etc/slipway.key is not on this host"},
           {"echo secret >/etc/slipway.key",
            "everybody can read its credential /etc/slipway.key"}}) {
    host_.MustRun(make);
    const RunResult result = Activate(host_, latest);
    EXPECT_EQ(result.exit_code, 1) << result.err;
    EXPECT_THAT(result.err, HasSubstr(why));
  }
  EXPECT_EQ(StartOf(host_, "app.service"), start);
  host_.MustRun("chmod o= /etc/slipway.key");
  MustActivate(host_, latest);
  ExpectRuns(secret);
}

TEST_P(ServiceTest, WhatIsRefusedIsRehearsedListedAndTriedAgain) {
  const json brief = {{"settle_seconds", 0}};
  ASSERT_EQ(PushAndActivate(host_, {App({{"health", brief}})}).exit_code, 0);
  const std::string next = App({{"credentials", {{"key", "/etc/slipway.key"}}},
                                {"binds", {{{"host", "/srv/none"}, {"image", "/srv/none"}}}},
                                {"health", brief}});
  const auto expect_refused = [&](const RunResult& result) {
    EXPECT_EQ(result.exit_code, 1) << result.err;
    EXPECT_THAT(result.err, HasSubstr("\n  service app binds /srv/none, which is not on this"));
    EXPECT_THAT(result.err, HasSubstr("\n  app: service app: its credential /etc/slipway.key is "));
  };
  const RunResult plan = Imgpush(host_.SshConfig(), {"--plan", host_.Name(), next});
  expect_refused(plan);
  EXPECT_THAT(plan.out, HasSubstr("activating it would be refused"));
  MustPushTo(host_, {next});
  const std::string history = host_.MustRun("cat /var/lib/images/history.jsonl");
  expect_refused(Activate(host_, "--latest --dry-run"));
  EXPECT_EQ(host_.MustRun("cat /var/lib/images/history.jsonl"), history);
  expect_refused(Activate(host_, "--latest"));
  EXPECT_EQ(Current(host_), "generations/1\n");
  host_.MustRun("mkdir /srv/none && install -m 600 /dev/null /etc/slipway.key");
  MustActivate(host_, "--latest --dry-run");
  EXPECT_EQ(Current(host_), "generations/1\n");
  MustActivate(host_, "--latest");
  EXPECT_EQ(Current(host_), "generations/2\n");
  ExpectRuns(next);
}

TEST_P(ServiceTest, AWatchdogThatIsNeverToldGoesBack) {
  const json brief = {{"settle_seconds", 0}};
  const std::string good = App({{"health", brief}});
  const json watchdog = {{"Service", {{"WatchdogSec", "4"}}}};
  ASSERT_EQ(PushAndActivate(host_, {good}).exit_code, 0);
  ExpectGoesBack(good, {{"health", brief}, {"directives", watchdog}}, "watchdog");
  const RunResult told = PushAndActivate(
      host_,
      {App({{"exec", {"/bin/actor", "ping"}}, {"health", brief}, {"directives", watchdog}})});
  EXPECT_EQ(told.exit_code, 0) << told.err;
}

TEST_P(ServiceTest, ARebootInTheMiddleOfASwitchGoesBack) {
  const std::string good = App({{"health", {{"settle_seconds", 0}}}});
  ASSERT_EQ(PushAndActivate(host_, {good}).exit_code, 0);
  MustPushTo(host_, {App({{"health", {{"settle_seconds", 100}}}})});
  host_.MustRun(
      "systemd-run --unit=switcher /var/lib/images/bin/activate --latest && "
      "until [ \"$(readlink /var/lib/images/current)\" = generations/2 ]; do sleep 0.1; done");
  host_.Reboot();
  EXPECT_EQ(Page(host_, "http://127.0.0.1:8080/"), "hello");
  EXPECT_EQ(Current(host_), "generations/1\n");
  ExpectRuns(good);
  EXPECT_THAT(Activate(host_, "status").out, HasSubstr("generation 2 rolled-back"));
}

TEST_P(ServiceTest, AChecksAnswersDecide) {
  const json health = {{"http", "/ready"},
                       {"body", "hello"},
                       {"settle_seconds", 0},
                       {"interval_seconds", 1},
                       {"timeout_seconds", 8}};
  const std::string good = App({{"exec", {"/bin/actor", "serve", "8080", "2", "hello"}},
                                {"ports", {8080}},
                                {"health", health}});
  const RunResult first = PushAndActivate(host_, {good});
  ASSERT_EQ(first.exit_code, 0) << first.err;
  EXPECT_THAT(host_.MustRun("journalctl --sync; journalctl -b -u app -o cat"),
              HasSubstr("answered 500, 1 to go"));
  ExpectGoesBack(good,
                 {{"exec", {"/bin/actor", "serve", "8080", "99", "hello"}},
                  {"ports", {8080}},
                  {"health", health}},
                 "app.service is active, but its check http://localhost:8080/ready did not pass "
                 "within 8 s: status 500 instead of 200\n"
                 "  generation 1 runs again\n"
                 "  what the check of app.service was told:\n    no database yet\n"
                 "  the log of app.service ends:\n    ");
  ExpectGoesBack(
      good, {{"health", {{"tcp", 8081}, {"timeout_seconds", 2}}}},
      "its check of localhost:8081 did not pass within 2 s: Could not connect to server");
  const json state = {{"exec", kServe}, {"state", true}};
  json noting = state;
  noting["exec_start_pre"] = {{"/bin/actor", "note", "log", "up"}};
  noting["health"] = {{"exec", {"/bin/actor", "expect", "log", "down"}}, {"timeout_seconds", 3}};
  ExpectGoesBack(good, noting, "there is no 'down uid=");
  noting["health"]["exec"] = {"/bin/actor", "expect", "log", "up"};
  const RunResult last = PushAndActivate(host_, {App(noting)});
  EXPECT_EQ(last.exit_code, 0) << last.err;
}

TEST_P(ServiceTest, HooksRunAsTheServiceAndStopASwitchWhereTheyFail) {
  json service = {
      {"state", true},
      {"runtime", true},
      {"exec_start_pre", {{"/bin/actor", "expect", "log", "migrated"}}},
      {"health", {{"settle_seconds", 0}}},
      {"hooks",
       {{"before_start",
         {{"/bin/actor", "note", "log", "first"}, {"/bin/actor", "note", "log", "migrated"}}},
        {"after_healthy", {{"/bin/actor", "note", "log", "warm"}}},
        {"timeout_seconds", 3}}}};
  const std::string good = App(service);
  const RunResult first = PushAndActivate(host_, {good});
  ASSERT_EQ(first.exit_code, 0) << first.err;
  ExpectRuns(good);
  EXPECT_EQ(host_.MustRun("sed 's/ .*//' /var/lib/app/log"), "first\nmigrated\nwarm\n");
  EXPECT_EQ(host_.MustRun("sed 's/.* //' /var/lib/app/log | sort -u | wc -l"), "1\n");
  host_.MustRun("test -d /run/app && ! test -L /run/app");  // hooks that ended left it to it
  const json fails = {"/bin/actor", "exit", "0", "9", "no such table"};
  const json hangs = {"/bin/actor", "exit", "600", "0", "migrating"};
  service["exec_start_pre"] = json::array();
  for (const char* hook : {"before_start", "after_healthy"}) {
    json changed = service;
    changed["hooks"][hook] = {fails};
    ExpectGoesBack(good, changed, "no such table");
    changed["hooks"][hook] = {hangs};
    ExpectGoesBack(good, changed, "did not end within its time, and was stopped\n");
    EXPECT_EQ(host_.MustRun("pgrep -c -f '[a]ctor exit' || true"), "0\n");
  }
}

class TenApplicationsTest : public testing::TestWithParam<const char*> {};
class OperatorsTest : public testing::TestWithParam<const char*> {};
class DamageTest : public testing::TestWithParam<const char*> {};
class FullDiskTest : public testing::TestWithParam<const char*> {};

TEST_P(TenApplicationsTest, GoBackTogetherWhereTheSeventhFails) {
  Applications applications;
  const json health = {{"settle_seconds", 0}};
  std::vector<std::string> first;
  std::vector<std::string> second;
  for (int i = 1; i <= 10; ++i) {
    const std::string name = "app" + std::to_string(i);
    const std::string port = std::to_string(8000 + i);
    const auto version = [&](const std::string& text) {
      return applications.Build(
          name, {{"exec", {"/bin/actor", "serve", port, "0", text}}, {"health", health}});
    };
    first.push_back(version("one"));
    second.push_back(
        i != 7 ? version("two")
               : applications.Build(name, {{"exec", {"/bin/actor", "exit", "0", "1", "seventh"}},
                                           {"health", health}}));
  }
  const TestHost host("ten", {.suite = GetParam(), .disk = ""});
  ASSERT_EQ(PushAndActivate(host, first).exit_code, 0);
  const RunResult result = PushAndActivate(host, second);
  EXPECT_EQ(result.exit_code, 3) << result.err;
  EXPECT_THAT(result.err, HasSubstr("app7.service"));
  for (int i = 1; i <= 10; ++i) {
    const std::string url = "http://127.0.0.1:" + std::to_string(8000 + i) + "/";
    EXPECT_EQ(host.Get(url).body, "one") << url;
  }
  EXPECT_EQ(Current(host), "generations/1\n");
}

TEST_P(OperatorsTest, OfTwoAtOnceOneSwitchesAndTheOtherIsToldWhoDoes) {
  Applications applications;
  const TestHost host("two", {.suite = GetParam(), .disk = ""});
  const std::string image = applications.Build("app", {{"health", {{"settle_seconds", 6}}}});
  const uint64_t number = MustPushTo(host, {image}).generation;
  RunResult one;
  std::thread other([&] { one = Activate(host, "--generation " + std::to_string(number)); });
  host.MustRun("until [ -e /var/lib/images/switch.json ]; do sleep 0.1; done");
  const RunResult two = Activate(host, "--generation " + std::to_string(number));
  other.join();
  EXPECT_EQ(one.exit_code, 0) << one.err;
  EXPECT_EQ(two.exit_code, 5) << two.err;
  EXPECT_THAT(two.err, HasSubstr("is in use by activate switching"));
}

TEST_P(DamageTest, AnOlderGenerationWhoseImageWasDamagedIsNotActivated) {
  Applications applications;
  const TestHost host("damage", {.suite = GetParam(), .disk = ""});
  const json health = {{"settle_seconds", 0}};
  const std::string old = applications.Build("app", {{"health", health}});
  ASSERT_EQ(PushAndActivate(host, {old}).exit_code, 0);
  const std::string now = applications.Build("app", {{"health", health}, {"logs", true}});
  ASSERT_EQ(PushAndActivate(host, {now}).exit_code, 0);
  host.MustRun("printf x | dd of=/var/lib/images/app/" + images::ImageDirectory(old).id().text() +
               "/image.erofs bs=1 seek=5000 conv=notrunc status=none");
  const std::string start = StartOf(host, "app.service");
  for (const char* how : {"--generation 1", "--rollback"}) {
    const RunResult result = Activate(host, how);
    EXPECT_EQ(result.exit_code, 6) << result.err;
    EXPECT_THAT(result.err, HasSubstr("is damaged: its SHA-256 is"));
  }
  EXPECT_EQ(StartOf(host, "app.service"), start);
  EXPECT_EQ(Current(host), "generations/2\n");
}

// The disk is filled to its last byte after each step of a switch. Whatever became of it, one
// generation runs, status and `current` name it, and once there is room the next activation works.
TEST_P(FullDiskTest, AtAnyStepLeavesOneGenerationRunning) {
  Applications applications;
  const json health = {{"settle_seconds", 0}};
  const std::string one = applications.Build("app", {{"health", health}});
  const std::string two = applications.Build("app", {{"health", health}, {"logs", true}});
  const TestHost host("full", {.suite = GetParam(), .disk = "64M"});
  ASSERT_EQ(PushAndActivate(host, {one}, SLIPWAY_KILLED_AGENT).exit_code, 0);
  const uint64_t number = MustPushTo(host, {two}, SLIPWAY_KILLED_AGENT).generation;
  for (int step = 1; step <= 8; ++step) {
    host.MustRun("printf '#!/bin/sh\\n[ $1 != " + std::to_string(step) +
                 " ] || dd if=/dev/zero of=/var/lib/images/fill bs=4k 2>/dev/null || "
                 "dd if=/dev/zero of=/var/lib/images/fill2 bs=1 count=4k 2>/dev/null\\nexit 0\\n' "
                 ">/run/slipway-test-step && chmod +x /run/slipway-test-step");
    const RunResult result = Activate(host, "--generation " + std::to_string(number));
    EXPECT_THAT(result.exit_code, AnyOf(0, 3, 4)) << step << result.err;
    const std::string& image = Current(host) == "generations/1\n" ? one : two;
    EXPECT_EQ(RootImageOf(host, "app.service"),
              "/var/lib/images/app/" + images::ImageDirectory(image).id().text() + "/image.erofs")
        << step;
    EXPECT_THAT(Activate(host, "status").out,
                HasSubstr("app/" + images::ImageDirectory(image).id().text()))
        << step;
    host.MustRun("rm -f /var/lib/images/fill /var/lib/images/fill2 /run/slipway-test-step");
    MustActivate(host, "--generation 1");
    EXPECT_EQ(host.Run("test -e /var/lib/images/switch.json").exit_code, 1) << step;
  }
}

const auto kSystemds = testing::Values("bookworm", "trixie", "forky");  // 252, 257, 262
INSTANTIATE_TEST_SUITE_P(Systemd, ServiceTest, kSystemds);
INSTANTIATE_TEST_SUITE_P(Systemd, TenApplicationsTest, kSystemds);
INSTANTIATE_TEST_SUITE_P(Systemd, OperatorsTest, kSystemds);
INSTANTIATE_TEST_SUITE_P(Systemd, DamageTest, kSystemds);
INSTANTIATE_TEST_SUITE_P(Systemd, FullDiskTest, kSystemds);

}  // namespace
}  // namespace tests

// Several real hosts: `activate --host` with its tables, checks that are asked now, logs; and the
// waves of `imgpush`.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/atomic_file.h"
#include "tests/e2e/applications.h"

namespace tests {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

class HostsTest : public testing::Test {
 protected:
  HostsTest() {
    base::WriteFileAtomically(Config(),
                              base::ReadFile(one_.SshConfig()) + base::ReadFile(two_.SshConfig()));
    base::WriteFileAtomically(List(), R"({
      "groups": { "web": { "ssh": "root@%h", "root": "/srv/images" } },
      "hosts": { "one": { "groups": ["web"] }, "two": { "groups": ["web"] } } })");
  }
  std::string Web(const std::string& text) {
    return applications_.Build(
        "web", {{"exec", {"/bin/actor", "serve", "8080", "0", text}},
                {"health", {{"http", "http://127.0.0.1:8080/"}, {"try_seconds", 1}}}});
  }
  std::string Config() const { return folder_.path() + "/ssh_config"; }
  std::string List() const { return folder_.path() + "/hosts.json"; }
  std::string Ssh() const { return "ssh -F " + Config(); }
  RunResult Push(const std::string& hosts, const std::string& image) const {
    return Imgpush(Config(), {"--hosts", List(), hosts, image});
  }
  RunResult FromHere(const std::string& hosts, std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(),
                     {SLIPWAY_BIN "/activate", "--hosts", List(), "--ssh", Ssh(), "--host", hosts});
    return RunCommand(arguments, {.timeout = std::chrono::seconds(120)});
  }

  const base::TemporaryDirectory folder_{"/tmp", "slipway-hosts-"};
  Applications applications_;
  const TestHost one_{"one"};
  const TestHost two_{"two"};
};

TEST_F(HostsTest, AGroupIsPushedToSwitchedAndAskedAsOne) {
  const std::string image = Web("hello");
  const RunResult pushed = Push("@web", image);
  ASSERT_EQ(pushed.exit_code, 0) << pushed.err;
  // What imgpush prints for one host works as printed, with the root of the list.
  const size_t at = pushed.out.find("activate with: ", pushed.out.find("one: sent ")) + 15;
  const std::string printed = pushed.out.substr(at, pushed.out.find('\n', at) - at);
  EXPECT_THAT(printed, HasSubstr(" --hosts " + List() + " --host one --generation 1"));
  const RunResult by_line =
      RunCommand({"sh", "-c", printed}, {.timeout = std::chrono::seconds(90)});
  EXPECT_EQ(by_line.exit_code, 0) << by_line.err;

  const RunResult latest = FromHere("@web", {"--latest"});
  EXPECT_EQ(latest.exit_code, 0) << latest.err;
  EXPECT_THAT(latest.out, HasSubstr("\none   done\n"));
  EXPECT_THAT(latest.out, HasSubstr("\ntwo   generation 1 activated in "));
  EXPECT_THAT(latest.out, HasSubstr("generation 1 is active already: nothing to do"));
  const RunResult status = FromHere("one,two", {"status", "--check"});
  EXPECT_EQ(status.exit_code, 0) << status.out << status.err;
  EXPECT_THAT(status.out, HasSubstr("\ntwo   1           1      ok     web/"));

  // Both services run; one of them answers no more.
  two_.MustRun("systemctl kill --signal=STOP web.service");
  EXPECT_EQ(FromHere("@web", {"status"}).exit_code, 0);
  const RunResult check = FromHere("@web", {"status", "--check"});
  EXPECT_EQ(check.exit_code, 4) << check.out;
  EXPECT_THAT(check.out, HasSubstr("\ntwo   1           1      UNHEALTHY"));
  EXPECT_THAT(check.out,
              HasSubstr("\n  web.service is active, but its check http://127.0.0.1:8080/ did not"));
  const nlohmann::json report =
      nlohmann::json::parse(FromHere("@web", {"status", "--check", "--json"}).out);
  EXPECT_EQ(report.at(0).at("report").at("checked"), 1);
  EXPECT_EQ(report.at(1).at("exit_code"), 4);
  EXPECT_EQ(report.at(1).at("report").at("unhealthy").size(), 1U);
  // What is active already is no success where its check does not pass.
  const RunResult again = FromHere("two", {"--latest"});
  EXPECT_EQ(again.exit_code, 4) << again.err;
  EXPECT_THAT(again.err, HasSubstr("is active already, but not healthy"));
  two_.MustRun("systemctl kill --signal=CONT web.service; rm /etc/systemd/system/web.service");
  EXPECT_THAT(FromHere("two", {"status", "--check"}).out, HasSubstr("DIFFERS from generation 1"));
  EXPECT_EQ(FromHere("two", {"status", "--check"}).exit_code, 4);  // drift alone
  EXPECT_EQ(FromHere("two", {"status"}).exit_code, 0);

  EXPECT_THAT(FromHere("@web", {"list"}).out, HasSubstr("two  *    1  active"));
  two_.MustRun("rm -r /srv/images/bin");
  const RunResult away = FromHere("@web", {"history"});
  EXPECT_EQ(away.exit_code, 1);
  EXPECT_THAT(away.out,
              HasSubstr("two  failed (exit code 1)\ntwo    activate: error: there is no "));
}

TEST_F(HostsTest, ACanaryThatIsNotWellAnyMoreStopsTheRest) {
  const auto push = [&](const std::string& image) {
    return Imgpush(Config(), {"--hosts", List(), "--activate", "--yes", "--canary", "1", "--pause",
                              "0", "@web", image});
  };
  const RunResult good = push(Web("hello"));
  ASSERT_EQ(good.exit_code, 0) << good.err;
  // Somebody rolls the canary back in the pause, which lasts until they are done.
  const std::string out = folder_.path() + "/out";
  const RunResult left = RunCommand(
      {"sh", "-c",
       "\"$@\" >" + out + " & pid=$!; i=0; until grep -q '^one: generation 2 runs' " + out +
           "; do sleep 0.1; i=$((i+1)); [ $i -lt 600 ] || break; done; kill -STOP $pid; " +
           SLIPWAY_BIN "/activate --hosts " + List() + " --ssh '" + Ssh() +
           "' --host one --rollback; echo rollback $?; kill -CONT $pid; wait $pid",
       "sh", SLIPWAY_BIN "/imgpush", "--hosts", List(), "--ssh", Ssh(), "--activate", "--yes",
       "--canary", "1", "--pause", "10", "@web", Web("hello again")},
      {.timeout = std::chrono::seconds(120)});
  EXPECT_EQ(left.exit_code, 4) << left.err;
  EXPECT_EQ(left.out, "rollback 0\n");
  EXPECT_THAT(left.err, HasSubstr("imgpush: error: one: generation 1 runs there now, and not "
                                  "generation 2, which was activated: `activate history` says"));
  EXPECT_THAT(base::ReadFile(out),
              HasSubstr("0 of 2 hosts done, 1 failed: one, 1 not begun: two; "));
  // Its check passes during the switch, and not after the hook that comes last.
  const RunResult bad = push(applications_.Build(
      "web", {{"state", true},
              {"health", {{"exec", {"/bin/actor", "lack", "log", "warm"}}}},
              {"hooks", {{"after_healthy", {{"/bin/actor", "note", "log", "warm"}}}}}}));
  EXPECT_EQ(bad.exit_code, 4) << bad.err;
  EXPECT_THAT(bad.err, HasSubstr("imgpush: error: one: generation 3 was activated and is not "
                                 "healthy any more\n  web.service is active, but its check "));
  EXPECT_THAT(bad.out, HasSubstr("0 of 2 hosts done, 1 failed: one, 1 not begun: two; "));
  EXPECT_EQ(one_.MustRun("readlink /srv/images/current"), "generations/3\n");
  EXPECT_EQ(two_.MustRun("readlink /srv/images/current; ls /srv/images/generations"),
            "generations/1\n1\n");
}

TEST_F(HostsTest, LogsAreOfAllUnitsAndEndOnBothSidesWhereTheyAreFollowed) {
  ASSERT_EQ(Push("@web", Web("hello")).exit_code, 0);
  ASSERT_EQ(FromHere("@web", {"--latest"}).exit_code, 0);
  const RunResult logs = FromHere("@web", {"logs", "web", "-n", "5"});
  EXPECT_EQ(logs.exit_code, 0) << logs.err;
  EXPECT_THAT(logs.out, HasSubstr("one  20"));
  EXPECT_THAT(logs.out, HasSubstr("two  20"));
  EXPECT_THAT(logs.out, HasSubstr("Started web.service"));
  EXPECT_EQ(FromHere("one", {"logs", "wbe"}).exit_code, 1);
  EXPECT_THAT(FromHere("one", {"logs", "web", "--since", "2099-01-01"}).err,
              HasSubstr("the journal has nothing of web"));
  const RunResult bad = FromHere("one", {"logs", "web", "--since", "soon"});
  EXPECT_EQ(bad.exit_code, 2);
  EXPECT_THAT(bad.err, HasSubstr("soon"));

  // An interrupt of the program here, not of its children, ends journalctl there.
  const RunResult followed = RunCommand(
      {"sh", "-c",
       "cd " + folder_.path() +
           " && env --default-signal=INT \"$@\" >out 2>err & pid=$!; i=0; cd " + folder_.path() +
           "; until grep -q '^one .*Started web' out && grep -q '^two .*Started web' out; do "
           "sleep 0.1; i=$((i+1)); [ $i -lt 300 ] || break; done; ssh -F ssh_config one systemctl "
           "restart web; until grep -q '^one .*Stopped web' out; do sleep 0.1; i=$((i+1)); "
           "[ $i -lt 300 ] || break; done; kill -INT $pid; wait $pid; echo $?",
       "sh", SLIPWAY_BIN "/activate", "--hosts", List(), "--ssh", Ssh(), "--host", "@web", "logs",
       "web", "--follow"},
      {.timeout = std::chrono::seconds(120)});
  const std::string out = base::ReadFile(folder_.path() + "/out");
  EXPECT_EQ(followed.out, "0\n") << out << base::ReadFile(folder_.path() + "/err");
  EXPECT_THAT(out, HasSubstr("Stopped web.service"));
  for (const TestHost* host : {&one_, &two_}) {
    EXPECT_EQ(host->MustRun("i=0; while grep -lx journalctl /proc/[0-9]*/comm 2>/dev/null "
                            ">/tmp/left && [ $i -lt 100 ]; do sleep 0.1; i=$((i+1)); done; wc -l "
                            "</tmp/left"),
              "0\n");
  }
}

}  // namespace
}  // namespace tests

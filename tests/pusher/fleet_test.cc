// Many hosts: which they are, all at once, one that fails, one that hangs, SIGINT.
#include "pusher/fleet.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <atomic>
#include <mutex>
#include <set>
#include <thread>

#include "base/process.h"
#include "pusher/report.h"
#include "tests/pusher/imgpush_scene.h"

namespace pusher {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;
using testing::UnorderedElementsAre;

class FleetTest : public ImgpushTest {
 protected:
  std::string Folder(const std::string& name) const { return directory_.path() + "/" + name; }
  void WriteHosts(const std::string& text) const {
    base::WriteFileAtomically(directory_.path() + "/hosts.json", text);
  }
  Result RunWithHosts(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--hosts", directory_.path() + "/hosts.json"});
    return Run(arguments);
  }
  // The images that a host has.
  std::vector<std::string> Held(const std::string& name) const {
    std::vector<std::string> out;
    for (const std::string& entry : base::ListDirectory(Folder(name))) {
      if (entry == "nginx" || entry == "redis") {
        out.push_back(entry);
      }
    }
    return out;
  }
};

TEST_F(FleetTest, TwentyFoldersAtOnceAllHaveItByteForByte) {
  const std::string built = Build("app", 20, 0, "1");
  std::string hosts;
  for (int i = 0; i < 20; ++i) {
    hosts += (i > 0 ? ",dir:" : "dir:") + Folder("h" + std::to_string(i));
  }
  const Result result = Run({"--jobs", "20", hosts, "app"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.err, "");
  EXPECT_EQ(std::count(result.out.begin(), result.out.end(), '\n'), 21);
  EXPECT_THAT(result.out, HasSubstr("\n20 of 20 hosts done; sent 16."));
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(base::ReadFile(Folder("h" + std::to_string(i)) + "/app/" + base::BaseName(built) +
                             "/image.erofs"),
              base::ReadFile(built + "/image.erofs"));
  }
}

// Each of the three waits until all are there.
TEST_F(FleetTest, HostsArePushedToAtOnceAndNoMoreThanJobsAllows) {
  Build("app", 2, 0, "1");
  UseSsh(
      "d=$(dirname \"$0\")/met; mkdir -p $d; : >$d/$$; i=0; "
      "while [ $(ls $d | wc -l) -lt 3 ]; do sleep 0.1; i=$((i+1)); [ $i -lt 50 ] || { echo only "
      "two >&2; exit 9; }; "
      "done; echo all are here >&2; exit 255");
  EXPECT_EQ(Run({"--retries", "0", "--jobs", "3", "a,b,c", "app"}).code, 7);
  base::RemoveTree(Folder("met"));
  EXPECT_THAT(Run({"--jobs", "2", "a,b", "app"}).err, HasSubstr("ended with 9: only two"));
}

TEST_F(FleetTest, AHostThatFailsDoesNotStopTheOthersAndTheSummarySaysWhich) {
  Build("app", 2, 0, "1");
  UseSsh("echo 'no route to it' >&2; exit 255");
  const Result result = Run({"--retries", "0", "gone," + host() + ",lost", "app"});
  EXPECT_EQ(result.code, 7);
  EXPECT_THAT(result.err, HasSubstr("imgpush: error: gone: the connection failed: no route"));
  EXPECT_THAT(result.err, HasSubstr("imgpush: error: lost: the connection failed: no route"));
  EXPECT_THAT(result.out, HasSubstr(host() + ": sent "));
  EXPECT_THAT(result.out, HasSubstr("\n1 of 3 hosts done, 2 failed: gone, lost; sent "));
}

TEST_F(FleetTest, AGroupGetsWhatEachHostTakes) {
  Build("nginx", 2, 1, "1");
  Build("redis", 2, 1, "1");
  WriteHosts(
      "{ \"hosts\": {"
      "\"web\": { \"ssh\": \"dir:" +
      Folder("web") +
      "\", \"groups\": [\"g\"], \"images\": [\"nginx\"] },"
      "\"db\": { \"ssh\": \"dir:" +
      Folder("db") +
      "\", \"groups\": [\"g\"], \"images\": [\"redis\"] },"
      "\"both\": { \"ssh\": \"dir:" +
      Folder("both") + "\", \"groups\": [\"g\"] } } }");
  const Result some = RunWithHosts({"@g", "nginx"});
  EXPECT_EQ(some.code, 0) << some.err;
  EXPECT_EQ(some.err, "imgpush: left out, because they accept other images: db\n");
  EXPECT_THAT(Held("web"), ElementsAre("nginx"));
  EXPECT_THAT(Held("both"), ElementsAre("nginx"));
  EXPECT_FALSE(base::Exists(Folder("db")));

  const nlohmann::json all = nlohmann::json::parse(RunWithHosts({"--json", "web,@all"}).out);
  std::vector<std::string> names;
  for (const nlohmann::json& host : all) {
    names.push_back(host.at("name"));
  }
  EXPECT_THAT(names, ElementsAre("web", "both", "db"));  // web once
  EXPECT_THAT(Held("web"), ElementsAre("nginx"));
  EXPECT_THAT(Held("db"), ElementsAre("redis"));
  EXPECT_THAT(Held("both"), UnorderedElementsAre("nginx", "redis"));
}

TEST_F(FleetTest, WhatAHostDoesNotTakeIsAUsageError) {
  Build("nginx", 2, 1, "1");
  Build("redis", 2, 1, "1");
  WriteHosts("{ \"hosts\": { \"db\": { \"ssh\": \"dir:" + Folder("db") +
             "\", \"groups\": [\"g\"], \"images\": [\"redis\"] } } }");
  Result result = RunWithHosts({"db", "nginx"});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("db accepts only redis, says "));
  result = RunWithHosts({"@g", "nginx"});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("none of these hosts accepts nginx"));
  result = RunWithHosts({"@h", "nginx"});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("there is no group 'h'"));
  WriteHosts("{ \"hosts\": { \"db\": { \"ssh\": \"-oProxyCommand=x\" } } }");
  EXPECT_EQ(RunWithHosts({"db", "nginx"}).code, 2);
  EXPECT_FALSE(base::Exists(Folder("db")));
}

TEST_F(FleetTest, OneHostUnderTwoNamesIsAUsageError) {
  Build("nginx", 2, 1, "1");
  WriteHosts(R"({ "hosts": { "web": { "ssh": "root@10.0.0.5" } } })");
  const Result result = RunWithHosts({"web,root@10.0.0.5", "nginx"});
  EXPECT_EQ(result.code, 2);
  EXPECT_EQ(result.err, "web and root@10.0.0.5 are one host, root@10.0.0.5: name it once\n");
}

TEST_F(FleetTest, AListedHostIsReachedByItsDestinationAndCalledByItsName) {
  Build("nginx", 2, 1, "1");
  WriteHosts(R"({ "hosts": { "web": { "ssh": "root@10.0.0.5" } } })");
  UseSsh("echo \"asked for $*\" | tr '\\n' ' ' >&2; exit 255");
  EXPECT_THAT(RunWithHosts({"--retries", "0", "web", "nginx"}).err,
              StartsWith("imgpush: error: web: the connection failed: asked for -o "));
  UseSsh(
      "case \" $* \" in *' root@10.0.0.5 '*) echo it is >&2;; *) echo it is not >&2;; esac; exit "
      "255");
  EXPECT_THAT(RunWithHosts({"--retries", "0", "web", "nginx"}).err,
              HasSubstr("web: the connection failed: it is\n"));
}

TEST_F(FleetTest, SigintEndsAllAndLeavesNoSsh) {
  Build("app", 2, 0, "1");
  const std::string pids = Folder("pids");
  base::MakeDirectories(pids);
  UseSsh(": >" + pids + "/$$; exec sleep 100");
  // As a shell's timeout does: a signal to imgpush alone, not to what it started.
  const base::ProcessResult result =
      base::Run({"sh", "-c",
                 "env --default-signal=INT \"$@\" & while [ $(ls " + pids +
                     " | wc -l) -lt 3 ]; do sleep 0.05; done; "
                     "kill -INT $!; wait $!",
                 "sh", TEST_IMGPUSH, "--images", images(), "--jobs", "3", "a,b,c,d", "app"});
  EXPECT_EQ(result.exit_code, 130) << result.err;
  EXPECT_THAT(result.err, HasSubstr("imgpush: error: a: interrupted\n"));
  EXPECT_THAT(result.out, HasSubstr("0 of 4 hosts done, 3 failed: a, b, c, 1 not begun: d; "));
  const std::vector<std::string> started = base::ListDirectory(pids);
  EXPECT_EQ(started.size(), 3U);
  for (const std::string& pid : started) {
    EXPECT_FALSE(base::Exists("/proc/" + pid)) << pid;
  }
}

}  // namespace
}  // namespace pusher

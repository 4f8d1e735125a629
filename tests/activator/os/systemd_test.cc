// What is asked of a systemctl that stops in the middle, which no real one does when told to.
#include "activator/os/systemd.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <functional>
#include <vector>

#include "base/atomic_file.h"
#include "base/file.h"
#include "base/log.h"

namespace activator {
namespace {

// Its systemctl tells of web.service what is in the file "unit", and never ends where it is to wait
// for a job.
class SystemctlTest : public testing::Test {
 protected:
  SystemctlTest() : folder_(testing::TempDir(), "slipway-systemctl-"), path_(std::getenv("PATH")) {
    base::WriteFileAtomically(folder_.path() + "/systemctl", R"sh(#!/bin/sh
if [ -e FOLDER/away ]; then
  echo "Failed to get properties: $(cat FOLDER/away)" >&2
  rm FOLDER/away
  exit 1
fi
case "$*" in
  *show*) cat FOLDER/unit ;;
  *daemon-reload*) ;;
  *--no-block*) shift 2; echo "$*" >>FOLDER/queued ;;
  *) exec sleep 60 ;;
esac
)sh");
    std::string text = base::ReadFile(Program());
    for (size_t at = 0; (at = text.find("FOLDER")) != std::string::npos;) {
      text.replace(at, 6, folder_.path());
    }
    base::WriteFileAtomically(Program(), text);
    EXPECT_EQ(::chmod(Program().c_str(), 0755), 0);
    ::setenv("PATH", (folder_.path() + ":" + path_).c_str(), 1);
  }
  ~SystemctlTest() override { ::setenv("PATH", path_.c_str(), 1); }

  void UnitIs(const std::string& properties) const {
    base::WriteFileAtomically(folder_.path() + "/unit", "Id=web.service\n" + properties);
  }
  void GoesAway(const std::string& says = "Transport endpoint is not connected") const {
    base::WriteFileAtomically(folder_.path() + "/away", says);
  }
  std::string Queued() const {
    return base::ReadFileIfThere(folder_.path() + "/queued").value_or("");
  }

  RealSystemd systemd_;

 private:
  std::string Program() const { return folder_.path() + "/systemctl"; }

  const base::TemporaryDirectory folder_;
  const std::string path_;
};

TEST_F(SystemctlTest, WhatItDidNotHandInIsHandedInAgain) {
  UnitIs("ActiveState=active\nJob=\nInactiveExitTimestampMonotonic=5\n");
  EXPECT_FALSE(systemd_.Stop({"web.service"}, Jobs::kAwaitBriefly));
  EXPECT_EQ(Queued(), "stop --no-block -- web.service\n");
  systemd_.Restart({"web.service"}, Jobs::kAwaitBriefly);
  EXPECT_EQ(Queued(), "stop --no-block -- web.service\nrestart --no-block -- web.service\n");
}

// Where systemctl speaks to it through the bus.
TEST_F(SystemctlTest, IsAskedAgainWhereTheBusLostIt) {
  UnitIs("ActiveState=active\nJob=\n");
  for (const char* says :
       {"Message recipient disconnected from message bus without replying",
        "Could not activate remote peer 'org.freedesktop.systemd1': activation request failed"}) {
    GoesAway(says);
    EXPECT_EQ(systemd_.Show({"web.service"}).at("web.service").active, "active") << says;
  }
}

// systemd executes itself anew, as apt has it do when libc is upgraded.
TEST_F(SystemctlTest, IsAskedAgainWhereSystemdIsAwayForAMoment) {
  UnitIs("ActiveState=active\nJob=\n");
  for (const auto& call : std::vector<std::function<void()>>{
           [&] { EXPECT_EQ(systemd_.Show({"web.service"}).at("web.service").active, "active"); },
           [&] { systemd_.DaemonReload(); },
           [&] { systemd_.Start({"web.service"}, Jobs::kQueue); }}) {
    GoesAway();
    EXPECT_NO_THROW(call());
  }
}

// A new systemd does not know of a job that the one before had only just taken.
TEST_F(SystemctlTest, AJobThatIsLostIsAskedForOnceMore) {
  const std::string down =
      "LoadState=loaded\nActiveState=inactive\nInactiveExitTimestampMonotonic=5\n";
  const std::string up = "LoadState=loaded\nActiveState=active\nInactiveExitTimestampMonotonic=5\n";
  const auto show = [&] { return systemd_.Show({"web.service"}).at("web.service"); };
  UnitIs(down + "Job=7\n");
  systemd_.Start({"web.service"}, Jobs::kQueue);
  show();
  EXPECT_EQ(Queued(), "start --no-block -- web.service\n");
  UnitIs(down + "Job=\n");
  EXPECT_TRUE(show().has_job);
  EXPECT_EQ(Queued(), "start --no-block -- web.service\nstart --no-block -- web.service\n");
  EXPECT_FALSE(show().has_job);  // it does not start, whatever the reason
  EXPECT_EQ(Queued(), "start --no-block -- web.service\nstart --no-block -- web.service\n");
  for (const auto& call : std::vector<std::function<void()>>{
           [&] { systemd_.Stop({"web.service"}, Jobs::kQueue); },
           [&] { systemd_.Restart({"web.service"}, Jobs::kQueue); }}) {
    UnitIs(up + "Job=\n");
    const std::string before = Queued();
    call();
    EXPECT_TRUE(show().has_job);
    const std::string asked = Queued().substr(before.size());
    EXPECT_EQ(asked, asked.substr(asked.size() / 2) + asked.substr(asked.size() / 2));
  }
  // One that was done is none that was lost.
  systemd_.Start({"web.service"}, Jobs::kQueue);
  const std::string before = Queued();
  show();
  EXPECT_EQ(Queued(), before);
}

TEST_F(SystemctlTest, AJobThatGoesOnIsNotHandedInAgain) {
  UnitIs("ActiveState=deactivating\nJob=17\nInactiveExitTimestampMonotonic=5\n");
  EXPECT_FALSE(systemd_.Stop({"web.service"}, Jobs::kAwaitBriefly));
  EXPECT_EQ(Queued(), "");
}

TEST_F(SystemctlTest, CallsAreLoggedWithTheirUnits) {
  UnitIs("ActiveState=active\nJob=\n");
  std::string logged;
  const base::LogOutput output([&](const std::string& line) { logged += line; });
  base::SetLogLevel(base::LogLevel::kDebug);
  systemd_.Show({"web.service"});
  EXPECT_THAT(logged, testing::MatchesRegex(
                          ".* debug: systemctl show web.service: exit code 0 after [0-9]+ ms\n"));
}

// A hook would run twice.
TEST_F(SystemctlTest, WhatWasStartedMeanwhileIsNotStartedAgain) {
  UnitIs("ActiveState=inactive\nJob=\nInactiveExitTimestampMonotonic=9000000000000000\n");
  systemd_.Start({"web.service"}, Jobs::kAwaitBriefly);
  EXPECT_EQ(Queued(), "");
}

}  // namespace
}  // namespace activator

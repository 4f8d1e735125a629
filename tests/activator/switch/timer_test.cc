// Services that their timers start: a switch starts the timer and leaves the runs alone.
#include <gmock/gmock.h>

#include "activator/host/installed_units.h"
#include "activator/host/unit_links.h"
#include "activator/report/report.h"
#include "activator/switch/boot.h"
#include "tests/activator/host_fixture.h"

namespace activator {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class TimerTest : public HostTest {
 protected:
  TimerTest() { ScheduleAt("daily"); }

  void ScheduleAt(const std::string& when) {
    shape = [when](images::Services& services) {
      images::Service& job = services.begin()->second;
      job.type = "oneshot";
      job.schedule = when;
    };
  }
  void ActivateFirst() {
    ASSERT_EQ(ActivateNumber(Stage("job", "one")), 0) << error;
    EXPECT_TRUE(systemd.IsActive("job.timer"));
    EXPECT_FALSE(systemd.IsActive("job.service"));
    systemd.calls.clear();
  }
};

TEST_F(TimerTest, ASwitchStartsTheTimerAndNotTheService) {
  ActivateFirst();
  EXPECT_EQ(ActivateNumber(Stage("job", "two")), 0) << error;
  EXPECT_THAT(systemd.calls, ElementsAre("reload"));  // the timer did not change
  ScheduleAt("weekly");
  systemd.calls.clear();
  EXPECT_EQ(ActivateNumber(Stage("job", "two")), 0) << error;
  EXPECT_THAT(systemd.calls,
              ElementsAre("stop job.timer", "reload", "reset-failed job.timer", "start job.timer"));
}

TEST_F(TimerTest, ARunGoesOnDuringASwitchAndIsStoppedWithItsRemoval) {
  ActivateFirst();
  systemd.Start({"job.service"}, Jobs::kQueue);
  EXPECT_EQ(ActivateNumber(Stage("job", "two")), 0) << error;
  EXPECT_EQ(RunningProgram("job.service"), "one");
  const uint64_t without =
      StageGeneration(layout, {{"job", Push("job", "three", {"web"})}}, "tester").number;
  EXPECT_EQ(ActivateNumber(without), 0) << error;
  EXPECT_FALSE(systemd.IsActive("job.service"));
}

TEST_F(TimerTest, ARunUnderTheVersionBeforeIsNoDrift) {
  ActivateFirst();
  systemd.Start({"job.service"}, Jobs::kQueue);
  ASSERT_EQ(ActivateNumber(Stage("job", "two")), 0) << error;
  systemd.runs_from = false;
  EXPECT_THAT(ReadStatus(host, true).drift, IsEmpty());
}

TEST_F(TimerTest, AServiceThatGetsAScheduleIsStopped) {
  shape = nullptr;
  ASSERT_EQ(ActivateNumber(Stage("job", "one")), 0) << error;
  ScheduleAt("daily");
  ASSERT_EQ(ActivateNumber(Stage("job", "two")), 0) << error;
  EXPECT_FALSE(systemd.IsActive("job.service"));
  EXPECT_TRUE(systemd.IsActive("job.timer"));
}

TEST_F(TimerTest, TheWayBackToAServiceStopsTheRunOfItsTimer) {
  shape = nullptr;
  ASSERT_EQ(ActivateNumber(Stage("job", "one")), 0) << error;
  ScheduleAt("daily");
  host.observer = [this](int step) {
    if (step == 5) {
      systemd.Start({"job.service"}, Jobs::kQueue);  // the timer is due at once
      systemd.fail_call = "start job.timer";
    }
  };
  EXPECT_EQ(ActivateNumber(Stage("job", "two")), 3) << error;
  EXPECT_EQ(RunningProgram("job.service"), "one");
}

TEST_F(TimerTest, WhatIsActiveAlreadyIsNotStarted) {
  ActivateFirst();
  EXPECT_EQ(ActivateNumber(1), 0) << error;
  EXPECT_THAT(systemd.calls, IsEmpty());
  systemd.StopByHand("job.timer");
  EXPECT_EQ(ActivateNumber(1), 0) << error;
  EXPECT_TRUE(systemd.IsActive("job.timer"));
  EXPECT_FALSE(systemd.IsActive("job.service"));
}

TEST_F(TimerTest, TheBootStartsTheTimerAlone) {
  ActivateFirst();
  systemd.Reboot();
  RunBoot(host);
  EXPECT_TRUE(systemd.IsActive("job.timer"));
  EXPECT_FALSE(systemd.IsActive("job.service"));
}

TEST_F(TimerTest, TheWayBackLeavesTheServiceAlone) {
  ActivateFirst();
  ScheduleAt("weekly");
  systemd.fail_call = "start job.timer";
  EXPECT_EQ(ActivateNumber(Stage("job", "two")), 3);
  EXPECT_TRUE(systemd.IsActive("job.timer"));
  EXPECT_THAT(systemd.calls, Not(Contains("start job.service")));
}

TEST_F(TimerTest, TheWayBackDoesNotWaitForARun) {
  ActivateFirst();
  shape = nullptr;
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0) << error;
  systemd.Start({"job.service"}, Jobs::kQueue);
  systemd.touch_up = [](UnitState& state) {
    if (state.fragment_path.ends_with("/job.service") && state.active == "active") {
      state.active = "activating";
      state.has_job = true;
    }
  };
  std::vector<std::chrono::steady_clock::time_point> starts;
  systemd.before_call = [&](const std::string& call) {
    if (call == "start web.service") {
      starts.push_back(clock.Monotonic());
    }
  };
  EXPECT_EQ(ActivateNumber(Stage("web", "fail")), 3) << error;
  ASSERT_EQ(starts.size(), 2U);
  EXPECT_LT(starts[1] - starts[0], std::chrono::seconds(2));  // of the fake clock
}

TEST_F(TimerTest, HowTheLastRunOfTheVersionBeforeEndedIsForgotten) {
  ASSERT_EQ(ActivateNumber(Stage("job", "fail")), 0) << error;
  systemd.Start({"job.service"}, Jobs::kQueue);
  EXPECT_EQ(ActivateNumber(Stage("job", "two")), 0) << error;
}

TEST_F(TimerTest, ARunOfTheNewVersionThatFailsDuringTheSwitchIsNot) {
  ActivateFirst();
  host.observer = [this](int step) {
    if (step == 6) {
      systemd.Start({"job.service"}, Jobs::kQueue);  // the timer is due at once
    }
  };
  EXPECT_EQ(ActivateNumber(Stage("job", "fail")), 4);
  EXPECT_THAT(error, HasSubstr("job.service failed in its last run"));
}

}  // namespace
}  // namespace activator

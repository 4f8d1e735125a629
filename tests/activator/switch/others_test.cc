// What a switch owes to others than the units that it changes: applications that stop slowly keep
// no other one down, and the host's own units that stop along run again.
#include <gmock/gmock.h>

#include "activator/host/dependents.h"
#include "activator/state/switch_record.h"
#include "tests/activator/host_fixture.h"

namespace activator {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// web and slow change, and slow does not stop until it is killed.
class SlowStopTest : public HostTest {
 protected:
  uint64_t StageBoth(const std::map<std::string, std::string>& wait = {}) {
    StageGeneration(layout, {{"web", Push("web", "one")}, {"slow", Push("slow", "stubborn")}}, "");
    EXPECT_EQ(ActivateNumber(1), 0) << error;
    systemd.calls.clear();
    edit_service = [&](images::Service& service) {
      if (!wait.empty()) {
        service.directives["Unit"] = wait;
      }
    };
    const base::Sha256 web = Push("web", "two");
    edit_service = nullptr;
    return StageGeneration(
               layout,
               {{"web", web}, {"slow", Push("slow", "two")}, {"extra", Push("extra", "extra")}}, "")
        .number;
  }
  size_t CallOf(const std::string& call) const {
    return static_cast<size_t>(std::find(systemd.calls.begin(), systemd.calls.end(), call) -
                               systemd.calls.begin());
  }
};

TEST_F(SlowStopTest, EachApplicationStartsAsSoonAsItIsDown) {
  ASSERT_EQ(ActivateNumber(StageBoth()), 0) << error;
  EXPECT_LT(CallOf("start web.service"), CallOf("kill slow.service"));
  EXPECT_GT(CallOf("start slow.service"), CallOf("kill slow.service"));
  EXPECT_GT(CallOf("start extra.service"), CallOf("kill slow.service"));  // it was not up
  EXPECT_EQ(RunningProgram("slow.service"), "two");
  EXPECT_EQ(RunningProgram("web.service"), "two");
}

TEST_F(SlowStopTest, OneThatIsOrderedAfterTheSlowOneStartsWithIt) {
  ASSERT_EQ(ActivateNumber(StageBoth({{"After", "slow.service"}})), 0) << error;
  EXPECT_GT(CallOf("start web.service"), CallOf("kill slow.service"));
}

// systemd stops by what it has read: a unit that is gone would be killed by the defaults.
TEST_F(SlowStopTest, WhatIsRemovedIsDownBeforeTheUnitsAreReadAnew) {
  StageGeneration(layout, {{"web", Push("web", "one")}, {"slow", Push("slow", "stubborn")}}, "");
  ASSERT_EQ(ActivateNumber(1), 0) << error;
  systemd.calls.clear();
  const uint64_t number = StageApps(layout, {{"web", Push("web", "two")}}, "").number;
  ASSERT_EQ(ActivateNumber(number), 0) << error;
  EXPECT_LT(CallOf("kill slow.service"), CallOf("start web.service"));
}

TEST_F(SlowStopTest, SoIsWhatWouldStopOtherwise) {
  StageGeneration(layout, {{"web", Push("web", "one")}, {"slow", Push("slow", "stubborn")}}, "");
  ASSERT_EQ(ActivateNumber(1), 0) << error;
  systemd.calls.clear();
  edit_service = [](images::Service& service) {
    service.directives["Service"]["TimeoutStopSec"] = "7";
  };
  const base::Sha256 slow = Push("slow", "two");
  edit_service = nullptr;
  const uint64_t number =
      StageGeneration(layout, {{"web", Push("web", "two")}, {"slow", slow}}, "").number;
  ASSERT_EQ(ActivateNumber(number), 0) << error;
  EXPECT_LT(CallOf("kill slow.service"), CallOf("start web.service"));
}

// A hook runs from an image, too.
TEST_F(SlowStopTest, JobsThatAHookWouldWaitForAreCancelledBeforeIt) {
  StageGeneration(layout, {{"web", Push("web", "one")}, {"slow", Push("slow", "stubborn")}}, "");
  ASSERT_EQ(ActivateNumber(1), 0) << error;
  systemd.calls.clear();
  edit_service = [](images::Service& service) { service.hooks.before_start = {{"/bin/hook"}}; };
  const base::Sha256 web = Push("web", "two");
  edit_service = nullptr;
  const uint64_t number =
      StageGeneration(layout, {{"web", web}, {"slow", Push("slow", "two")}}, "").number;
  ASSERT_EQ(ActivateNumber(number), 0) << error;
  EXPECT_LT(CallOf("cancel slow.service"), CallOf("start web:before-start.service"));
  EXPECT_LT(CallOf("start web:before-start.service"), CallOf("kill slow.service"));
}

TEST_F(SlowStopTest, OneThatTakesAnotherPortWaits) {
  const uint64_t number = [&] {
    StageGeneration(layout, {{"web", Push("web", "one")}, {"slow", Push("slow", "stubborn")}}, "");
    EXPECT_EQ(ActivateNumber(1), 0) << error;
    systemd.calls.clear();
    edit_service = [](images::Service& service) { service.ports = {8080}; };
    const base::Sha256 web = Push("web", "two");
    edit_service = nullptr;
    return StageGeneration(layout, {{"web", web}, {"slow", Push("slow", "two")}}, "").number;
  }();
  ASSERT_EQ(ActivateNumber(number), 0) << error;
  EXPECT_GT(CallOf("start web.service"), CallOf("kill slow.service"));
}

TEST_F(SlowStopTest, AFailureOfTheFirstIsSeenBeforeTheSlowOneIsDown) {
  StageGeneration(layout, {{"web", Push("web", "one")}, {"slow", Push("slow", "stubborn")}}, "");
  ASSERT_EQ(ActivateNumber(1), 0) << error;
  systemd.calls.clear();
  const uint64_t number =
      StageGeneration(layout, {{"web", Push("web", "fail")}, {"slow", Push("slow", "two")}}, "")
          .number;
  bool failed_first = false;
  systemd.before_call = [&](const std::string& call) {
    failed_first = failed_first || (call == "kill slow.service" &&
                                    ReadSwitchRecord(layout)->phase == SwitchPhase::kGoingBack);
  };
  EXPECT_EQ(ActivateNumber(number), 3) << error;
  EXPECT_TRUE(failed_first);
  EXPECT_EQ(RunningProgram("web.service"), "one");
  EXPECT_EQ(RunningProgram("slow.service"), "stubborn");
}

// web stops at once and slow does not; what comes after them fails.
TEST_F(SlowStopTest, GoingBackStartsEachApplicationAsSoonAsItIsDown) {
  StageGeneration(layout, {{"web", Push("web", "one")}, {"slow", Push("slow", "old")}}, "");
  ASSERT_EQ(ActivateNumber(1), 0) << error;
  systemd.calls.clear();
  answers = {{false, "it says no", ""}};
  edit_service = [](images::Service& service) { service.health.tcp = "127.0.0.1:8080"; };
  const base::Sha256 web = Push("web", "two");
  edit_service = nullptr;
  const uint64_t number =
      StageGeneration(layout, {{"web", web}, {"slow", Push("slow", "stubborn")}}, "").number;
  EXPECT_EQ(ActivateNumber(number), 3) << error;
  const auto kill = std::find(systemd.calls.begin(), systemd.calls.end(), "kill slow.service");
  ASSERT_NE(kill, systemd.calls.end());
  EXPECT_EQ(std::count(systemd.calls.begin(), kill, "start web.service"), 2);
  EXPECT_EQ(std::count(kill, systemd.calls.end(), "start slow.service"), 1);
  EXPECT_EQ(RunningProgram("web.service"), "one");
  EXPECT_EQ(RunningProgram("slow.service"), "old");
}

// web answers no, and slow does not stop by itself, on the way back.
class WayBackOfTwoTest : public SlowStopTest {
 protected:
  uint64_t StageBad() {
    StageGeneration(
        layout,
        {{"web", Push("web", "one")}, {"slow", Push("slow", "old")}, {"db", Push("db", "db")}}, "");
    EXPECT_EQ(ActivateNumber(1), 0) << error;
    answers = {{false, "it says no", ""}};
    edit_service = [](images::Service& service) { service.health.tcp = "127.0.0.1:8080"; };
    const base::Sha256 web = Push("web", "two");
    edit_service = nullptr;
    return StageGeneration(layout, {{"web", web}, {"slow", Push("slow", "stubborn")}}, "").number;
  }
  bool IsGoingBack() const {
    const std::optional<SwitchRecord> record = ReadSwitchRecord(layout);
    return record && record->phase == SwitchPhase::kGoingBack;
  }
};

TEST_F(WayBackOfTwoTest, ARefusedStartKeepsNoOtherApplicationDown) {
  const uint64_t number = StageBad();
  systemd.before_call = [&](const std::string& call) {
    if (call == "start web.service" && IsGoingBack()) {
      base::Fail(base::ExitCode::kFailed, "web.service is masked");
    }
  };
  EXPECT_EQ(ActivateNumber(number), 4);
  EXPECT_THAT(error, HasSubstr("did not come up again: web.service is masked"));
  EXPECT_EQ(RunningProgram("slow.service"), "old");
}

TEST_F(WayBackOfTwoTest, NorDoesALookAtWhatStopsThatFails) {
  const uint64_t number = StageBad();
  systemd.fail_call = "cancel slow.service";
  EXPECT_EQ(ActivateNumber(number), 4);
  EXPECT_EQ(RunningProgram("web.service"), "one");
  EXPECT_TRUE(ReadSwitchRecord(layout));  // the next command does the rest
}

// db stops along with web.
TEST_F(WayBackOfTwoTest, WhatStopsAlongSlowlyKeepsNoOtherApplicationDown) {
  const uint64_t number = StageBad();
  systemd.stopped_with["web.service"] = {"db.service"};
  bool db_still_stopped = false;
  systemd.before_call = [&](const std::string& call) {
    if (call == "stop web.service" && IsGoingBack()) {
      systemd.slow_stops = 50;
    }
    db_still_stopped = db_still_stopped || (call == "start web.service" && IsGoingBack() &&
                                            systemd.IsActive("db.service"));
  };
  EXPECT_EQ(ActivateNumber(number), 3) << error;
  EXPECT_TRUE(db_still_stopped);
  EXPECT_EQ(systemd.calls.back(), "start db.service");
  EXPECT_EQ(RunningProgram("db.service"), "db");
}

TEST_F(SlowStopTest, SoDoesARollbackThatIsAskedFor) {
  StageGeneration(layout, {{"web", Push("web", "one")}, {"slow", Push("slow", "old")}}, "");
  ASSERT_EQ(ActivateNumber(1), 0) << error;
  StageGeneration(layout, {{"web", Push("web", "two")}, {"slow", Push("slow", "stubborn")}}, "");
  ASSERT_EQ(ActivateNumber(2), 0) << error;
  systemd.calls.clear();
  ASSERT_EQ(Run(TargetKind::kRollback), 0) << error;
  EXPECT_LT(CallOf("start web.service"), CallOf("kill slow.service"));
  EXPECT_GT(CallOf("start slow.service"), CallOf("kill slow.service"));
}

// A proxy of the host's own requires web.service, and a monitor is a part of the proxy.
class DependentsTest : public HostTest {
 protected:
  DependentsTest() {
    systemd.AddForeign("proxy.service", "/lib/systemd/system/proxy.service");
    systemd.AddForeign("monitor.service", "/lib/systemd/system/monitor.service");
    systemd.stopped_with["web.service"] = {"proxy.service", "monitor.service"};
    systemd.stopped_with["proxy.service"] = {"monitor.service"};
    systemd.calls.clear();
  }
  // Generation 1 runs web (one) and db; generation 2, staged, runs web (`program`) and db.
  uint64_t StageSecond(const std::string& program) {
    StageGeneration(layout, {{"web", Push("web", "one")}, {"db", Push("db", "db")}}, "tester");
    EXPECT_EQ(ActivateNumber(1), 0) << error;
    systemd.calls.clear();
    return Stage("web", program);
  }
  void ExpectBothRun() {
    EXPECT_TRUE(systemd.IsActive("proxy.service"));
    EXPECT_TRUE(systemd.IsActive("monitor.service"));
  }
};

TEST_F(DependentsTest, UnitsOfTheHostThatStopAlongRunAgain) {
  ASSERT_EQ(ActivateNumber(StageSecond("two")), 0) << error;
  ExpectBothRun();
  const auto call = [&](const char* text) {
    return std::find(systemd.calls.begin(), systemd.calls.end(), text);
  };
  EXPECT_LT(call("start web.service"), call("start proxy.service"));
  EXPECT_NE(call("start monitor.service"), systemd.calls.end());
}

TEST_F(DependentsTest, AndWhereTheSwitchGoesBack) {
  EXPECT_EQ(ActivateNumber(StageSecond("fail")), 3) << error;
  ExpectBothRun();
}

TEST_F(DependentsTest, OneThatDoesNotStartAgainMakesItGoBack) {
  const uint64_t number = StageSecond("two");
  int failures = 1;
  systemd.before_call = [&](const std::string& call) {
    if (call == "start proxy.service" && failures-- > 0) {
      base::Fail(base::ExitCode::kFailed, "it was told to fail");
    }
  };
  EXPECT_EQ(ActivateNumber(number), 3) << error;
  EXPECT_THAT(error, HasSubstr("a unit of the host's own that stopped along with ours: it was"));
  ExpectBothRun();
}

// A backup of the host's own requires web.service, and takes longer than anybody would wait for it.
TEST_F(DependentsTest, AJobIsBegunAnewAndNotWatched) {
  systemd.AddForeign("backup.service", "/etc/systemd/system/backup.service");
  systemd.stopped_with["web.service"].push_back("backup.service");
  systemd.touch_up = [](UnitState& state) {
    if (state.fragment_path.ends_with("/backup.service")) {
      state.type = "oneshot";
      state.active = state.active == "active" ? "activating" : state.active;
    }
  };
  const uint64_t number = StageSecond("two");
  ::testing::internal::CaptureStderr();
  const int exit_code = ActivateNumber(number);
  EXPECT_THAT(
      ::testing::internal::GetCapturedStderr(),
      HasSubstr(
          "begun anew, and not watched, since a job takes as long as it takes: backup.service\n"));
  EXPECT_EQ(exit_code, 0) << error;
  EXPECT_EQ(std::count(systemd.calls.begin(), systemd.calls.end(), "start backup.service"), 1);
  EXPECT_TRUE(systemd.IsActive("backup.service"));
  ExpectBothRun();
}

// A package's oneshot whose place an application takes, and which begins anew when it goes back.
TEST_F(DependentsTest, NorIsAnAdoptedJobWhereTheSwitchGoesBack) {
  systemd.AddForeign("web.service", "/lib/systemd/system/web.service");
  systemd.touch_up = [](UnitState& state) {
    if (state.fragment_path == "/lib/systemd/system/web.service") {
      state.type = "oneshot";
      state.active = state.active == "active" ? "activating" : state.active;
    }
  };
  on_foreign = UnitConflictPolicy::kAdopt;
  EXPECT_EQ(ActivateNumber(Stage("web", "fail")), 3) << error;
  EXPECT_TRUE(systemd.IsActive("web.service"));
}

TEST_F(DependentsTest, OneThatStaysDownAfterARollbackIsNamedAndOursAreUp) {
  const uint64_t number = StageSecond("two");
  bool is_broken = false;
  systemd.before_call = [&](const std::string& call) {
    is_broken = is_broken || call == "start proxy.service";
  };
  systemd.touch_up = [&](UnitState& state) {
    if (is_broken && state.fragment_path.ends_with("/proxy.service")) {
      state.active = "failed";
      state.result = "exit-code";
    }
  };
  ::testing::internal::CaptureStderr();
  const int exit_code = ActivateNumber(number);
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              HasSubstr("a unit of the host's own that stopped along with ours: proxy.service "));
  EXPECT_EQ(exit_code, 3) << error;
  EXPECT_THAT(error, HasSubstr("generation 1 runs again"));
  EXPECT_EQ(RunningProgram("web.service"), "one");
  EXPECT_TRUE(systemd.IsActive("monitor.service"));
}

TEST_F(DependentsTest, WhatDependsOnARemovedServiceIsLeftDown) {
  StageSecond("two");
  ASSERT_EQ(ActivateNumber(StageApps(layout, {{"db", Push("db", "db")}}, "").number), 0) << error;
  EXPECT_FALSE(systemd.IsActive("proxy.service"));
  EXPECT_FALSE(systemd.IsActive("monitor.service"));
}

TEST_F(DependentsTest, AreToldBeforehand) {
  const uint64_t number = StageSecond("two");
  const Dependents found = FindDependents(systemd, LoadUnits(layout, 1), LoadUnits(layout, number));
  EXPECT_THAT(found.started_again, UnorderedElementsAre("proxy.service", "monitor.service"));
  EXPECT_THAT(found.left_down, IsEmpty());
}

}  // namespace
}  // namespace activator

#include "activator/switch/switch.h"

#include <gmock/gmock.h>

#include <cerrno>

#include "activator/host/unit_links.h"
#include "activator/state/history.h"
#include "activator/state/switch_record.h"
#include "activator/switch/recovery.h"
#include "base/sys.h"
#include "tests/activator/read_history.h"
#include "tests/activator/switch/switch_fixture.h"

namespace activator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST_F(SwitchTest, GoesInOrderAndLeavesUnchangedUnitsAlone) {
  EXPECT_EQ(ActivateNumber(StageSecond("two")), 0) << error;
  EXPECT_THAT(systemd.calls,
              ElementsAre("stop web.service", "reload", "reset-failed extra.service",
                          "reset-failed web.service", "start extra.service", "start web.service"));
  EXPECT_EQ(RunningProgram("web.service"), "two");
  EXPECT_EQ(StateOf(1), GenerationState::kSuperseded);
  EXPECT_EQ(StateOf(2), GenerationState::kActive);
  EXPECT_FALSE(ReadSwitchRecord(layout).has_value());
  EXPECT_EQ(ReadHistory(layout).back().event, "activated");
}

// A switch leaves it alone, but must not say that all is healthy.
TEST_F(SwitchTest, NamesWhatWasDownBeforeAndIsNoSuccess) {
  const uint64_t number = StageSecond("two");
  systemd.StopByHand("db.service");
  EXPECT_EQ(ActivateNumber(number), static_cast<int>(base::ExitCode::kNeedsAttention));
  EXPECT_THAT(error, HasSubstr("generation 2 is active, and what it changed is healthy, but other "
                               "services of it are not\n  db.service is inactive"));
  EXPECT_EQ(StateOf(2), GenerationState::kActive);
  EXPECT_EQ(RunningProgram("web.service"), "two");
  EXPECT_EQ(ActivateNumber(number), 0) << error;
  EXPECT_EQ(RunningProgram("db.service"), "db");
}

TEST_F(SwitchTest, ReloadsOnlyWhereSystemdHoldsAnOldUnit) {
  systemd.forgets = true;
  EXPECT_EQ(ActivateNumber(StageSecond("two")), 0) << error;
  EXPECT_THAT(systemd.calls, Not(::testing::Contains("reload")));
  EXPECT_EQ(RunningProgram("web.service"), "two");
}

TEST_F(SwitchTest, RemovesWhatTheNewGenerationHasNot) {
  ASSERT_EQ(ActivateNumber(StageSecond("two")), 0);
  ASSERT_EQ(ActivateNumber(1), 0) << error;
  ExpectFirst();
}

TEST_F(SwitchTest, GoesBackFromAServiceThatDoesNotStart) {
  for (const char* program : {"fail", "loop", "hang", "crash"}) {
    const uint64_t number = StageSecond(program);
    EXPECT_EQ(ActivateNumber(number), 3) << program;
    EXPECT_THAT(error, HasSubstr("web.service")) << program;
    EXPECT_THAT(error, HasSubstr("its last words")) << program;
    ExpectFirst();
    EXPECT_EQ(StateOf(number), GenerationState::kRolledBack);
    // A service may log secrets, and everybody can read the records.
    EXPECT_THAT(LoadGeneration(layout, number).reason, Not(HasSubstr("last words")));
    EXPECT_EQ(ReadHistory(layout).back().event, "rolled-back");
    EXPECT_FALSE(ReadHistory(layout).back().cut_off);
  }
}

TEST_F(SwitchTest, FailsQuicklyWhereWaitingIsOfNoUse) {
  const uint64_t number = StageSecond("fail");
  const auto start = clock.Monotonic();
  EXPECT_EQ(ActivateNumber(number), 3);
  EXPECT_LT(clock.Monotonic() - start, std::chrono::seconds(5));
}

TEST_F(SwitchTest, KillsWhatDoesNotStop) {
  StageGeneration(layout, {{"web", Push("web", "stubborn")}}, "tester");
  ASSERT_EQ(ActivateNumber(1), 0);
  EXPECT_EQ(ActivateNumber(Stage("web", "two")), 0) << error;
  EXPECT_THAT(systemd.calls, ::testing::Contains("kill web.service"));
  EXPECT_EQ(RunningProgram("web.service"), "two");
}

TEST_F(SwitchTest, StartsAgainWhatSystemdStoppedWithAChangedUnit) {
  systemd.stopped_with["web.service"] = {"db.service"};
  EXPECT_EQ(ActivateNumber(StageSecond("two")), 0) << error;
  EXPECT_TRUE(systemd.IsActive("db.service"));
}

TEST_F(SwitchTest, WaitsForWhatSystemdIsStoppingWithAChangedUnit) {
  systemd.stopped_with["web.service"] = {"db.service"};
  systemd.slow_stops = 3;
  EXPECT_EQ(ActivateNumber(StageSecond("two")), 0) << error;
  EXPECT_TRUE(systemd.IsActive("db.service"));
}

TEST_F(SwitchTest, GoesBackToWhatSystemdStoppedWithAChangedUnit) {
  systemd.stopped_with["web.service"] = {"db.service"};
  EXPECT_EQ(ActivateNumber(StageSecond("fail")), 3) << error;
  EXPECT_TRUE(systemd.IsActive("db.service"));
  EXPECT_TRUE(systemd.IsActive("web.service"));
}

TEST_F(SwitchTest, ARemovedUnitThatAnotherRequiresIsNotStartedFromMemory) {
  const uint64_t both =
      StageGeneration(layout, {{"web", Push("web", "one")}, {"db", Push("db", "db")}}, "tester")
          .number;
  ASSERT_EQ(ActivateNumber(both), 0) << error;
  systemd.stopped_with["db.service"] = {"web.service"};
  systemd.requires_unit["web.service"] = "db.service";
  ActivationRequest request;
  request.kind = TargetKind::kVersions;
  request.versions = {{"db", std::nullopt}};
  EXPECT_THROW(Activate(host, request), base::Error);
  EXPECT_EQ(CurrentGeneration(layout), both);
  EXPECT_TRUE(systemd.IsActive("db.service"));
}

TEST_F(SwitchTest, AServiceThatDiesWhileAnotherIsWaitedForIsNoSuccess) {
  edit_service = [](images::Service& service) {
    service.health.settle_seconds = 0;
    service.health.http = images::HttpCheck{"/ready", 200, "", {}};
    service.ports = {8080};
  };
  const uint64_t number =
      StageGeneration(layout, {{"web", Push("web", "one")}, {"db", Push("db", "db")}}, "tester")
          .number;
  host.ask = [this](const images::Health&, std::chrono::milliseconds) {
    if (++asked == 2) {  // db passed before
      systemd.StopByHand("db.service");
    }
    return ProbeResult{true, "", ""};
  };
  EXPECT_EQ(ActivateNumber(number), 3);
  EXPECT_THAT(error, HasSubstr("db.service ended at once"));
}

// Its process is gone before systemd says so.
TEST_F(SwitchTest, AServiceThatDiesWhileItIsWatchedHasItsEndSaid) {
  edit_service = [](images::Service& service) { service.health.settle_seconds = 5; };
  const uint64_t number = StageSecond("two");
  for (const bool noticed : {true, false}) {
    const auto start = clock.Monotonic();
    systemd.touch_up = [&, told = false](UnitState& state) mutable {
      const auto waited = clock.Monotonic() - start;
      told = told || waited > std::chrono::seconds(4);
      systemd.runs_from = told || waited < std::chrono::seconds(1);
      if (!told && noticed && waited > std::chrono::seconds(2)) {
        told = true;
        state.restarts = 1;
        state.result = "exit-code";
        state.exit_status = 7;
      }
    };
    EXPECT_EQ(ActivateNumber(number), 3);
    EXPECT_THAT(error, HasSubstr(noticed ? "ended (exit-code, status 7) and had to be restarted"
                                         : "did not stay up: it is active (running)"));
  }
}

TEST_F(SwitchTest, GoesBackWhereAnyCallFails) {
  for (const char* call :
       {"stop web.service", "reload", "start extra.service", "start web.service"}) {
    const uint64_t number = StageSecond("two");
    systemd.fail_call = call;
    EXPECT_EQ(ActivateNumber(number), 3) << call << error;
    ExpectFirst();
  }
}

TEST_F(SwitchTest, SaysSoWhereTheOldOneDoesNotComeUpEither) {
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0);
  const uint64_t number = Stage("web", "fail");
  // The old one's program is gone from the unit that systemd loads.
  host.observer = [&](int step) {
    if (step == 5) {
      Write(layout.Generation(1) + "/units/web.service", "\nExecStart=/bin/fail\n");
    }
  };
  EXPECT_EQ(ActivateNumber(number), 4);
  EXPECT_THAT(error, HasSubstr("did not come up again"));
  EXPECT_EQ(StateOf(number), GenerationState::kFailed);
  EXPECT_EQ(CurrentGeneration(layout), 1U);
}

// A version that never says WATCHDOG=1 is killed when its time is over, not before.
TEST_F(SwitchTest, WatchesUntilAWatchdogWasToldOrItsTimeIsOver) {
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0);
  const auto start = clock.Monotonic();
  const auto passed = [&] { return clock.Monotonic() - start; };
  systemd.touch_up = [&](UnitState& state) {
    state.watchdog = std::chrono::seconds(30);
    if (passed() > std::chrono::seconds(30)) {
      state.active = "failed";
      state.result = "watchdog";
    }
  };
  const uint64_t number = Stage("web", "two");
  EXPECT_EQ(ActivateNumber(number), 4);
  EXPECT_THAT(error, HasSubstr("failed (watchdog)"));
  systemd.touch_up = nullptr;
  ASSERT_EQ(ActivateNumber(1), 0) << error;
  // One that tells it is not watched for longer.
  const auto before = clock.Monotonic();
  systemd.touch_up = [&](UnitState& state) {
    state.watchdog = std::chrono::seconds(30);
    state.watchdog_told = std::chrono::duration_cast<std::chrono::microseconds>(
        clock.Monotonic().time_since_epoch() / 5 * 5);
  };
  ASSERT_EQ(ActivateNumber(number), 0) << error;
  EXPECT_LT(clock.Monotonic() - before, std::chrono::seconds(10));
}

TEST_F(SwitchTest, SaysWhichPeriodIsLongerThanItsWatch) {
  const base::UniqueFd said = base::Open(root + "/said", O_RDWR | O_CREAT, 0600);
  host.io.err = said.get();
  systemd.touch_up = [&](UnitState& state) {
    state.watchdog = std::chrono::seconds(600);
    state.start_limit = std::chrono::seconds(300);
  };
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0) << error;
  const std::string text = base::ReadFile(root + "/said");
  EXPECT_THAT(text, HasSubstr("web.service was watched for 120 s, and its watchdog takes 600 s: if "
                              "it never says WATCHDOG=1, systemd kills it then"));
  EXPECT_THAT(text, HasSubstr("its start limit takes 300 s"));
}

TEST_F(SwitchTest, GoesBackToNothing) {
  EXPECT_EQ(ActivateNumber(Stage("web", "fail")), 3) << error;
  EXPECT_EQ(CurrentGeneration(layout), kNoGeneration);
  EXPECT_THAT(LinkedUnits(host), IsEmpty());
  EXPECT_FALSE(systemd.IsActive("web.service"));
}

TEST_F(SwitchTest, LeavesNothingTouchedWhereAForeignUnitIsInTheWay) {
  const uint64_t number = StageSecond("two");
  Write(units + "/extra.service", "[Service]\nExecStart=/bin/true\n");
  EXPECT_EQ(ActivateNumber(number), 1);
  EXPECT_THAT(error, HasSubstr("is not one of our links"));
  EXPECT_THAT(systemd.calls, IsEmpty());
  EXPECT_EQ(StateOf(number), GenerationState::kStaged);
  // Mended, it may be activated.
  base::Unlink(units + "/extra.service");
  EXPECT_EQ(ActivateNumber(number), 0) << error;
}

TEST_F(SwitchTest, LeavesNothingTouchedWhereSystemdRefusesTheUnits) {
  const uint64_t number = StageSecond("two");
  systemd.verify_says = "FILE:9: Unknown key 'Niice' in section [Service], ignoring. | x:1: more";
  EXPECT_EQ(ActivateNumber(number), 1);
  EXPECT_THAT(error, HasSubstr("see \"directives\" in the definition: extra.service:9: Unknown key "
                               "'Niice' in section [Service]. | x:1: more"));
  ExpectFirst();
}

TEST_F(SwitchTest, DoesNothingForTheActiveGenerationUnlessItIsDown) {
  StageSecond("two");
  EXPECT_EQ(ActivateNumber(1), 0);
  EXPECT_THAT(systemd.calls, IsEmpty());
  systemd.StopByHand("web.service");
  EXPECT_EQ(ActivateNumber(1), 0);
  EXPECT_THAT(systemd.calls, ElementsAre("reset-failed web.service", "start web.service"));
}

// A version that was repaired is another file than the one that still runs.
TEST_F(SwitchTest, TheActiveGenerationIsRestartedWhereItRunsFromAnotherImage) {
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0);
  systemd.runs_from = false;
  systemd.calls.clear();
  systemd.before_call = [this](const std::string& call) {
    systemd.runs_from = systemd.runs_from || call == "restart web.service";
  };
  EXPECT_EQ(ActivateNumber(1), 0) << error;
  EXPECT_THAT(systemd.calls, ElementsAre("restart web.service", "start web.service"));
}

TEST_F(SwitchTest, AFolderAsHostSwitchesItsLinkAlone) {
  const uint64_t number = Stage("web", "one");
  ActivationRequest request;
  request.kind = TargetKind::kNumber;
  request.number = number;
  host.is_folder = true;
  Activate(host, request);
  EXPECT_EQ(CurrentGeneration(layout), number);
  EXPECT_EQ(StateOf(number), GenerationState::kActive);
  EXPECT_THAT(systemd.calls, IsEmpty());
  EXPECT_THAT(LinkedUnits(host), IsEmpty());
}

// systemd calls a unit changed by its file's time.
TEST_F(SwitchTest, AnUnchangedUnitStaysTheSameFile) {
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0);
  const uint64_t next = Stage("db", "one");
  const auto file = [&](uint64_t number) {
    return base::LstatIfThere(layout.Generation(number) + "/units/web.service")->st_ino;
  };
  EXPECT_EQ(file(next), file(1));
  EXPECT_NE(file(Stage("web", "two")), file(1));
}

}  // namespace
}  // namespace activator

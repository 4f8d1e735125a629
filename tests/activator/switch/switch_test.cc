#include "activator/switch/switch.h"

#include <gmock/gmock.h>

#include <cerrno>

#include "activator/host/unit_links.h"
#include "activator/state/history.h"
#include "activator/state/switch_record.h"
#include "activator/switch/recovery.h"
#include "base/sys.h"
#include "tests/activator/host_fixture.h"
#include "tests/activator/read_history.h"

namespace activator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class SwitchTest : public HostTest {
 protected:
  // Generation 1 runs web (one) and db; generation 2, staged, runs web (`program`), db unchanged
  // and a new service.
  uint64_t StageSecond(const std::string& program) {
    StageGeneration(layout, {{"web", Push("web", "one")}, {"db", Push("db", "db")}}, "tester");
    EXPECT_EQ(ActivateNumber(1), 0) << error;
    systemd.calls.clear();
    return StageGeneration(
               layout, {{"web", Push("web", program)}, {"extra", Push("extra", "extra")}}, "tester")
        .number;
  }

  void ExpectFirst() {
    EXPECT_EQ(CurrentGeneration(layout), 1U);
    EXPECT_EQ(StateOf(1), GenerationState::kActive);
    EXPECT_EQ(RunningProgram("web.service"), "one");
    EXPECT_EQ(RunningProgram("db.service"), "db");
    EXPECT_FALSE(systemd.IsActive("extra.service"));
    EXPECT_THAT(LinkedUnits(host), ElementsAre("db.service", "web.service"));
    EXPECT_FALSE(ReadSwitchRecord(layout).has_value());
  }
};

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
                               "services of it are down\n  db.service is inactive"));
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
  EXPECT_EQ(StateOf(number), GenerationState::kFailed);
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

class KillTest : public SwitchTest, public ::testing::WithParamInterface<int> {
 protected:
  void KillAfterStep(uint64_t number) {
    host.observer = [](int step) {
      if (step == GetParam()) {
        throw Killed();
      }
    };
    EXPECT_THROW(ActivateNumber(number), Killed);
    host.observer = nullptr;
  }
};

TEST_P(KillTest, TheNextCommandGoesBack) {
  const uint64_t number = StageSecond("two");
  KillAfterStep(number);
  if (GetParam() == 8) {
    EXPECT_EQ(CurrentGeneration(layout), number);
    EXPECT_EQ(Recover(host, RecoveryMode::kRestart).done, "");
    return;
  }
  EXPECT_THAT(Recover(host, RecoveryMode::kRestart).done, HasSubstr("went back to generation 1"));
  ExpectFirst();
  EXPECT_EQ(StateOf(number), GenerationState::kRolledBack);
  EXPECT_THAT(LoadGeneration(layout, number).reason, HasSubstr("cut off"));
  // What was never stopped is not restarted.
  if (GetParam() < 3) {
    EXPECT_THAT(systemd.calls, Not(::testing::Contains("stop web.service")));
  }
  EXPECT_EQ(ActivateNumber(Stage("web", "three")), 0) << error;
}

TEST_P(KillTest, AnotherKillOnTheWayBackIsNoHarm) {
  const uint64_t number = StageSecond("two");
  KillAfterStep(number);
  if (GetParam() == 8) {
    return;
  }
  systemd.fail_call = "reload";
  EXPECT_THROW(Recover(host, RecoveryMode::kRestart), base::Error);
  EXPECT_TRUE(ReadSwitchRecord(layout).has_value());
  Recover(host, RecoveryMode::kRestart);
  ExpectFirst();
}

TEST_P(KillTest, NothingBeforeMeansNothingAfter) {
  const uint64_t number = Stage("web", "one");
  KillAfterStep(number);
  Recover(host, RecoveryMode::kRestart);
  EXPECT_EQ(CurrentGeneration(layout), GetParam() == 8 ? number : kNoGeneration);
  EXPECT_EQ(systemd.IsActive("web.service"), GetParam() == 8);
}

INSTANTIATE_TEST_SUITE_P(EachStep, KillTest, ::testing::Range(1, 9));

TEST_F(SwitchTest, RecoveryFinishesWhatWasHealthy) {
  ASSERT_EQ(ActivateNumber(StageSecond("two")), 0);
  // As it was just before step 8.
  SwitchRecord record;
  record.activation_id = "id-2";
  record.from = 1;
  record.to = 2;
  record.phase = SwitchPhase::kHealthy;
  record.boot_id = BootId();
  WriteSwitchRecord(layout, record);
  const size_t events = ReadHistory(layout).size();
  EXPECT_THAT(Recover(host, RecoveryMode::kRestart).done, HasSubstr("finished"));
  EXPECT_EQ(ReadHistory(layout).size(), events);  // not written twice
  EXPECT_EQ(StateOf(2), GenerationState::kActive);
  EXPECT_EQ(RunningProgram("web.service"), "two");
}

TEST_F(SwitchTest, ARecoveryThatLeavesServicesDownIsNoSuccess) {
  const uint64_t number = StageSecond("two");
  host.observer = [](int step) {
    if (step == 6) {
      throw Killed();
    }
  };
  EXPECT_THROW(ActivateNumber(number), Killed);
  host.observer = nullptr;
  Write(layout.Generation(1) + "/units/web.service", "\nExecStart=/bin/fail\n");
  EXPECT_EQ(Run(TargetKind::kLatest), 4);
  EXPECT_THAT(error, HasSubstr("is not up"));
}

// A prune recovers first, and says "nothing to do" only where that is true.
TEST_F(SwitchTest, BeforeAPruneServicesThatStayDownAreNoSuccess) {
  const uint64_t number = StageSecond("two");
  host.observer = [](int step) {
    if (step == 6) {
      throw Killed();
    }
  };
  EXPECT_THROW(ActivateNumber(number), Killed);
  Write(layout.Generation(1) + "/units/web.service", "\nExecStart=/bin/fail\n");
  try {
    RecoverIfRoom(host);
    FAIL();
  } catch (const base::Error& thrown) {
    EXPECT_EQ(thrown.code(), base::ExitCode::kNeedsAttention);
    EXPECT_THAT(thrown.what(), HasSubstr("is not up"));
    EXPECT_THAT(thrown.what(), HasSubstr("Nothing else was done"));
  }
}

class NoSpace : public base::Sys {
  ssize_t PWrite(int, const void*, size_t, off_t) override {
    errno = ENOSPC;
    return -1;
  }
};

TEST_F(SwitchTest, BeforeAPruneAFullDiskLeavesTheRecord) {
  const uint64_t number = StageSecond("two");
  host.observer = [](int step) {
    if (step == 6) {
      throw Killed();
    }
  };
  EXPECT_THROW(ActivateNumber(number), Killed);
  {
    NoSpace sys;
    const base::ScopedSys seam(sys);
    EXPECT_FALSE(RecoverIfRoom(host));
  }
  EXPECT_TRUE(ReadSwitchRecord(layout).has_value());
  EXPECT_TRUE(RecoverIfRoom(host));
  ExpectFirst();
}

TEST_F(SwitchTest, AfterAPruneARecoveryDoesNotDenyIt) {
  const uint64_t number = StageSecond("two");
  host.observer = [](int step) {
    if (step == 6) {
      throw Killed();
    }
  };
  EXPECT_THROW(ActivateNumber(number), Killed);
  Write(layout.Generation(1) + "/units/web.service", "\nExecStart=/bin/fail\n");
  try {
    RecoverOrFail(host, "The prune was done");
    FAIL();
  } catch (const base::Error& thrown) {
    EXPECT_THAT(thrown.what(), testing::EndsWith(". The prune was done"));
  }
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

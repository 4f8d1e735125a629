#include "activator/switch/recovery.h"

#include <gmock/gmock.h>

#include <cerrno>

#include "activator/state/history.h"
#include "base/sys.h"
#include "tests/activator/read_history.h"
#include "tests/activator/switch/switch_fixture.h"

namespace activator {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class RecoveryTest : public SwitchTest {
 protected:
  void KillAfterStep(int step, uint64_t number) {
    host.observer = [step](int done) {
      if (done == step) {
        throw Killed();
      }
    };
    EXPECT_THROW(ActivateNumber(number), Killed);
    host.observer = nullptr;
  }
  // A switch to another version is cut off when it has started that.
  void CutOff() { KillAfterStep(6, StageSecond("two")); }
  // The one before cannot be started any more.
  void CutOffWithoutAWayBack() {
    CutOff();
    Write(layout.Generation(1) + "/units/web.service", "\nExecStart=/bin/fail\n");
  }
};

class KillTest : public RecoveryTest, public ::testing::WithParamInterface<int> {
 protected:
  void KillAfterStep(uint64_t number) { RecoveryTest::KillAfterStep(GetParam(), number); }
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
  EXPECT_TRUE(LastActivation(layout)->cut_off);
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
  EXPECT_TRUE(LastActivation(layout)->cut_off);
}

TEST_P(KillTest, NothingBeforeMeansNothingAfter) {
  const uint64_t number = Stage("web", "one");
  KillAfterStep(number);
  Recover(host, RecoveryMode::kRestart);
  EXPECT_EQ(CurrentGeneration(layout), GetParam() == 8 ? number : kNoGeneration);
  EXPECT_EQ(systemd.IsActive("web.service"), GetParam() == 8);
}

INSTANTIATE_TEST_SUITE_P(EachStep, KillTest, ::testing::Range(1, 9));

TEST_F(RecoveryTest, RecoveryFinishesWhatWasHealthy) {
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

TEST_F(RecoveryTest, ARecoveryThatLeavesServicesDownIsNoSuccess) {
  CutOffWithoutAWayBack();
  EXPECT_EQ(Run(TargetKind::kLatest), 4);
  EXPECT_THAT(error, HasSubstr("is not up"));
}

// A prune recovers first, and says "nothing to do" only where that is true.
TEST_F(RecoveryTest, BeforeAPruneServicesThatStayDownAreNoSuccess) {
  CutOffWithoutAWayBack();
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

TEST_F(RecoveryTest, BeforeAPruneAFullDiskLeavesTheRecord) {
  CutOff();
  {
    NoSpace sys;
    const base::ScopedSys seam(sys);
    EXPECT_FALSE(RecoverIfRoom(host));
  }
  EXPECT_TRUE(ReadSwitchRecord(layout).has_value());
  EXPECT_TRUE(RecoverIfRoom(host));
  ExpectFirst();
}

TEST_F(RecoveryTest, AfterAPruneARecoveryDoesNotDenyIt) {
  CutOffWithoutAWayBack();
  try {
    RecoverOrFail(host, "The prune was done");
    FAIL();
  } catch (const base::Error& thrown) {
    EXPECT_THAT(thrown.what(), testing::EndsWith(". The prune was done"));
  }
}

}  // namespace
}  // namespace activator

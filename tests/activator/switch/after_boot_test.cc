#include "activator/switch/after_boot.h"

#include <gmock/gmock.h>

#include "activator/state/history.h"
#include "activator/switch/boot.h"
#include "tests/activator/host_fixture.h"

namespace activator {
namespace {

using ::testing::_;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

class AfterBootTest : public HostTest {
 protected:
  AfterBootTest() {
    shape = [this](images::Services& services) {
      for (auto& [name, service] : services) {
        service.health.tcp = "127.0.0.1:80";
        service.health.rolls_back_after_boot = rolls_back;
      }
    };
  }
  // As the boot unit, and what comes after it. The exit code; `error` holds what it said.
  int BootAndLook() {
    systemd.Reboot();
    error.clear();
    try {
      RunBoot(host);
      FinishAfterBoot(host, LookAfterBoot(host), "boot-" + std::to_string(++boots_));
      return 0;
    } catch (const base::Error& thrown) {
      error = thrown.what();
      return static_cast<int>(thrown.code());
    }
  }
  Event Last() const {
    return LastEvent(layout, [](const Event& /*event*/) { return true; }).value();
  }
  // From the boot on the check does not pass where `program` runs.
  void FailsAfterBoot(const std::string& program) {
    host.ask = [this, program](const images::Health& /*health*/, std::chrono::milliseconds) {
      return boots_ >= 0 && RunningProgram("web.service") == program
                 ? ProbeResult{false, "Connection refused", ""}
                 : ProbeResult{true, "", ""};
    };
  }

  bool rolls_back = false;

 private:
  int boots_ = 0;
};

TEST_F(AfterBootTest, TheResultIsRecorded) {
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0) << error;
  EXPECT_EQ(BootAndLook(), 0) << error;
  EXPECT_EQ(Last().event, "boot-healthy");
  EXPECT_EQ(Last().generation, 1U);
  EXPECT_THAT(Last().apps, ElementsAre(Pair("web", _)));
  EXPECT_THAT(Last().versions, ElementsAre(Pair("web", "1")));
  FailsAfterBoot("one");
  EXPECT_EQ(BootAndLook(), 4);
  EXPECT_THAT(error, HasSubstr("generation 1 is not healthy after the boot: web.service is active, "
                               "but its check of 127.0.0.1:80 did not pass: Connection refused"));
  EXPECT_EQ(Last().event, "boot-unhealthy");
  EXPECT_THAT(Last().reason, HasSubstr("web.service is active, but its check"));
  EXPECT_EQ(CurrentGeneration(layout), 1U);
}

// A service that needs another one may fail at first; a switch would not let that pass.
TEST_F(AfterBootTest, ARestartIsNoFailureThere) {
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0) << error;
  const auto start = clock.Monotonic();
  systemd.touch_up = [&](UnitState& state) {
    state.restarts = 3;
    if (clock.Monotonic() - start < std::chrono::seconds(5)) {
      state.active = "activating";
      state.sub = "auto-restart";
    }
  };
  EXPECT_EQ(BootAndLook(), 0) << error;
  EXPECT_EQ(Last().event, "boot-healthy");
}

TEST_F(AfterBootTest, WhatIsDownIsNamed) {
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0) << error;
  systemd.touch_up = [](UnitState& state) {
    state.active = "failed";
    state.result = "exit-code";
    state.exit_status = 1;
  };
  const auto start = clock.Monotonic();
  EXPECT_EQ(BootAndLook(), 4);
  EXPECT_THAT(error, HasSubstr("web.service is failed (exit-code, status 1)"));
  EXPECT_EQ(clock.Monotonic(), start);  // no waiting mends it
}

TEST_F(AfterBootTest, GoesBackOnceWhereThatIsAskedFor) {
  ASSERT_EQ(ActivateNumber(Stage("web", "zero")), 0) << error;
  rolls_back = true;
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0) << error;
  ASSERT_EQ(ActivateNumber(Stage("web", "two")), 0) << error;
  FailsAfterBoot("two");
  EXPECT_EQ(BootAndLook(), 0) << error;
  EXPECT_EQ(RunningProgram("web.service"), "one");
  EXPECT_EQ(StateOf(3), GenerationState::kRolledBack);
  EXPECT_EQ(Last().event, "activated");
  EXPECT_EQ(Last().what, "after_boot");
  EXPECT_EQ(Last().by, "the checks after a boot");
  // Not well either after the next boot: no loop.
  FailsAfterBoot("one");
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(BootAndLook(), 4);
    EXPECT_THAT(error, HasSubstr("It went back after a boot already"));
    EXPECT_EQ(Last().event, "boot-unhealthy");
    EXPECT_EQ(RunningProgram("web.service"), "one");
  }
  // Once somebody has activated something it may go back again.
  ASSERT_EQ(ActivateNumber(Stage("web", "three")), 0) << error;
  FailsAfterBoot("three");
  EXPECT_EQ(BootAndLook(), 0) << error;
  EXPECT_EQ(RunningProgram("web.service"), "one");
}

TEST_F(AfterBootTest, WithoutAnEarlierOneItStays) {
  rolls_back = true;
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0) << error;
  FailsAfterBoot("one");
  EXPECT_EQ(BootAndLook(), 1);
  EXPECT_THAT(error, HasSubstr("no earlier generation that was healthy"));
  EXPECT_EQ(RunningProgram("web.service"), "one");
  EXPECT_EQ(Last().event, "boot-unhealthy");
}

// The healthy web must not be taken back for the sake of an appa that would be the same.
TEST_F(AfterBootTest, StaysWhereGoingBackWouldNotChangeWhatIsNotWell) {
  rolls_back = true;
  ASSERT_EQ(ActivateNumber(Stage("appa", "bad")), 0) << error;
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0) << error;
  ASSERT_EQ(ActivateNumber(Stage("web", "two")), 0) << error;
  systemd.touch_up = [](UnitState& state) {
    if (state.fragment_path.ends_with("/appa.service")) {
      state.active = "failed";
      state.result = "exit-code";
    }
  };
  EXPECT_EQ(BootAndLook(), 4);
  EXPECT_THAT(error, HasSubstr("It stays: generation 2, which was healthy before, has the same "
                               "version of appa.service"));
  EXPECT_EQ(Last().event, "boot-unhealthy");
  EXPECT_EQ(RunningProgram("web.service"), "two");
}

// Somebody switches while the checks are asked: his switch looks itself.
TEST_F(AfterBootTest, ASwitchMeanwhileCountsAlone) {
  rolls_back = true;
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0) << error;
  ASSERT_EQ(ActivateNumber(Stage("web", "two")), 0) << error;
  const BootFindings found = {
      2, Last().sequence, {{"web.service", "web.service is failed"}}, {"web.service"}};
  ASSERT_EQ(Run(TargetKind::kRollback), 0) << error;
  ASSERT_EQ(ActivateNumber(2), 0) << error;
  FinishAfterBoot(host, found, "boot");
  EXPECT_EQ(Last().event, "boot-unchecked");
  EXPECT_EQ(Last().generation, 2U);
  EXPECT_EQ(Last().reason, "a switch began first");
  EXPECT_THAT(Last().apps, ElementsAre(Pair("web", _)));
  EXPECT_EQ(RunningProgram("web.service"), "two");
}

// The lock was waited for, and the service is well by now.
TEST_F(AfterBootTest, WhatIsWellByNowDoesNotGoBack) {
  rolls_back = true;
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0) << error;
  ASSERT_EQ(ActivateNumber(Stage("web", "two")), 0) << error;
  FailsAfterBoot("two");
  systemd.Reboot();
  RunBoot(host);
  BootFindings found = LookAfterBoot(host);
  ASSERT_THAT(found.go_back, ElementsAre("web.service"));
  LookAgain(host, found);
  ASSERT_THAT(found.go_back, ElementsAre("web.service"));  // still so
  FailsAfterBoot("nothing");
  LookAgain(host, found);
  FinishAfterBoot(host, found, "boot");
  EXPECT_EQ(Last().event, "boot-healthy");
  EXPECT_EQ(RunningProgram("web.service"), "two");
}

TEST_F(AfterBootTest, ASwitchThatBeginsBeforeAnybodyLooksIsRecorded) {
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0) << error;
  const uint64_t number = Stage("web", "two");
  BootFindings found;
  host.observer = [&](int step) {
    if (step == 3) {
      found = LookAfterBoot(host);
    }
  };
  ASSERT_EQ(ActivateNumber(number), 0) << error;
  FinishAfterBoot(host, found, "boot");
  EXPECT_EQ(Last().event, "boot-unchecked");
  EXPECT_EQ(Last().generation, 1U);
}

TEST_F(AfterBootTest, WhatRecoveryUndidIsInTheHistoryWithItsApplications) {
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0) << error;
  const uint64_t number = Stage("web", "two");
  host.observer = [](int step) {
    if (step == 4) {
      throw Killed();
    }
  };
  EXPECT_THROW(ActivateNumber(number), Killed);
  host.observer = nullptr;
  systemd.Reboot();
  RunBoot(host);
  EXPECT_EQ(Last().event, "rolled-back");
  EXPECT_THAT(Last().apps, ElementsAre(Pair("web", _)));
  EXPECT_THAT(Last().versions, ElementsAre(Pair("web", "1")));
}

}  // namespace
}  // namespace activator

// What somebody took away or damaged by hand: status tells it, and an activation is the way out.
#include <gmock/gmock.h>

#include "activator/host/unit_links.h"
#include "activator/report/report.h"
#include "activator/state/lost_current.h"
#include "base/atomic_file.h"
#include "tests/activator/host_fixture.h"

namespace activator {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class MendTest : public HostTest {
 protected:
  MendTest() : said_(base::Open(root + "/said", O_WRONLY | O_CREAT, 0600)) {
    host.io.err = said_.get();
    EXPECT_EQ(ActivateNumber(Stage("web", "one")), 0) << error;
    systemd.calls.clear();
  }
  std::string Said() const { return base::ReadFile(root + "/said"); }
  std::string StatusNow() { return StatusText(ReadStatus(host, true)); }

 private:
  const base::UniqueFd said_;
};

TEST_F(MendTest, AMissingLinkIsMadeAgainByActivatingWhatIsActive) {
  base::Unlink(units + "/web.service");
  EXPECT_EQ(ActivateNumber(1), 0) << error;
  EXPECT_THAT(systemd.calls, ElementsAre("reload"));  // what runs goes on
  EXPECT_THAT(Said(), HasSubstr("generation 1 is active already: made its links again\n"));
  EXPECT_THAT(StatusNow(), HasSubstr("the host matches generation 1"));
  EXPECT_EQ(ActivateNumber(1), 0) << error;
  EXPECT_THAT(Said(), HasSubstr("generation 1 is active already: nothing to do\n"));
}

TEST_F(MendTest, AUnitThatIsDownWithoutItsLinkIsStartedAgain) {
  base::Unlink(units + "/web.service");
  systemd.StopByHand("web.service");
  systemd.DaemonReload();
  EXPECT_EQ(ActivateNumber(1), 0) << error;
  EXPECT_EQ(RunningProgram("web.service"), "one");
  EXPECT_THAT(Said(), HasSubstr("was active already; made its links again and started what was "
                                "down\n"));
}

TEST_F(MendTest, AStrayLinkGoesAndTheBootUnitComesBack) {
  base::ReplaceSymlink(layout.Current() + "/units/stray.service", units + "/stray.service");
  base::Unlink(units + "/slipway-boot.service");
  base::Unlink(units + "/multi-user.target.wants/slipway-boot.service");
  EXPECT_EQ(ActivateNumber(1), 0) << error;
  EXPECT_THAT(LinkedUnits(host), ElementsAre("web.service"));
  EXPECT_TRUE(base::Exists(units + "/multi-user.target.wants/slipway-boot.service"));
  EXPECT_THAT(StatusNow(), HasSubstr("the host matches generation 1"));
}

TEST_F(MendTest, WhatRunsUnderAStrayLinkIsStopped) {
  systemd.AddForeign("stray.service", "/nowhere");
  base::ReplaceSymlink(layout.Current() + "/units/stray.service", units + "/stray.service");
  EXPECT_EQ(ActivateNumber(1), 0) << error;
  EXPECT_FALSE(systemd.IsActive("stray.service"));
}

TEST_F(MendTest, WhatIsJustStartingIsNotRestarted) {
  systemd.asked_too_early = 1;
  EXPECT_EQ(ActivateNumber(1), 0) << error;
  EXPECT_THAT(systemd.calls, IsEmpty());
}

TEST_F(MendTest, WhatStandsInTheWayOfOneUnitDoesNotKeepAnotherDown) {
  EXPECT_EQ(ActivateNumber(Stage("db", "one")), 0) << error;
  systemd.StopByHand("db.service");
  base::ReplaceSymlink("/dev/null", units + "/web.service");
  EXPECT_EQ(ActivateNumber(2), 1);
  EXPECT_THAT(error, AllOf(HasSubstr("web.service is masked on this host: systemctl unmask"),
                           Not(HasSubstr("not up"))));
  EXPECT_THAT(Said(), HasSubstr("generation 2 was active already; started what was down\n"));
  EXPECT_TRUE(systemd.IsActive("db.service"));
}

TEST_F(MendTest, WhatStandsInTheWayIsSaidAndLeft) {
  base::ReplaceSymlink("/dev/null", units + "/web.service");
  EXPECT_EQ(ActivateNumber(1), 1);
  EXPECT_THAT(error, HasSubstr("web.service is masked on this host: systemctl unmask"));
  EXPECT_EQ(base::ReadLinkIfThere(units + "/web.service"), "/dev/null");
}

TEST_F(MendTest, ALostCurrentIsToldAndMadeAgain) {
  base::Unlink(layout.Current());
  const std::string status = StatusNow();
  EXPECT_THAT(status, HasSubstr("The host DIFFERS from its records:\n  " + layout.Current() +
                                " is missing; by its record generation 1 is active: `activate "
                                "--generation 1` makes the link again\n"));
  EXPECT_THAT(StatusJson(ReadStatus(host, true)), HasSubstr("\"matches_current\": false"));
  EXPECT_EQ(ActivateNumber(1), 0) << error;
  EXPECT_THAT(Said(), HasSubstr(layout.Current() +
                                " was lost; by its record generation 1 is active: made the link "
                                "again\n"));
  EXPECT_EQ(CurrentGeneration(layout), 1U);
  EXPECT_TRUE(systemd.IsActive("web.service"));
  EXPECT_THAT(systemd.calls, Not(Contains("stop web.service")));
}

// Else what runs would be in the way of the new generation, and nothing would be there to go back
// to.
TEST_F(MendTest, AnotherGenerationIsSwitchedToFromTheLostOne) {
  const uint64_t good = Stage("web", "two");
  const uint64_t bad = Stage("web", "fail");
  base::ReplaceSymlink("nowhere", layout.Current());  // neither is a link to something else one
  EXPECT_THAT(StatusNow(), HasSubstr("leads to 'nowhere', which is no generation; by its record "
                                     "generation 1 is active"));
  EXPECT_EQ(ActivateNumber(bad), 3) << error;
  EXPECT_EQ(RunningProgram("web.service"), "one");
  base::ReplaceSymlink("generations/99", layout.Current());
  EXPECT_EQ(ActivateNumber(good), 0) << error;
  EXPECT_EQ(RunningProgram("web.service"), "two");
  EXPECT_EQ(StateOf(1), GenerationState::kSuperseded);
}

TEST_F(MendTest, NothingWasLostWhereNothingWasEverActive) {
  const base::TemporaryDirectory other(::testing::TempDir(), "slipway-lost-");
  const images::HostLayout empty(other.path());
  base::MakeDirectories(empty.Generations());
  EXPECT_EQ(LostCurrent(empty), kNoGeneration);
  EXPECT_FALSE(RepairCurrent(empty));
  EXPECT_FALSE(RepairCurrent(layout));
  EXPECT_EQ(CurrentGeneration(layout), 1U);
}

// Its unit's file is gone with it, and systemd would take the new one for what runs already.
TEST_F(MendTest, WhatALostGenerationLeftRunningIsReplaced) {
  const uint64_t two = Stage("web", "two");
  base::RemoveTree(layout.Generation(1));
  EXPECT_THAT(StatusNow(), HasSubstr("current leads to generation 1, which is gone: activate one "
                                     "of those that `activate list` shows"));
  EXPECT_EQ(ActivateNumber(two), 0) << error;
  EXPECT_EQ(RunningProgram("web.service"), "two");
}

TEST_F(MendTest, WhatALostGenerationAloneHadIsStopped) {
  const uint64_t two = Stage("web", "two");
  systemd.AddForeign("old.service", "/nowhere");
  base::ReplaceSymlink(layout.Current() + "/units/old.service", units + "/old.service");
  base::RemoveTree(layout.Generation(1));
  EXPECT_EQ(ActivateNumber(two), 0) << error;
  EXPECT_FALSE(systemd.IsActive("old.service"));
  EXPECT_THAT(LinkedUnits(host), ElementsAre("web.service"));
}

TEST_F(MendTest, WhatALostGenerationHadIsNotThereToGoBackTo) {
  const uint64_t bad = Stage("web", "fail");
  base::RemoveTree(layout.Generation(1));
  EXPECT_EQ(ActivateNumber(bad), 4);
  EXPECT_THAT(error, HasSubstr("\n  what a lost generation had left running was stopped: "
                               "web.service\n"));
}

TEST_F(MendTest, TheListThatStatusPointsToWorksWithoutCurrent) {
  Generation generation = LoadGeneration(layout, 1);
  generation.state = GenerationState::kSuperseded;
  StoreGeneration(layout, generation);
  base::ReplaceSymlink("nowhere", layout.Current());
  EXPECT_THAT(StatusNow(), HasSubstr("leads to 'nowhere', which is no generation: activate one of "
                                     "those that `activate list` shows"));
  EXPECT_THAT(ListText(ReadListing(layout)), HasSubstr("  1  superseded"));
  // Which one is active is not guessed where a switch knows it.
  Write(layout.SwitchRecord(), "{");
  EXPECT_THROW(ReadListing(layout), base::Error);
}

class DamagedRecordTest : public MendTest {
 protected:
  DamagedRecordTest() {
    EXPECT_EQ(ActivateNumber(Stage("web", "two")), 0) << error;
    Write(layout.Generation(2) + "/generation.json", "{");
  }
};

TEST_F(DamagedRecordTest, StatusTellsItAndGoesOn) {
  const std::string status = StatusNow();
  EXPECT_THAT(status, HasSubstr("Generation 2 is active in " + layout.root()));
  EXPECT_THAT(status, HasSubstr("web.service"));
  EXPECT_THAT(status, HasSubstr("\nThe record of generation 2 CANNOT BE READ (`activate "
                                "--rollback` leaves it): "));
  EXPECT_THAT(status, Not(HasSubstr("the host matches")));
  const std::string json = StatusJson(ReadStatus(host, true));
  EXPECT_THAT(json, HasSubstr("\"unreadable_generations\": [\n    2\n  ]"));
  EXPECT_THAT(json, HasSubstr("\"matches_current\": false"));
}

TEST_F(DamagedRecordTest, OfAnotherGenerationIsToldToo) {
  ASSERT_EQ(ActivateNumber(1), 0) << error;
  EXPECT_THAT(StatusNow(), HasSubstr("the host matches generation 1"));
  EXPECT_THAT(StatusNow(), HasSubstr("\nThe record of generation 2 CANNOT BE READ: "));
}

TEST_F(DamagedRecordTest, ARollbackLeavesIt) {
  EXPECT_EQ(Run(TargetKind::kRollback), 0) << error;
  EXPECT_EQ(RunningProgram("web.service"), "one");
  EXPECT_EQ(CurrentGeneration(layout), 1U);
  EXPECT_THAT(systemd.calls, Contains("stop web.service"));
}

TEST_F(DamagedRecordTest, TheWayBackReturnsToItsUnits) {
  Write(layout.Generation(1) + "/units/web.service", "[Service]\nExecStart=/bin/fail\n");
  EXPECT_EQ(ActivateNumber(1), 3) << error;
  EXPECT_EQ(RunningProgram("web.service"), "two");
  EXPECT_EQ(CurrentGeneration(layout), 2U);
}

TEST_F(DamagedRecordTest, AGenerationThatIsGoneIsNoneToGoBackTo) {
  const uint64_t number = [&] {
    EXPECT_EQ(ActivateNumber(1), 0) << error;
    return Stage("web", "three");
  }();
  host.observer = [this](int step) {
    if (step == 6) {
      base::RemoveTree(layout.Generation(1));
      throw base::Error(base::ExitCode::kFailed, "cut");
    }
  };
  EXPECT_EQ(ActivateNumber(number), 4);
  EXPECT_THAT(error, HasSubstr("Going back to generation 1 is not possible: there is no"));
  EXPECT_EQ(RunningProgram("web.service"), "three");  // better than nothing
}

}  // namespace
}  // namespace activator

#include "activator/switch/boot.h"

#include <gmock/gmock.h>

#include "activator/host/boot_unit.h"
#include "activator/host/install_self.h"
#include "activator/host/unit_links.h"
#include "activator/state/switch_record.h"
#include "base/atomic_file.h"
#include "tests/activator/host_fixture.h"

namespace activator {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class BootTest : public HostTest {
 protected:
  void Reboot() {
    if (std::optional<SwitchRecord> record = ReadSwitchRecord(layout)) {
      record->boot_id = "the boot before";
      WriteSwitchRecord(layout, *record);
    }
    systemd.Reboot();
  }
};

TEST_F(BootTest, IsInstalledWithTheFirstActivation) {
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0);
  const std::string text = base::ReadFile(units + "/slipway-boot.service");
  EXPECT_EQ(text, BootUnitText(layout.root()));
  EXPECT_THAT(text, HasSubstr("RequiresMountsFor=" + layout.root() + "\n"));
  EXPECT_THAT(text, HasSubstr("/bin/activate --root " + layout.root() + " boot\n"));
  EXPECT_EQ(base::ReadLinkIfThere(units + "/multi-user.target.wants/slipway-boot.service"),
            "../slipway-boot.service");
  EXPECT_TRUE(base::Exists(layout.Bin() + "/activate"));
}

TEST_F(BootTest, ServesOneRoot) {
  Write(units + "/slipway-boot.service", BootUnitText("/srv/elsewhere"));
  EXPECT_EQ(ActivateNumber(Stage("web", "one")), 1);
  EXPECT_THAT(error, HasSubstr("another root"));
}

TEST_F(BootTest, OneThatIsMaskedIsRefused) {
  base::ReplaceSymlink("/dev/null", units + "/slipway-boot.service");
  EXPECT_EQ(ActivateNumber(Stage("web", "one")), 1);
  EXPECT_THAT(error, HasSubstr("systemctl unmask slipway-boot.service"));
  EXPECT_EQ(base::ReadLinkIfThere(units + "/slipway-boot.service"), "/dev/null");
}

TEST_F(BootTest, ComesAfterTheUsersAreKnown) {
  EXPECT_THAT(BootUnitText("/srv"), HasSubstr("\nAfter=nss-user-lookup.target\n"));
}

TEST_F(BootTest, IsAskedForWhereUnitsDoNotSurviveAReboot) {
  const base::UniqueFd said = base::Open(root + "/said", O_WRONLY | O_CREAT, 0600);
  host.io.err = said.get();
  host.configured_directory = root + "/etc";
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0);
  EXPECT_FALSE(base::Exists(units + "/slipway-boot.service"));
  EXPECT_THAT(base::ReadFile(root + "/said"), HasSubstr(BootUnitText(layout.root())));
}

TEST_F(BootTest, LeavesAnInstalledAgentAlone) {
  Write(layout.Bin() + "/activate-new", "newer");
  base::ReplaceSymlink("activate-new", layout.Bin() + "/activate");
  InstallSelf(layout);
  EXPECT_EQ(base::ReadFile(layout.Bin() + "/activate"), "newer");
}

TEST_F(BootTest, StartsWhatIsCurrentWithoutWaiting) {
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0);
  systemd.Reboot();
  RunBoot(host);
  EXPECT_THAT(systemd.calls, ElementsAre("start web.service"));
}

TEST_F(BootTest, GoesBackFromAGenerationThatTookTheMachineDown) {
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0);
  const uint64_t number = Stage("web", "two");
  host.observer = [](int step) {
    if (step == 6) {
      throw Killed();
    }
  };
  EXPECT_THROW(ActivateNumber(number), Killed);
  Reboot();
  RunBoot(host);
  EXPECT_THAT(systemd.calls, ElementsAre("reload", "start web.service"));
  EXPECT_EQ(RunningProgram("web.service"), "one");
  EXPECT_EQ(StateOf(number), GenerationState::kRolledBack);
  EXPECT_FALSE(ReadSwitchRecord(layout).has_value());
}

// Where links do not survive a reboot, the unit that one hid was started instead.
TEST_F(BootTest, TakesTheNameBackFromAPackagesUnit) {
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0);
  base::Unlink(units + "/web.service");
  systemd.Reboot();
  systemd.AddForeign("web.service", "/lib/systemd/system/web.service");
  systemd.calls.clear();
  RunBoot(host);
  EXPECT_THAT(systemd.calls, ElementsAre("reload", "restart web.service"));
  EXPECT_EQ(RunningProgram("web.service"), "one");
}

TEST_F(BootTest, AUnitThatHidesOursIsSaidAndNotStarted) {
  ASSERT_EQ(ActivateNumber(
                StageGeneration(layout, {{"web", Push("web", "one")}, {"db", Push("db", "db")}}, "")
                    .number),
            0);
  host.configured_directory = root + "/etc";
  base::MakeDirectories(root + "/etc");
  Write(root + "/etc/web.service", "[Service]\n");
  systemd.Reboot();
  try {
    RunBoot(host);
    FAIL();
  } catch (const base::Error& thrown) {
    EXPECT_EQ(thrown.what(), "web.service is not started: " + root +
                                 "/etc/web.service is a file, not our link to the generation's "
                                 "unit: `mv " +
                                 root + "/etc/web.service /root/`, then `activate --generation 1`");
  }
  EXPECT_THAT(systemd.calls, ElementsAre("start db.service"));
}

// activate was killed, and the boot unit is started by hand instead of another activate.
class BootByHandTest : public BootTest, public ::testing::WithParamInterface<int> {
 protected:
  void KillASwitchFromOneToTwo() {
    ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0);
    const uint64_t number =
        StageGeneration(layout, {{"web", Push("web", "two")}, {"extra", Push("extra", "extra")}},
                        "")
            .number;
    host.observer = [](int step) {
      if (step == GetParam()) {
        throw Killed();
      }
    };
    EXPECT_THROW(ActivateNumber(number), Killed);
    systemd.calls.clear();
  }
};

TEST_P(BootByHandTest, GoesBackFromASwitchThatWasKilled) {
  KillASwitchFromOneToTwo();
  RunBoot(host);
  EXPECT_EQ(CurrentGeneration(layout), 1U);
  EXPECT_EQ(RunningProgram("web.service"), "one");
  EXPECT_FALSE(systemd.IsActive("extra.service"));
  EXPECT_THAT(LinkedUnits(host), ElementsAre("web.service"));
  EXPECT_EQ(StateOf(2), GenerationState::kRolledBack);
  EXPECT_FALSE(ReadSwitchRecord(layout).has_value());
  if (GetParam() < 3) {
    EXPECT_THAT(systemd.calls, Not(Contains("stop web.service")));
  }
}

TEST_P(BootByHandTest, RestartsWhatIsBehindASocket) {
  shape = [](images::Services& services) { services.begin()->second.listen = {"80"}; };
  KillASwitchFromOneToTwo();
  RunBoot(host);
  EXPECT_EQ(RunningProgram("web.service"), "one");
  EXPECT_TRUE(systemd.IsActive("web.socket"));
  EXPECT_THAT(systemd.calls, Not(Contains("stop web.socket")));
}

INSTANTIATE_TEST_SUITE_P(AfterStep, BootByHandTest, ::testing::Range(1, 8));

TEST_F(BootTest, RepairsCurrentAndLinks) {
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0);
  base::Unlink(layout.Current());
  base::Unlink(units + "/web.service");
  base::ReplaceSymlink(layout.Current() + "/units/gone.service", units + "/gone.service");
  systemd.Reboot();
  RunBoot(host);
  EXPECT_EQ(CurrentGeneration(layout), 1U);
  EXPECT_THAT(LinkedUnits(host), ElementsAre("web.service"));
  EXPECT_THAT(systemd.calls, ElementsAre("reload", "start web.service"));
}

}  // namespace
}  // namespace activator

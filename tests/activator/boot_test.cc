#include "activator/boot.h"

#include <gmock/gmock.h>

#include "activator/switch_record.h"
#include "activator/unit_links.h"
#include "base/atomic_file.h"
#include "tests/activator/host_fixture.h"

namespace activator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class BootTest : public HostTest {};

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

TEST_F(BootTest, IsAskedForWhereUnitsDoNotSurviveAReboot) {
  const base::UniqueFd said = base::Open(root + "/said", O_WRONLY | O_CREAT, 0600);
  host.io.err = said.get();
  host.units_survive_reboot = false;
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
  systemd.Reboot();
  RunBoot(host);
  EXPECT_THAT(systemd.calls, ElementsAre("reload", "start web.service"));
  EXPECT_EQ(RunningProgram("web.service"), "one");
  EXPECT_EQ(StateOf(number), GenerationState::kRolledBack);
  EXPECT_FALSE(ReadSwitchRecord(layout).has_value());
}

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

// What an uninstall refuses, what it finds and leaves, and that it can be cut off anywhere.
#include "activator/uninstall.h"

#include <fcntl.h>
#include <gmock/gmock.h>

#include <filesystem>

#include "activator/activate.h"
#include "activator/host/boot_unit.h"
#include "activator/state/switch_record.h"
#include "activator/state/tombstones.h"
#include "base/atomic_file.h"
#include "base/lock.h"
#include "base/sys.h"
#include "tests/activator/host_fixture.h"
#include "tests/support/errors.h"
#include "tests/support/faulty_sys.h"

namespace activator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class UninstallTest : public HostTest {
 protected:
  std::string Refusal() {
    return tests::MessageOf([&] { Uninstall(host); });
  }
  void ExpectThatTheHostIsAsItWas() {
    EXPECT_TRUE(systemd.IsActive("web.service"));
    EXPECT_EQ(layout.Versions().size(), 1U);
    EXPECT_TRUE(base::Exists(layout.History()));
  }
};

TEST_F(UninstallTest, WhatRunsWithoutCurrentIsNotRemoved) {
  EXPECT_EQ(ActivateNumber(Stage("web", "one")), 0) << error;
  for (const char* lost : {"", "nowhere", "generations/99"}) {
    base::Unlink(layout.Current());
    if (*lost != '\0') {
      base::ReplaceSymlink(lost, layout.Current());
    }
    EXPECT_THAT(Refusal(), HasSubstr("generation 1 runs web: activate uninstall --stop stops"));
    EXPECT_EQ(CurrentGeneration(layout), 1U);
    ExpectThatTheHostIsAsItWas();
  }
}

TEST_F(UninstallTest, WhatRunsWithoutAnyRecordIsNotRemoved) {
  EXPECT_EQ(ActivateNumber(Stage("web", "one")), 0) << error;
  base::RemoveTree(layout.Generation(1));
  EXPECT_THAT(Refusal(), HasSubstr("web.service is not down, although no record says what is "
                                   "active: `systemctl stop web.service`, then uninstall again"));
  ExpectThatTheHostIsAsItWas();
  systemd.StopByHand("web.service");
  Uninstall(host);
  EXPECT_FALSE(base::Exists(layout.root()));
  EXPECT_FALSE(base::LstatIfThere(units + "/web.service"));
}

TEST_F(UninstallTest, TheWeeklyVerifyComesWithAnActivationAndGoes) {
  EXPECT_EQ(ActivateNumber(Stage("web", "one")), 0) << error;
  EXPECT_THAT(base::ReadFile(units + "/slipway-verify.service"),
              HasSubstr("ExecStart=" + layout.root() + "/bin/activate --root " + layout.root() +
                        " verify\n"));
  EXPECT_THAT(base::ReadFile(units + "/slipway-verify.timer"), HasSubstr("OnCalendar=weekly\n"));
  const std::string link = units + "/slipway.target.wants/slipway-verify.timer";
  EXPECT_EQ(base::ReadLinkIfThere(link), "../slipway-verify.timer");
  base::Unlink(link);  // as `systemctl disable` does
  Write(units + "/slipway-verify.timer", "of an older version");
  EXPECT_EQ(ActivateNumber(1), 0) << error;
  EXPECT_FALSE(base::Exists(link));
  EXPECT_THAT(base::ReadFile(units + "/slipway-verify.timer"), HasSubstr("OnCalendar=weekly\n"));
  EXPECT_EQ(ActivateNumber(StageApps(layout, {}, "").number), 0);
  Uninstall(host);
  EXPECT_THAT(base::ListDirectory(units), testing::Not(testing::Contains(HasSubstr("slipway"))));
}

TEST_F(UninstallTest, WhatWasCutOffBeforeIsRemovedToo) {
  Stage("web", "one");
  base::MakeDirectories(layout.Application("web") + "/" + NewTombstone(0));
  base::MakeDirectories(layout.Application("db") + "/" + NewTombstone(0));  // its last version
  Write(layout.root() + "/" + std::string(base::kTemporaryPrefix) + "1", "half of a file");
  Confirm(layout, "of-a-switch-that-had-gone-back-already");
  base::MakeDirectories(layout.root() + "/mine");
  EXPECT_THAT(Uninstall(host).kept, ElementsAre(layout.root() + "/mine"));
  EXPECT_THAT(base::ListDirectory(layout.root()), ElementsAre("mine"));
}

// Each failing call ends it as a kill does. While the program is there, typing it again works.
TEST_F(UninstallTest, CanBeRepeatedWhereverItWasCutOff) {
  Stage("web", "one");
  Write(layout.Bin() + "/activate", "program");
  bool cut_off = true;
  for (size_t call = 1; cut_off; ++call) {
    SCOPED_TRACE(call);
    const base::TemporaryDirectory copy(root, "copy-");
    Host there = host;
    there.layout = images::HostLayout(copy.path() + "/images");
    std::filesystem::copy(layout.root(), there.layout.root(),
                          std::filesystem::copy_options::recursive);
    {
      tests::FaultySys sys;
      sys.FailCall(call, EIO);
      const base::ScopedSys scoped(sys);
      try {
        Uninstall(there);
      } catch (const base::Error&) {
      }
      cut_off = sys.calls() >= call;
    }
    if (base::Exists(there.layout.Bin() + "/activate")) {
      EXPECT_TRUE(base::Exists(there.layout.Generations()));  // else it is no host's root
    }
    Uninstall(there);
    EXPECT_FALSE(base::Exists(there.layout.root()));
    ASSERT_FALSE(HasFailure());
  }
}

TEST_F(UninstallTest, OfAFolderEndsWithWhatMarksIt) {
  base::RemoveTree(layout.Generations());
  Write(layout.root() + "/" + kDirectoryHostMarker, "");
  EXPECT_EQ(RunActivate({"--root", layout.root(), "uninstall"}, {}), 0);
  EXPECT_FALSE(base::Exists(layout.root()));
}

TEST_F(UninstallTest, DirectoriesOfServicesAreNamedWhateverMadeThem) {
  shape = [](images::Services& services) {
    services["web"].state = true;
    services["web"].directives["Service"]["StateDirectory"] = "shop/orders";
    services["web"].directives["Service"]["LogsDirectory"] = "shop";
    services["old"] = services["web"];
    services["old"].directives["Service"] = {{"StateDirectory", "one:other"}};
  };
  Stage("web", "one");
  for (const char* path : {"/var/lib/old", "/var/lib/shop/orders", "/var/log/shop"}) {
    base::MakeDirectories(host.os_root + path);
  }
  EXPECT_THAT(Uninstall(host).kept,
              ElementsAre("/var/lib/old", "/var/lib/shop/orders", "/var/log/shop"));
}

TEST_F(UninstallTest, ABootUnitThatIsNotRemovedIsNotNamed) {
  const std::string path = units + "/slipway-boot.service";
  Write(path, BootUnitText("/srv/elsewhere"));
  Stage("web", "one");
  EXPECT_THAT(PlanUninstall(host, true).units, testing::IsEmpty());
  base::Unlink(path);
  base::ReplaceSymlink("/dev/null", path);
  EXPECT_THAT(Uninstall(host).units, testing::IsEmpty());
  EXPECT_TRUE(base::LstatIfThere(path));
}

TEST_F(UninstallTest, AMaskOfTheTimerStays) {
  const std::string timer = units + "/slipway-verify.timer";
  base::ReplaceSymlink("/dev/null", timer);
  InstallBootUnit(host);
  EXPECT_EQ(base::ReadLinkIfThere(timer), "/dev/null");
  Uninstall(host);
  EXPECT_EQ(base::ReadLinkIfThere(timer), "/dev/null");
  EXPECT_FALSE(base::LstatIfThere(units + "/slipway-verify.service"));
}

TEST_F(UninstallTest, APlanSaysWhyTheCommandWouldBeRefused) {
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0) << error;
  constexpr const char* kWhy = "generation 1 runs web: activate uninstall --stop stops what runs";
  const Uninstalled plan = PlanUninstall(host, false);
  ASSERT_TRUE(plan.refusal);
  EXPECT_STREQ(plan.refusal->what(), kWhy);
  EXPECT_THAT(UninstalledJson(layout, plan, true),
              HasSubstr(std::string("\"refused\": \"") + kWhy + "\""));
  EXPECT_FALSE(PlanUninstall(host, true).refusal);
  EXPECT_THAT(UninstalledJson(layout, PlanUninstall(host, true), true),
              HasSubstr("\"refused\": null"));
  base::Unlink(layout.Current());
  EXPECT_STREQ(PlanUninstall(host, false).refusal->what(), kWhy);
  base::RemoveTree(layout.Generation(1));
  EXPECT_THAT(PlanUninstall(host, true).refusal->what(), HasSubstr("web.service is not down"));
}

TEST_F(UninstallTest, APlanSaysThatSomebodyWorksOnTheHost) {
  Stage("web", "one");
  {
    const base::FileLock lock(layout.Lock(), "the host", "activate switching");
    const Uninstalled plan = PlanUninstall(host, false);
    ASSERT_TRUE(plan.refusal);
    EXPECT_EQ(plan.refusal->code(), base::ExitCode::kBusy);
    EXPECT_EQ(plan.refusal->what(), layout.root() + " is in use: try again when that has ended");
  }
  EXPECT_FALSE(PlanUninstall(host, false).refusal);
}

TEST_F(UninstallTest, APlanThatWouldBeRefusedIsNoSuccess) {
  base::RemoveTree(layout.Generations());
  Write(layout.root() + "/" + kDirectoryHostMarker, "");
  const std::vector<std::string> plan = {"--root", layout.root(), "uninstall", "--dry-run"};
  const base::UniqueFd out = base::Open(root + "/out", O_RDWR | O_CREAT, 0600);
  const base::Io io{0, out.get(), out.get()};
  EXPECT_EQ(RunActivate(plan, io), 0);
  base::MakeDirectories(layout.Generations());
  ASSERT_EQ(RunActivate(
                {"--root", layout.root(), "--generation", std::to_string(Stage("web", "one"))}, io),
            0);
  EXPECT_EQ(
      tests::MessageOf([&] { RunActivate(plan, io); }),
      "the uninstall would be refused: generation 1 is active with web: activate uninstall --stop "
      "removes what is active, too");
  ASSERT_EQ(::ftruncate(out.get(), 0), 0);
  std::vector<std::string> all = plan;
  all.emplace_back("--stop");
  EXPECT_EQ(RunActivate(all, io), 0);
  all.erase(all.end() - 2);  // --dry-run
  EXPECT_EQ(RunActivate(all, io), 0);
  EXPECT_THAT(base::ReadFile(root + "/out"),
              testing::AllOf(HasSubstr("would remove "), HasSubstr("removed "),
                             testing::Not(HasSubstr("stop"))));
}

TEST_F(UninstallTest, DropInsAreKeptAndNamed) {
  edit_service = [](images::Service& service) { service.health.exec = {"/bin/ask"}; };
  Stage("web", "one");
  std::vector<std::string> drop_ins;
  for (const char* unit : {"slipway-boot.service", "web.service", "web:check.service"}) {
    base::MakeDirectories(units + "/" + unit + ".d");
    drop_ins.push_back(units + "/" + unit + ".d/override.conf");
    Write(drop_ins.back(), "");
  }
  base::MakeDirectories(units + "/ssh.service.d");
  Write(units + "/ssh.service.d/mine.conf", "");
  EXPECT_THAT(PlanUninstall(host, false).kept, testing::ElementsAreArray(drop_ins));
  EXPECT_THAT(Uninstall(host).kept, testing::ElementsAreArray(drop_ins));
  EXPECT_TRUE(base::Exists(drop_ins.front()));
}

// A file that is named as a version would be.
TEST_F(UninstallTest, NamesWhatIsLeftInTheEnd) {
  Stage("web", "one");
  Write(layout.Application("web") + "/0123456789abcdef", "mine");
  EXPECT_THAT(Uninstall(host).kept, ElementsAre(layout.Application("web")));
  EXPECT_TRUE(base::Exists(layout.Application("web")));
}

TEST_F(UninstallTest, SaysBeforehandWhatGoesAndChangesNothing) {
  shape = [](images::Services& services) { services["web"].state = true; };
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0) << error;
  base::MakeDirectories(host.os_root + "/var/lib/web");
  Write(layout.root() + "/notes", "mine");
  base::MakeDirectories(layout.root() + "/lost+found");
  const Uninstalled plan = PlanUninstall(host, true);
  ExpectThatTheHostIsAsItWas();
  EXPECT_THAT(plan.stopped, ElementsAre("web"));
  EXPECT_THAT(plan.units, testing::Contains("web.service"));
  const std::string version = layout.Versions().at(0).path;
  EXPECT_THAT(UninstalledText(layout, plan, true),
              testing::AllOf(HasSubstr("would stop web\n"), HasSubstr("would remove web.service\n"),
                             HasSubstr("would remove " + version + "\n"),
                             HasSubstr("would keep /var/lib/web\n")));
  EXPECT_THAT(UninstalledJson(layout, plan, true), HasSubstr("\"dry_run\": true"));
  ASSERT_EQ(ActivateNumber(StageApps(layout, {}, "").number), 0) << error;
  EXPECT_EQ(Uninstall(host).kept, plan.kept);
  EXPECT_EQ(plan.kept.back(), layout.root() + "/notes");
  EXPECT_THAT(base::ListDirectory(layout.root()),
              testing::UnorderedElementsAre("lost+found", "notes"));
}

}  // namespace
}  // namespace activator

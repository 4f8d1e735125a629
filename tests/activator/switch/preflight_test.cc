#include "activator/switch/preflight.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "activator/state/switch_record.h"
#include "activator/switch/boot.h"
#include "base/atomic_file.h"
#include "tests/activator/host_fixture.h"

namespace activator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class PreflightTest : public HostTest {
 protected:
  // Activates what is staged and sees it refused with nothing touched.
  void ExpectRefused(uint64_t number, const std::string& why) {
    const uint64_t before = CurrentGeneration(layout);
    systemd.calls.clear();
    EXPECT_EQ(ActivateNumber(number), 1) << error;
    EXPECT_THAT(error, HasSubstr(why));
    EXPECT_THAT(systemd.calls, IsEmpty());
    EXPECT_EQ(CurrentGeneration(layout), before);
    EXPECT_EQ(StateOf(number), GenerationState::kStaged);
    EXPECT_THAT(LoadGeneration(layout, number).reason, HasSubstr(why));
  }
};

TEST_F(PreflightTest, WhatWasRefusedIsTheLatestOnceTheCauseIsMended) {
  ASSERT_EQ(ActivateNumber(Stage("db", "one")), 0) << error;
  const uint64_t number = Stage("web", "one");
  base::ReplaceSymlink("/dev/null", units + "/web.service");
  ASSERT_EQ(Run(TargetKind::kLatest), 1);
  base::Unlink(units + "/web.service");
  // Staged again it is the same.
  EXPECT_EQ(Stage("web", "one"), number);
  ASSERT_EQ(Run(TargetKind::kLatest), 0) << error;
  EXPECT_EQ(CurrentGeneration(layout), number);
  EXPECT_TRUE(systemd.IsActive("web.service"));
  EXPECT_EQ(LoadGeneration(layout, number).reason, "");
}

// As an older `activate` left it.
TEST_F(PreflightTest, WhatAnOlderOneRefusedIsTriedToo) {
  const uint64_t number = Stage("web", "one");
  base::ReplaceSymlink("/dev/null", units + "/web.service");
  ASSERT_EQ(ActivateNumber(number), 1);
  Generation generation = LoadGeneration(layout, number);
  generation.state = GenerationState::kFailed;
  StoreGeneration(layout, generation);
  base::Unlink(units + "/web.service");
  ASSERT_EQ(Run(TargetKind::kLatest), 0) << error;
  EXPECT_TRUE(systemd.IsActive("web.service"));
}

TEST_F(PreflightTest, AMaskedUnitIsSaid) {
  const uint64_t number = Stage("web", "one");
  base::ReplaceSymlink("/dev/null", units + "/web.service");
  ExpectRefused(number, "web.service is masked on this host: systemctl unmask web.service");
  base::Unlink(units + "/web.service");
  ASSERT_EQ(ActivateNumber(number), 0) << error;
  // Also one that did not change: its link would be in the way half-way through the switch.
  base::ReplaceSymlink("/dev/null", units + "/web.service");
  ExpectRefused(Stage("db", "one"), "web.service is masked");
}

TEST_F(PreflightTest, AnOperatorsFileIsInTheWay) {
  Write(units + "/web.service", "[Service]\n");
  ExpectRefused(Stage("web", "one"), "web.service is not one of our links: move it away");
}

TEST_F(PreflightTest, SecretsBelongToRootAndNobodyElseReadsThem) {
  const std::string key = base::RealPath(root) + "/tls.key";
  shape = [&](images::Services& services) {
    services.begin()->second.credentials = {{"tls.key", key}};
  };
  const uint64_t number = Stage("web", "one");
  ExpectRefused(number, "web: service web: its credential " + key + " is not on this host");
  Write(key, "SECRET");
  ASSERT_EQ(::chmod(key.c_str(), 0644), 0);
  ExpectRefused(number, "everybody can read its credential " + key + ": chmod o= " + key);
  ASSERT_EQ(::chmod(key.c_str(), 0600), 0);
  if (::geteuid() == 0) {
    ASSERT_EQ(::chown(key.c_str(), 12345, 0), 0);
    ExpectRefused(number, "belongs to user 12345, who could change it: chown root");
    ASSERT_EQ(::chown(key.c_str(), 0, 0), 0);
    EXPECT_EQ(ActivateNumber(number), 0) << error;
  }
}

// One run of the checks tells all that is to be done.
TEST_F(PreflightTest, AllProblemsAreListed) {
  const std::string nothing = base::RealPath(root) + "/none";
  shape = [&](images::Services& services) {
    services.begin()->second.credentials = {{"a", nothing + "/a"}, {"b", nothing + "/b"}};
    services.begin()->second.binds = {{nothing + "/c", "/c", false}};
  };
  host.check_image = [](const images::ImageDirectory&) {
    base::Fail(base::ExitCode::kFailed, "its program /bin/one is not in the image");
  };
  base::ReplaceSymlink("/dev/null", units + "/web.service");
  base::ReplaceSymlink("/dev/null", units + "/slipway-boot.service");
  const uint64_t number = Stage("web", "one");
  systemd.verify_says = "web.service: no";
  ASSERT_EQ(ActivateNumber(number), 1);
  EXPECT_THAT(error, HasSubstr("generation 1 was not activated: 7 problems\n"
                               "  web: its program /bin/one is not in the image\n"));
  EXPECT_THAT(error, HasSubstr("\n  service web binds " + nothing + "/c, which is not on this"));
  EXPECT_THAT(error, HasSubstr("\n  web: service web: its credential " + nothing + "/a is not"));
  EXPECT_THAT(error, HasSubstr("\n  web: service web: its credential " + nothing + "/b is not"));
  EXPECT_THAT(error, HasSubstr("\n  web.service is masked on this host: systemctl unmask"));
  EXPECT_THAT(error, HasSubstr("\n  systemd does not accept the units"));
  EXPECT_THAT(error, HasSubstr("\n  slipway-boot.service is masked on this host"));
  EXPECT_THAT(error, testing::EndsWith("\n  nothing was changed\n"));
  // The record has them, too.
  EXPECT_THAT(LoadGeneration(layout, number).reason,
              HasSubstr("7 problems: web: its program /bin/one is not in the image; web: service"));
}

// A rehearsal refuses what the activation would, and leaves nothing behind.
TEST_F(PreflightTest, ARehearsalRunsTheChecks) {
  ASSERT_EQ(ActivateNumber(Stage("db", "one")), 0) << error;
  const uint64_t number = Stage("web", "one");
  const auto rehearse = [&](const Resolved& target) {
    try {
      Rehearse(host, target, UnitConflictPolicy::kRefuse);
      return std::string();
    } catch (const base::Error& thrown) {
      return std::string(thrown.what());
    }
  };
  const Resolved latest = {number, std::nullopt, ""};
  const Resolved unstaged = {kNoGeneration, LoadGeneration(layout, number).apps, ""};
  EXPECT_EQ(rehearse(latest), "");
  EXPECT_EQ(rehearse(unstaged), "");
  base::ReplaceSymlink("/dev/null", units + "/web.service");
  systemd.calls.clear();
  for (const Resolved& target : {latest, unstaged}) {
    EXPECT_THAT(rehearse(target),
                HasSubstr("the activation would be refused: web.service is masked"));
  }
  EXPECT_THAT(systemd.calls, IsEmpty());
  EXPECT_EQ(LoadGeneration(layout, number).reason, "");
  EXPECT_THAT(base::ListDirectory(layout.Incoming()), IsEmpty());
  EXPECT_THAT(base::ReadFile(layout.History()), Not(HasSubstr("preflight-failed")));
}

TEST_F(PreflightTest, SelinuxIsSaidWhereItIsEnforcing) {
  EXPECT_EQ(SelinuxNote(root + "/none"), "");
  Write(root + "/enforce", "0");
  EXPECT_EQ(SelinuxNote(root + "/enforce"), "");
  Write(root + "/enforce", "1");
  EXPECT_THAT(SelinuxNote(root + "/enforce"), HasSubstr("SELinux is enforcing"));
}

class PortsTest : public PreflightTest {
 protected:
  PortsTest() {
    host.listeners = [this](const std::set<uint64_t>& ports) {
      std::vector<Listener> out;
      for (const Listener& listener : listening) {
        if (ports.contains(listener.port)) {
          out.push_back(listener);
        }
      }
      return out;
    };
    shape = [](images::Services& services) { services.begin()->second.ports = {80}; };
  }
  std::vector<Listener> listening;
};

TEST_F(PortsTest, WhoHasOneIsNamed) {
  listening = {{"", 80, 812, "apache2", {"apache2.service"}}};
  ExpectRefused(Stage("web", "one"),
                "port 80, which service web needs, is taken by apache2.service (apache2, pid 812): "
                "stop that, or give one of the two another port");
  listening = {{"", 80, 812, "python3", {"session-1.scope"}}};
  ExpectRefused(1, "is taken by session-1.scope (python3, pid 812)");
  listening = {{"", 80, 1, "systemd", {"init.scope"}}};
  ExpectRefused(1, "is taken by a socket unit of systemd's (systemctl list-sockets names it)");
  listening = {{"127.0.0.1", 80, 812, "apache2", {"apache2.service"}}, {"", 81, 1, "x", {}}};
  EXPECT_EQ(ActivateNumber(1), 0) << error;
}

TEST_F(PortsTest, WhatGoesInTheSwitchIsNotInTheWay) {
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0) << error;
  listening = {{"", 80, 100, "one", {"web.service"}}};
  EXPECT_EQ(ActivateNumber(Stage("web", "two")), 0) << error;
  // What stays is.
  ExpectRefused(Stage("other", "one"),
                "port 80, which service other needs, is taken by web.service (one, pid 100)");
}

TEST_F(PortsTest, ASocketOfOursIsKnownByItsUnit) {
  shape = [](images::Services& services) { services.begin()->second.listen = {"80"}; };
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0) << error;
  listening = {{"", 80, 1, "systemd", {"init.scope"}}};
  ExpectRefused(Stage("other", "one"),
                "port 80, which service other needs, is taken by web.socket");
  EXPECT_EQ(ActivateNumber(Stage("web", "two")), 0) << error;  // the socket stays as it is
  shape = [](images::Services& services) {
    services.begin()->second.listen = {"80", "127.0.0.1:81"};
  };
  EXPECT_EQ(ActivateNumber(Stage("web", "two")), 0) << error;
}

TEST_F(PortsTest, ASocketOfALostGenerationIsOursToo) {
  shape = [](images::Services& services) { services.begin()->second.listen = {"80"}; };
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0) << error;
  const uint64_t two = Stage("web", "two");
  listening = {{"", 80, 1, "systemd", {"init.scope"}}};
  base::Unlink(layout.Current());
  EXPECT_EQ(ActivateNumber(1), 0) << error;
  base::RemoveTree(layout.Generation(1));
  EXPECT_EQ(ActivateNumber(two), 0) << error;
}

TEST_F(PortsTest, AddressesAreComparedWhereTheyAreKnown) {
  shape = [](images::Services& services) { services.begin()->second.listen = {"127.0.0.1:80"}; };
  const uint64_t number = Stage("web", "one");
  listening = {{"127.0.0.1", 80, 7, "a", {"a.service"}}};
  ExpectRefused(number, "is taken by a.service");
  listening = {{"127.0.0.53", 80, 7, "a", {"a.service"}}};
  EXPECT_EQ(ActivateNumber(number), 0) << error;
}

TEST_F(PortsTest, EveryAddressHoldsTheOneThatIsTaken) {
  listening = {{"127.0.0.53", 80, 7, "a", {"a.service"}}};
  for (const char* every : {"0.0.0.0:80", "[::]:80"}) {
    shape = [&](images::Services& services) { services.begin()->second.listen = {every}; };
    ExpectRefused(Stage("web", every), "is taken by a.service");
  }
}

TEST_F(PortsTest, ANetworkOfItsOwnHasPortsOfItsOwn) {
  shape = [](images::Services& services) {
    services.begin()->second.ports = {80};
    services.begin()->second.directives["Service"]["PrivateNetwork"] = "yes";
  };
  listening = {{"", 80, 812, "apache2", {"apache2.service"}}};
  EXPECT_EQ(ActivateNumber(Stage("web", "one")), 0) << error;
}

TEST(ListenersTest, ReadsWhatTheKernelWrites) {
  const std::vector<ListeningSocket> found = ParseNetTcp(
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
      "inode\n"
      "   0: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000  0 0 4711 1 x\n"
      "   1: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  0 0 4712 1 x\n"
      "   2: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000  0 0 4713 1 x\n"
      "   3: 00000000000000000000000001000000:0016 00000000000000000000000000000000:0000 0A "
      "00000000:00000000 00:00000000 00000000  0 0 4714 1 x\n");
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].listener.address, "");
  EXPECT_EQ(found[0].listener.port, 80U);
  EXPECT_EQ(found[0].inode, 4711U);
  EXPECT_EQ(found[1].listener.address, "127.0.0.1");
  EXPECT_EQ(found[2].listener.address, "::1");
  EXPECT_EQ(found[2].listener.port, 22U);
}

TEST(ListenersTest, KnowsTheUnitsOfAProcess) {
  EXPECT_THAT(UnitsOfCgroup("0::/system.slice/nginx.service\n"), ElementsAre("nginx.service"));
  EXPECT_THAT(UnitsOfCgroup("1:name=systemd:/system.slice/a.service/b.scope\n0::/\n"),
              ElementsAre("a.service", "b.scope"));
  EXPECT_THAT(UnitsOfCgroup("1:name=systemd:/\n0::/system.slice/a.service/sub\n"),
              ElementsAre("a.service"));
  EXPECT_THAT(UnitsOfCgroup("0::/\n"), IsEmpty());
}

// A package's nginx.service, as the fake knows it: shown, and not from the unit directory.
class AdoptTest : public PreflightTest {
 protected:
  AdoptTest() { systemd.AddForeign("web.service", "/lib/systemd/system/web.service"); }
  int Adopt(uint64_t number) {
    on_foreign = UnitConflictPolicy::kAdopt;
    return ActivateNumber(number);
  }
};

TEST_F(AdoptTest, APackagesUnitIsRefusedUnlessItIsAdopted) {
  const uint64_t number = Stage("web", "one");
  ExpectRefused(number,
                "this host has a unit web.service already (/lib/systemd/system/web.service)");
  EXPECT_THAT(error, HasSubstr("take its place with --adopt"));
  EXPECT_EQ(Adopt(number), 0) << error;
  EXPECT_EQ(systemd.calls.at(1), "stop web.service");  // after the reload for the boot unit
  EXPECT_EQ(RunningProgram("web.service"), "one");
}

TEST_F(AdoptTest, TheWayBackStartsItAgain) {
  EXPECT_EQ(Adopt(Stage("web", "fail")), 3) << error;
  EXPECT_TRUE(systemd.IsActive("web.service"));
  EXPECT_EQ(systemd.Show({"web.service"}).at("web.service").fragment_path,
            "/lib/systemd/system/web.service");
}

TEST_F(AdoptTest, ABootAfterAPowerCutStartsItAgain) {
  on_foreign = UnitConflictPolicy::kAdopt;
  const uint64_t number = Stage("web", "one");
  host.observer = [](int step) {
    if (step == 3) {
      throw Killed();
    }
  };
  EXPECT_THROW(ActivateNumber(number), Killed);
  systemd.Reboot();
  RunBoot(host);
  EXPECT_TRUE(systemd.IsActive("web.service"));
  EXPECT_EQ(systemd.Show({"web.service"}).at("web.service").fragment_path,
            "/lib/systemd/system/web.service");
}

// A oneshot ends, and is as good as before.
TEST_F(AdoptTest, TheWayBackKnowsAOneshot) {
  bool back = false;
  systemd.touch_up = [&](UnitState& state) {
    if (state.fragment_path.starts_with("/lib/")) {
      state.type = "oneshot";
      state.active = back ? "inactive" : state.active;
    }
  };
  host.observer = [&](int step) { back = step == 5; };
  EXPECT_EQ(Adopt(Stage("web", "fail")), 3) << error;
}

// As on a host whose /etc is read-only: links stand elsewhere, and cannot hide what is there.
class HiddenTest : public AdoptTest {
 protected:
  HiddenTest() {
    host.configured_directory = etc;
    base::MakeDirectories(etc);
  }
  const std::string etc = root + "/etc";
};

TEST_F(HiddenTest, AUnitThatWouldHideOursIsRefusedWithAdoptToo) {
  Write(etc + "/web.service", "[Service]\n");
  on_foreign = UnitConflictPolicy::kAdopt;
  ExpectRefused(Stage("web", "one"),
                etc +
                    "/web.service is not one of our links: move it away in the system's own "
                    "configuration");
  base::Unlink(etc + "/web.service");
  EXPECT_EQ(Adopt(1), 0) << error;
}

TEST_F(HiddenTest, SoIsAMask) {
  base::ReplaceSymlink("/dev/null", etc + "/web.service");
  on_foreign = UnitConflictPolicy::kAdopt;
  ExpectRefused(
      Stage("web", "one"),
      "web.service is masked on this host: unmask it in the system's own configuration (" + etc +
          "/web.service)");
}

TEST_F(HiddenTest, ALinkOfOursFromBeforeIsNotInTheWay) {
  base::ReplaceSymlink(layout.Current() + "/units/web.service", etc + "/web.service");
  EXPECT_EQ(Adopt(Stage("web", "one")), 0) << error;
}

TEST_F(AdoptTest, TheRecordKnowsIt) {
  SwitchRecord record;
  record.to = 1;
  record.adopted = {"web.service"};
  EXPECT_THAT(SwitchRecord::Parse(record.Serialize(), "switch.json").adopted,
              ElementsAre("web.service"));
}

}  // namespace
}  // namespace activator

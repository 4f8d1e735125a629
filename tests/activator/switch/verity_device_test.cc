// Images with a verity root: systemd shares one device of dm-verity between all units of a root,
// and starts from it whatever file is below.
#include <gmock/gmock.h>

#include <optional>

#include "activator/host/installed_units.h"
#include "images/version/verity_tree.h"
#include "tests/activator/switch/switch_fixture.h"

namespace activator {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class VerityDeviceTest : public SwitchTest {
 protected:
  // A version with the root of its image, and with its tree.
  base::Sha256 PushOf(const std::string& name, const std::string& program) {
    const std::string data(images::kVerityBlockBytes, 'x');
    std::string tree(images::VerityTree::FileBytes(data.size()), '\0');
    images::VerityTree maker(data.size(), [&](uint64_t at, base::Bytes block) {
      tree.replace(at, block.size(), base::AsText(block));
    });
    maker.Update(base::AsBytes(data));
    verity_root = maker.Finish(base::Sha256Of(data));
    const base::Sha256 digest = Push(name, program);
    verity_root.reset();
    Write(layout.Version(name, images::ImageId::Of(digest)) + "/image.verity", tree);
    return digest;
  }
  std::string ImageOf(const std::string& name, const base::Sha256& digest) const {
    return layout.Version(name, images::ImageId::Of(digest)) + "/image.erofs";
  }
  // Generation 1: two applications of one root.
  void ActivateTwins() {
    const base::Sha256 web = PushOf("web", "one");
    shape = nullptr;
    const base::Sha256 twin = PushOf("twin", "two");
    image_of_web_ = ImageOf("web", web);
    image_of_twin_ = ImageOf("twin", twin);
    StageGeneration(layout, {{"web", web}, {"twin", twin}}, "tester");
    ASSERT_EQ(ActivateNumber(1), 0) << error;
  }
  bool IsAnyUp() const {
    return systemd.IsActive("web.service") || systemd.IsActive("twin.service");
  }
  void Stays(VerityState state) {
    host.verity_state = [state](const base::Sha256&) { return std::optional(state); };
  }

  std::string image_of_web_;
  std::string image_of_twin_;
};

// systemd would start one of them from the device that is still there, with the damaged file.
TEST_F(VerityDeviceTest, OfARepairedVerityImageAllAreDownAndItsDeviceIsGoneBeforeOneStarts) {
  ActivateTwins();
  int looks = 0;
  host.verity_state = [&](const base::Sha256& /*root*/) -> std::optional<VerityState> {
    const bool in_use = systemd.IsActive("web.service") || systemd.IsActive("twin.service");
    looks = in_use ? 0 : looks + 1;
    return in_use || looks < 3 ? std::optional(VerityState::kWhole) : std::nullopt;
  };
  systemd.calls.clear();
  systemd.runs_from = false;
  systemd.before_call = [&](const std::string& call) {
    if (call.starts_with("start ")) {
      EXPECT_GE(looks, 3) << call;
      systemd.runs_from = true;
    }
  };
  EXPECT_EQ(ActivateNumber(1), 0) << error;
  EXPECT_THAT(systemd.calls,
              ElementsAre("stop twin.service", "stop web.service", "reset-failed twin.service",
                          "reset-failed web.service", "start twin.service", "start web.service"));
}

// What every reboot and every shell in it may cause must not leave a service down.
TEST_F(VerityDeviceTest, ADeviceThatDoesNotGoIsSaidAndAllRunsAgain) {
  ActivateTwins();
  Stays(VerityState::kWhole);
  systemd.runs_from = false;
  EXPECT_EQ(ActivateNumber(1), 4);
  EXPECT_THAT(error, HasSubstr("something else still uses the device of"));
  EXPECT_TRUE(systemd.IsActive("web.service"));
  EXPECT_TRUE(systemd.IsActive("twin.service"));
}

TEST_F(VerityDeviceTest, ARunOfATimerKeepsTheDeviceSoNothingIsStopped) {
  shape = [](images::Services& services) {
    services["job"].exec = {"/bin/job"};
    services["job"].hardening = "none";
    services["job"].type = "oneshot";
    services["job"].schedule = "daily";
  };
  ActivateTwins();
  systemd.Start({"job.service"}, Jobs::kAwaitBriefly);
  systemd.touch_up = [](UnitState& state) { state.main_pid = 7; };
  Stays(VerityState::kWhole);
  systemd.runs_from = false;
  systemd.calls.clear();
  EXPECT_EQ(ActivateNumber(1), 4);
  EXPECT_THAT(error, HasSubstr("a run of job.service still uses the device of"));
  EXPECT_THAT(systemd.calls, Not(Contains(HasSubstr("stop "))));
}

// Its file was mended in place, or a read failed once: the device says so until it is gone.
TEST_F(VerityDeviceTest, ADamagedDeviceIsMadeAnewOnceItsImageIsWhole) {
  ActivateTwins();
  VerityState state = VerityState::kDamaged;
  host.verity_state = [&](const base::Sha256& /*root*/) {
    return IsAnyUp() ? std::optional(state) : std::nullopt;
  };
  systemd.before_call = [&](const std::string& call) {
    state = call.starts_with("start ") ? VerityState::kWhole : state;
  };
  systemd.calls.clear();
  EXPECT_EQ(ActivateNumber(1), 0) << error;
  EXPECT_THAT(systemd.calls, Contains("stop web.service"));
  state = VerityState::kDamaged;
  Write(image_of_twin_, std::string(images::kVerityBlockBytes, 'y'));
  systemd.calls.clear();
  Write(image_of_web_, std::string(images::kVerityBlockBytes, 'y'));
  EXPECT_EQ(ActivateNumber(1), 4);
  EXPECT_THAT(error, HasSubstr("is damaged: dm-verity has met a block"));
  EXPECT_THAT(systemd.calls, IsEmpty());  // it would not come up better
}

TEST_F(VerityDeviceTest, WhatIsDownWaitsForADeviceThatNobodyUsesRightly) {
  ActivateTwins();
  systemd.StopByHand("web.service");
  systemd.StopByHand("twin.service");
  int looks = 0;
  host.verity_state = [&](const base::Sha256& /*root*/) {
    return ++looks < 5 ? std::optional(VerityState::kDamaged) : std::nullopt;
  };
  systemd.before_call = [&](const std::string& call) {
    if (call.starts_with("start ")) {
      EXPECT_GE(looks, 5) << call;
    }
  };
  EXPECT_EQ(ActivateNumber(1), 0) << error;
  // One that shares what another runs from well is started at once.
  systemd.StopByHand("web.service");
  Stays(VerityState::kWhole);
  EXPECT_EQ(ActivateNumber(1), 0) << error;
}

TEST_F(VerityDeviceTest, WhatStopsAlongIsStartedAgain) {
  ActivateTwins();
  StageGeneration(layout, {{"db", Push("db", "db")}}, "tester");
  ASSERT_EQ(ActivateNumber(2), 0) << error;
  Write(root + "/proxy.service", "[Service]\nExecStart=/bin/proxy\n");
  systemd.AddForeign("proxy.service", root + "/proxy.service");
  systemd.stopped_with["web.service"] = {"db.service", "proxy.service"};
  systemd.runs_from = false;
  systemd.before_call = [&](const std::string& call) {
    systemd.runs_from = systemd.runs_from || call.starts_with("start ");
  };
  host.verity_state = [&](const base::Sha256& /*root*/) {
    return IsAnyUp() ? std::optional(VerityState::kWhole) : std::nullopt;
  };
  EXPECT_EQ(ActivateNumber(2), 0) << error;
  EXPECT_THAT(systemd.calls, Contains("stop web.service"));
  EXPECT_TRUE(systemd.IsActive("db.service"));
  EXPECT_TRUE(systemd.IsActive("proxy.service"));
}

// Both generations have the same image, so the same root.
TEST_F(VerityDeviceTest, ASwitchWaitsForTheOldDeviceUnlessWhatGoesOnKeepsIt) {
  ActivateTwins();
  const base::Sha256 next = PushOf("web", "next");
  StageGeneration(layout, {{"web", next}}, "tester");
  StageGeneration(layout, {{"web", next}, {"twin", PushOf("twin", "next")}}, "tester");
  Stays(VerityState::kWhole);
  EXPECT_EQ(ActivateNumber(2), 0) << error;  // twin goes on
  ASSERT_EQ(ActivateNumber(1), 0) << error;
  int looks = 0;
  host.verity_state = [&](const base::Sha256& /*root*/) {
    looks = IsAnyUp() ? 0 : looks + 1;
    return looks < 3 ? std::optional(VerityState::kWhole) : std::nullopt;
  };
  bool waited = false;
  systemd.before_call = [&](const std::string& call) {
    waited = waited || (call.starts_with("start ") && looks >= 3);
  };
  EXPECT_EQ(ActivateNumber(3), 0) << error;
  EXPECT_TRUE(waited);
}

TEST_F(VerityDeviceTest, AOneshotThatEndedWellIsNotRunAgainByARepair) {
  edit_service = [](images::Service& service) { service.type = "oneshot"; };
  const base::Sha256 job = PushOf("job", "job");
  edit_service = nullptr;
  StageGeneration(layout, {{"job", job}, {"web", PushOf("web", "one")}}, "tester");
  ASSERT_EQ(ActivateNumber(1), 0) << error;
  systemd.StopByHand("job.service");
  host.verity_state = [&](const base::Sha256& /*root*/) {
    return IsAnyUp() ? std::optional(VerityState::kWhole) : std::nullopt;
  };
  systemd.calls.clear();
  systemd.runs_from = false;
  systemd.before_call = [&](const std::string& call) {
    systemd.runs_from = systemd.runs_from || call.starts_with("start ");
  };
  EXPECT_EQ(ActivateNumber(1), 0) << error;
  EXPECT_THAT(systemd.calls, Contains("start web.service"));
  EXPECT_THAT(systemd.calls, Not(Contains("start job.service")));
}

TEST_F(VerityDeviceTest, AnImageWhoseFirstReadsFindDamageIsNotKept) {
  const uint64_t old = Stage("web", "one");
  ASSERT_EQ(ActivateNumber(old), 0) << error;
  verity_root = base::Sha256Of("root");
  const uint64_t damaged = Stage("web", "two");
  host.verity_state = [](const base::Sha256&) { return std::optional(VerityState::kDamaged); };
  EXPECT_EQ(ActivateNumber(damaged), 3);
  EXPECT_THAT(error, HasSubstr("is damaged: dm-verity has met a block"));
  EXPECT_EQ(RunningProgram("web.service"), "one");
}

}  // namespace
}  // namespace activator

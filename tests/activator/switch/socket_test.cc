// Services behind a socket of their own: it stays open while the service goes from one version to
// the next, and back.
#include <gmock/gmock.h>

#include "activator/host/installed_units.h"
#include "activator/host/unit_links.h"
#include "activator/state/switch_record.h"
#include "activator/switch/recovery.h"
#include "tests/activator/host_fixture.h"

namespace activator {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class SocketTest : public HostTest {
 protected:
  SocketTest() { ListenAt({"80"}); }

  void ListenAt(const std::vector<std::string>& listen) {
    shape = [listen](images::Services& services) { services.begin()->second.listen = listen; };
  }
  void ActivateFirst() {
    ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0) << error;
    ASSERT_TRUE(systemd.IsActive("web.socket"));
    ASSERT_EQ(RunningProgram("web.service"), "one");
    systemd.calls.clear();
  }
};

TEST_F(SocketTest, TheServiceIsRestartedOnceAndTheSocketLeftAlone) {
  ActivateFirst();
  EXPECT_EQ(ActivateNumber(Stage("web", "two")), 0) << error;
  EXPECT_EQ(RunningProgram("web.service"), "two");
  EXPECT_THAT(systemd.calls, ElementsAre("reload", "reset-failed web.service",
                                         "restart web.service", "start web.service"));
}

TEST_F(SocketTest, OneThatChangedIsRestartedWithItsService) {
  ActivateFirst();
  ListenAt({"80", "81"});
  EXPECT_EQ(ActivateNumber(Stage("web", "two")), 0) << error;
  EXPECT_THAT(systemd.calls, Contains("restart web.socket"));
  EXPECT_THAT(systemd.calls, Not(Contains("restart web.service")));
  EXPECT_THAT(systemd.calls, Not(Contains(HasSubstr("stop "))));
  EXPECT_EQ(RunningProgram("web.service"), "two");
}

TEST_F(SocketTest, TheServiceIsRestartedForASocketThatAloneChanged) {
  const InstalledUnits from = {{"web.service", {}}, {"web.socket", {}}};
  InstalledUnits to = from;
  to["web.socket"].text = "other";
  const UnitDifference difference = Compare(from, to);
  EXPECT_THAT(difference.changed, ElementsAre("web.socket"));
  EXPECT_THAT(difference.in_place, ElementsAre("web.service", "web.socket"));
}

// The old service holds the port itself: it has to go before the socket can come.
TEST_F(SocketTest, ComesAndGoesWithItsServiceStopped) {
  shape = nullptr;
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0) << error;
  systemd.calls.clear();
  ListenAt({"80"});
  EXPECT_EQ(ActivateNumber(Stage("web", "two")), 0) << error;
  EXPECT_EQ(systemd.calls.front(), "stop web.service");
  EXPECT_TRUE(systemd.IsActive("web.socket"));
  shape = nullptr;
  EXPECT_EQ(ActivateNumber(Stage("web", "three")), 0) << error;
  EXPECT_FALSE(systemd.IsActive("web.socket"));
  EXPECT_THAT(LinkedUnits(host), ElementsAre("web.service"));
}

TEST_F(SocketTest, TheWayBackRestartsTheServiceToo) {
  ActivateFirst();
  for (const char* program : {"fail", "loop", "hang", "crash"}) {
    systemd.calls.clear();
    EXPECT_EQ(ActivateNumber(Stage("web", program)), 3) << program;
    EXPECT_EQ(RunningProgram("web.service"), "one") << program;
    EXPECT_THAT(systemd.calls, Not(Contains("stop web.socket"))) << program;
    EXPECT_THAT(systemd.calls, Not(Contains("stop web.service"))) << program;
    EXPECT_TRUE(systemd.IsActive("web.socket")) << program;
  }
}

TEST_F(SocketTest, GoesBackWhereAnyCallFails) {
  ActivateFirst();
  for (const char* call : {"reload", "restart web.service", "start web.service"}) {
    systemd.fail_call = call;
    EXPECT_EQ(ActivateNumber(Stage("web", "two")), 3) << call << error;
    EXPECT_TRUE(systemd.fail_call.empty()) << call;
    EXPECT_EQ(RunningProgram("web.service"), "one") << call;
    EXPECT_TRUE(systemd.IsActive("web.socket")) << call;
  }
}

TEST_F(SocketTest, KillsWhatDoesNotStopToBeRestarted) {
  ASSERT_EQ(ActivateNumber(Stage("web", "stubborn")), 0) << error;
  EXPECT_EQ(ActivateNumber(Stage("web", "two")), 0) << error;
  EXPECT_THAT(systemd.calls, Contains("kill web.service"));
  EXPECT_EQ(RunningProgram("web.service"), "two");
}

// The same rule as where it is stopped: its own settings forbid to kill it.
TEST_F(SocketTest, OneThatMayStopForEverIsNotKilled) {
  ASSERT_EQ(ActivateNumber(Stage("web", "stubborn")), 0) << error;
  systemd.touch_up = [](UnitState& state) { state.stop_timeout = {}; };
  EXPECT_EQ(ActivateNumber(Stage("web", "two")), 4);
  EXPECT_THAT(error, HasSubstr("did not stop within 600 s, and its TimeoutStopSec= forbids"));
  EXPECT_THAT(systemd.calls, Not(Contains("kill web.service")));
}

TEST_F(SocketTest, ASwitchThatIsKilledAfterAnyStepIsUndone) {
  ActivateFirst();
  for (int last = 1; last <= 7; ++last) {
    host.observer = [last](int step) {
      if (step == last) {
        throw Killed();
      }
    };
    const uint64_t number = Stage("web", "two");
    EXPECT_THROW(ActivateNumber(number), Killed);
    host.observer = nullptr;
    EXPECT_TRUE(systemd.IsActive("web.socket")) << last;
    Recover(host, RecoveryMode::kRestart);
    EXPECT_EQ(CurrentGeneration(layout), 1U) << last;
    EXPECT_EQ(RunningProgram("web.service"), "one") << last;
    EXPECT_TRUE(systemd.IsActive("web.socket")) << last;
    EXPECT_FALSE(ReadSwitchRecord(layout).has_value()) << last;
  }
}

}  // namespace
}  // namespace activator

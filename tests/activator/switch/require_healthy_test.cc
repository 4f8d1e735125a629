// That "healthy" is said only of what was looked at, whatever a switch changed.
#include "activator/switch/require_healthy.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <map>

#include "tests/activator/host_fixture.h"

namespace activator {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// web and db have checks; db's fails as often as `db_fails` says.
class LeftAloneTest : public HostTest {
 protected:
  LeftAloneTest() {
    shape = [](images::Services& services) {
      for (auto& [name, service] : services) {
        service.health.tcp = name == "db" ? kDb : kWeb;
        service.health.settle_seconds = 0;
      }
    };
    host.ask = [this](const images::Health& health, std::chrono::milliseconds) {
      ++asked_[*health.tcp];
      return *health.tcp == kDb && db_fails_ > 0 && db_fails_-- > 0
                 ? ProbeResult{false, "no answer within 5 s", ""}
                 : ProbeResult{true, "", ""};
    };
    StageGeneration(layout, {{"web", Push("web", "one")}, {"db", Push("db", "db")}}, "");
    EXPECT_EQ(ActivateNumber(1), 0) << error;
    asked_.clear();
  }
  // The first question ends db.
  void LetTheCheckEndDb() {
    db_fails_ = 1;
    host.ask = [this, ask = host.ask](const images::Health& health,
                                      std::chrono::milliseconds limit) {
      const ProbeResult out = ask(health, limit);
      if (!out.passed) {
        systemd.StopByHand("db.service");
      }
      return out;
    };
  }
  // The exit code of that of generation 1, which is active.
  int Rehearsal() {
    Write(root + "/said", "");
    const base::UniqueFd said = base::Open(root + "/said", O_WRONLY | O_TRUNC, 0644);
    host.io.err = said.get();
    Resolved target;
    target.number = 1;
    int code = 0;
    try {
      Rehearse(host, target, UnitConflictPolicy::kRefuse);
    } catch (const base::Error& thrown) {
      error = base::DetailText(thrown.detail());
      code = static_cast<int>(thrown.code());
    }
    host.io.err = STDERR_FILENO;
    said_ = base::ReadFileIfThere(root + "/said").value_or("");
    return code;
  }
  static constexpr const char* kWeb = "127.0.0.1:1";
  static constexpr const char* kDb = "127.0.0.1:2";
  static constexpr const char* kProblem =
      "\n  db.service is active, but its check of 127.0.0.1:2 did not pass: no answer within 5 s\n";

  std::map<std::string, int> asked_;
  int db_fails_ = 0;
  std::string said_;  // by the rehearsal
};

TEST_F(LeftAloneTest, EachCheckIsAskedOnce) {
  EXPECT_EQ(ActivateNumber(Stage("web", "two")), 0) << error;
  EXPECT_EQ(asked_[kWeb], 1);
  EXPECT_EQ(asked_[kDb], 1);
}

TEST_F(LeftAloneTest, ACheckThatFailsIsNoSuccessAndNoReasonToGoBack) {
  const uint64_t number = Stage("web", "two");
  db_fails_ = 1000;
  EXPECT_EQ(ActivateNumber(number), 4);
  EXPECT_THAT(error, HasSubstr("generation 2 is active, and what it changed is healthy, but other "
                               "services of it are not"));
  EXPECT_THAT(error, HasSubstr(kProblem));
  EXPECT_THAT(error, Not(HasSubstr("starts what is down")));
  EXPECT_EQ(StateOf(number), GenerationState::kActive);
  EXPECT_EQ(RunningProgram("web.service"), "two");
  EXPECT_EQ(asked_[kWeb], 1);
  EXPECT_EQ(Run(TargetKind::kRollback), 4);
  EXPECT_THAT(error, HasSubstr(kProblem));
  EXPECT_EQ(RunningProgram("web.service"), "one");
  db_fails_ = 0;
  EXPECT_EQ(ActivateNumber(number), 0) << error;
}

TEST_F(LeftAloneTest, OneSlowAnswerIsNoFault) {
  const uint64_t number = Stage("web", "two");
  db_fails_ = 1;
  EXPECT_EQ(ActivateNumber(number), 0) << error;
  EXPECT_EQ(asked_[kWeb], 1);
  EXPECT_EQ(asked_[kDb], 2);
}

TEST_F(LeftAloneTest, NorIsASuccessWhatOnlyStartsSomethingElse) {
  systemd.StopByHand("web.service");
  db_fails_ = 1000;
  EXPECT_EQ(ActivateNumber(1), 4);
  EXPECT_THAT(error, HasSubstr(std::string("is active already, but not healthy") + kProblem));
  EXPECT_EQ(RunningProgram("web.service"), "one");
  EXPECT_EQ(asked_[kWeb], 1);
}

TEST_F(LeftAloneTest, WhatItsCheckEndsIsNotHealthy) {
  const uint64_t number = Stage("web", "two");
  LetTheCheckEndDb();
  EXPECT_EQ(ActivateNumber(number), 4);
  EXPECT_THAT(error, HasSubstr("\n  db.service is inactive"));
}

TEST_F(LeftAloneTest, ARehearsalTellsWhatItsCheckEnds) {
  LetTheCheckEndDb();
  EXPECT_EQ(Rehearsal(), 4);
  EXPECT_THAT(error, HasSubstr("db.service is inactive"));
}

TEST_F(LeftAloneTest, WhatIsStillStartingIsNotHealthy) {
  const uint64_t number = Stage("web", "two");
  systemd.touch_up = [](UnitState& state) {
    if (state.fragment_path.ends_with("/db.service")) {
      state.active = "activating";
      state.sub = "start";
    }
  };
  EXPECT_EQ(ActivateNumber(number), 4);
  EXPECT_THAT(error, HasSubstr("\n  db.service is activating (start)\n"));
}

// As one behind a socket that a request started.
TEST_F(LeftAloneTest, WhatStartsWithinItsTimeIsHealthy) {
  const uint64_t number = Stage("web", "two");
  int looks = 10;
  systemd.touch_up = [&](UnitState& state) {
    if (state.fragment_path.ends_with("/db.service") && looks-- > 0) {
      state.active = "activating";
      state.sub = "start";
    }
  };
  EXPECT_EQ(ActivateNumber(number), 0) << error;
  EXPECT_EQ(asked_[kDb], 1);
}

TEST_F(LeftAloneTest, ARehearsalFindsWhatTheActivationWould) {
  EXPECT_EQ(Rehearsal(), 0);
  db_fails_ = 1000;
  EXPECT_EQ(Rehearsal(), 4);
  EXPECT_THAT(error, HasSubstr("its check of 127.0.0.1:2 did not pass"));
}

TEST_F(LeftAloneTest, ARehearsalTellsWhatWouldBeStartedOrWaitedFor) {
  systemd.StopByHand("web.service");
  systemd.touch_up = [](UnitState& state) {
    if (state.fragment_path.ends_with("/db.service")) {
      state.active = "activating";
      state.sub = "start";
    }
  };
  EXPECT_EQ(Rehearsal(), 0) << error;
  EXPECT_EQ(said_,
            "activate: web.service is down: it would be started\n"
            "activate: db.service is starting or stopping: it would be waited for\n");
  EXPECT_TRUE(asked_.empty());
}

TEST_F(LeftAloneTest, ARehearsalTellsWhatRunsFromAnotherImage) {
  systemd.runs_from = false;
  db_fails_ = 1000;  // of the image that is to go
  EXPECT_EQ(Rehearsal(), 0) << error;
  EXPECT_THAT(
      said_,
      HasSubstr("activate: db.service runs from another image: it would be started again\n"));
}

}  // namespace
}  // namespace activator

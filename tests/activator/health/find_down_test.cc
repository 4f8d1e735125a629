#include "activator/health/find_down.h"

#include <gmock/gmock.h>

#include "tests/activator/host_fixture.h"

namespace activator {
namespace {

using std::chrono::seconds;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class FindDownTest : public HostTest {
 protected:
  std::vector<std::string> Found() {
    std::vector<std::string> out;
    for (const DownUnit& unit : FindDown(host, LoadUnits(layout, CurrentGeneration(layout)))) {
      out.push_back(unit.what);
    }
    return out;
  }
  std::chrono::microseconds Ago(seconds time) {
    return std::chrono::duration_cast<std::chrono::microseconds>(
        clock.Monotonic().time_since_epoch() - time);
  }
  // Of every unit: so many restarts, the last one `up` ago.
  void Restarted(uint64_t times, seconds up) {
    systemd.touch_up = [times, since = Ago(up)](UnitState& state) {
      state.restarts = times;
      state.up_since = since;
    };
  }
  void EndedBadly(const std::vector<seconds>& ago) {
    systemd.bad_ends.emplace();
    for (const seconds time : ago) {
      systemd.bad_ends->push_back(Ago(time));
    }
  }
};

TEST_F(FindDownTest, WhatWasJustRestartedIsNotUp) {
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0) << error;
  EXPECT_THAT(Found(), IsEmpty());
  EndedBadly({seconds(4)});
  Restarted(2, seconds(4));
  EXPECT_THAT(Found(), ElementsAre("web.service ended and was started again by systemd 4 s ago, 2 "
                                   "times by now: `journalctl -u web.service` says why"));
  EndedBadly({seconds(11)});
  Restarted(1, seconds(11));
  EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(FindDownTest, AnImageThatDmVerityFoundDamagedIsSaidOnce) {
  verity_root = base::Sha256Of("root");
  const base::Sha256 version = Push("web", "one", {"web", "worker"});
  StageGeneration(layout, {{"web", version}}, "tester");
  ASSERT_EQ(ActivateNumber(1), 0) << error;
  std::optional<VerityState> state = VerityState::kWhole;
  host.verity_state = [&](const base::Sha256& asked_for) {
    EXPECT_EQ(asked_for, *verity_root);
    return state;
  };
  EXPECT_THAT(Found(), IsEmpty());
  state = VerityState::kDamaged;
  EXPECT_THAT(Found(), ElementsAre(layout.Version("web", images::ImageId::Of(version)) +
                                   "/image.erofs is damaged: dm-verity has met a block that is not "
                                   "as it was built: push that version again, then activate the "
                                   "generation again"));
  EXPECT_TRUE(FindDown(host, LoadUnits(layout, 1)).front().is_up);
  state.reset();
  EXPECT_THAT(Found(), IsEmpty());
}

// It is up whenever one looks between two ends.
TEST_F(FindDownTest, WhatEndsAgainAndAgainIsNotUpUntilItHasLivedLonger) {
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0) << error;
  EndedBadly({seconds(71), seconds(41), seconds(21)});
  Restarted(3, seconds(20));
  EXPECT_THAT(Found(), ElementsAre(HasSubstr("web.service ended and was started again")));
  EXPECT_EQ(ActivateNumber(1), 4);  // no "nothing to do"
  EXPECT_THAT(error, HasSubstr("generation 1 is active already, but not healthy\n  web.service "
                               "ended and was started again by systemd 20 s ago, 3 times by now"));
  EXPECT_THAT(error, Not(HasSubstr("starts what is down")));
  Restarted(1, seconds(20));  // it was started by hand after the first two
  EXPECT_THAT(Found(), IsEmpty());
  EndedBadly({seconds(131), seconds(101), seconds(81)});
  Restarted(3, seconds(80));
  EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(FindDownTest, WithoutAJournalThoseOfTheLastMinuteCount) {
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0) << error;
  Restarted(2, seconds(30));
  EXPECT_THAT(Found(), ElementsAre(HasSubstr("web.service ended")));
  Restarted(1, seconds(30));
  EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(FindDownTest, WhatIsBeingStartedAgainIsNotUp) {
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0) << error;
  systemd.touch_up = [](UnitState& state) {
    state.restarts = 1;
    state.active = "activating";
    state.sub = "start";
  };
  EXPECT_THAT(Found(), ElementsAre("web.service ended and is being started again by systemd, 1 "
                                   "time by now: `journalctl -u web.service` says why"));
}

// No activation starts it: it would say that it had to be restarted.
TEST_F(FindDownTest, WhatWaitsToBeStartedAgainIsLeftToSystemd) {
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0) << error;
  systemd.touch_up = [](UnitState& state) {
    state.active = "activating";
    state.sub = "auto-restart";
    state.result = "exit-code";
    state.exit_status = 7;
    state.restarts = 2;
  };
  EXPECT_THAT(Found(), ElementsAre("web.service ended (exit-code, status 7) and waits for systemd "
                                   "to start it again (so far 2 times): `journalctl -u "
                                   "web.service` says why"));
  EXPECT_TRUE(FindDown(host, LoadUnits(layout, 1)).front().is_up);
}

TEST_F(FindDownTest, WhatAnActivationCannotStartYetIsSaidWithWhatMustComeFirst) {
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0) << error;
  const auto expect_down = [&](const std::string& load, const std::string& why) {
    systemd.touch_up = [=](UnitState& state) {
      state.active = "inactive";
      state.result = "success";
      state.load = load;
      state.condition_failed = true;
    };
    EXPECT_THAT(Found(), ElementsAre("web.service is inactive (" + why + ")"));
  };
  systemd.log = {};
  expect_down("loaded", "success");
  systemd.log.why_down = "a condition of its unit is not met (ConditionPathExists=/srv/x)";
  expect_down("loaded", systemd.log.why_down);
  expect_down("masked", "masked: first `systemctl unmask web.service`");
  expect_down("bad-setting", "bad-setting: first mend what `systemctl status web.service` names");
}

class FailingJobTest : public FindDownTest {
 protected:
  // Runs `job` with its timer and web beside it; the job's last run failed.
  FailingJobTest() {
    shape = [](images::Services& services) {
      if (const auto job = services.find("job"); job != services.end()) {
        job->second.type = "oneshot";
        job->second.schedule = "daily";
      }
    };
    StageGeneration(layout, {{"web", Push("web", "one")}, {"job", Push("job", "one")}}, "");
    EXPECT_EQ(ActivateNumber(1), 0) << error;
    systemd.touch_up = [this](UnitState& state) {
      if (state.fragment_path.ends_with("/job.service") && !Reset()) {
        state.active = "failed";
        state.result = "exit-code";
        state.exit_status = 1;
      }
    };
  }
  bool Reset() const { return testing::Value(systemd.calls, Contains("reset-failed job.service")); }
};

TEST_F(FailingJobTest, IsNamedAndIsNoSuccess) {
  constexpr const char* kText =
      "job.service failed in its last run (exit-code, status 1): `journalctl -u job.service` says "
      "why, `systemctl start job.service` runs it again";
  EXPECT_THAT(Found(), ElementsAre(kText));
  EXPECT_EQ(ActivateNumber(1), 4);
  EXPECT_THAT(error, HasSubstr(kText));
  EXPECT_EQ(ActivateNumber(Stage("web", "two")), 4);
  EXPECT_THAT(error, HasSubstr(kText));
  EXPECT_EQ(RunningProgram("web.service"), "two");
  EXPECT_FALSE(Reset());
}

// systemd forgets how the last run ended when the next one begins.
class RunningJobTest : public FailingJobTest {
 protected:
  RunningJobTest() {
    systemd.touch_up = [](UnitState& state) {
      if (state.fragment_path.ends_with("/job.service")) {
        state.active = "activating";
        state.sub = "start";
        state.result = "success";
      }
    };
    LastRunEnded(false);
  }
  void LastRunEnded(bool is_good) {
    systemd.last_end = {is_good, is_good ? "" : "exit-code", is_good ? 0 : 1,
                        base::SystemClock().Now()};
  }
};

TEST_F(RunningJobTest, IsJudgedByItsLastRun) {
  EXPECT_THAT(Found(), ElementsAre("job.service failed in its last run (exit-code, status 1), and "
                                   "runs again: `journalctl -u job.service` says why"));
  LastRunEnded(true);
  EXPECT_THAT(Found(), IsEmpty());
  systemd.last_end.reset();  // no journal, or its first run
  EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(RunningJobTest, ASwitchOfTheJobForgetsTheRunBeforeItAndOneOfAnotherDoesNot) {
  std::string history = base::ReadFile(layout.History());  // that activation was in 2006
  for (size_t at = 0; (at = history.find("\"time\":\"2", at)) != std::string::npos; ++at) {
    history.replace(at + 10, 1, "0");
  }
  Write(layout.History(), history);
  systemd.last_end->when -= seconds(60);
  EXPECT_EQ(ActivateNumber(Stage("web", "two")), 4);
  EXPECT_THAT(error, HasSubstr("job.service failed in its last run"));
  EXPECT_EQ(ActivateNumber(Stage("job", "mended")), 0) << error;
  EXPECT_THAT(Found(), IsEmpty());
  LastRunEnded(false);  // of the new one
  EXPECT_THAT(Found(), ElementsAre(HasSubstr("job.service failed in its last run")));
}

TEST_F(RunningJobTest, WhatRanBeforeTheFirstActivationIsNotOurs) {
  systemd.last_end->when -= seconds(60);
  EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(FailingJobTest, IsForgottenWithItsVersion) {
  EXPECT_EQ(ActivateNumber(Stage("job", "mended")), 0) << error;
  EXPECT_TRUE(Reset());
}

}  // namespace
}  // namespace activator

// What `activate status` and `list` tell of a host.
#include <gmock/gmock.h>
#include <unistd.h>

#include <functional>
#include <optional>

#include "activator/health/check_now.h"
#include "activator/health/find_down.h"
#include "activator/report/report.h"
#include "activator/state/host_lock.h"
#include "base/atomic_file.h"
#include "base/lock.h"
#include "tests/activator/host_fixture.h"

namespace activator {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class StatusTest : public HostTest {
 protected:
  StatusTest() { EXPECT_EQ(ActivateNumber(Stage("web", "one")), 0); }
  Status Read() { return ReadStatus(host, true); }
  std::vector<std::string> Drift() { return Read().drift; }
  std::optional<bool> held_;
  void Change(std::function<void(UnitState&)> change) {
    systemd.touch_up = [change = std::move(change)](UnitState& state) { change(state); };
  }
};

TEST_F(StatusTest, AHostThatMatchesSaysSo) {
  const Status status = Read();
  EXPECT_THAT(status.drift, IsEmpty());
  EXPECT_THAT(StatusText(status), HasSubstr("the host matches generation 1"));
  EXPECT_THAT(StatusJson(status), HasSubstr("\"matches_current\": true"));
}

// `imgpush channel poke` shows the last line.
TEST(PulledTextTest, HasALineOfEachChannelAndTheWorstLast) {
  const auto time = [](const std::string& text) {
    return std::chrono::floor<std::chrono::seconds>(base::FromIso8601(text).value());
  };
  images::StateDocument pulled;
  pulled.time = time("2026-12-01T06:00:00Z");
  pulled.channels["base"].exit_code = 5;
  pulled.channels["base"].error = "the store does not answer";
  pulled.channels["base"].result = images::ChannelResult::kFailed;
  pulled.channels["db"].exit_code = 3;
  pulled.channels["db"].error = "db.service failed";
  pulled.channels["db"].result = images::ChannelResult::kRolledBack;
  pulled.channels["web"].result = images::ChannelResult::kActive;
  pulled.channels["web"].seen = images::SeenHead{42, pulled.time};
  EXPECT_EQ(PulledText(pulled, {{"web", time("2026-12-01T12:00:00Z")}}),
            "Channel web: version 42 active (polled 2026-12-01T12:00:00Z)\n"
            "Channel base: the poll FAILED, is tried again: the store does not answer\n"
            "Channel db: FAILED here and was rolled back: db.service failed\n");
  // What runs has not failed where a poll has.
  images::ChannelReport& web = pulled.channels["web"];
  web.result = images::ChannelResult::kFailed;
  web.error = "no answer";
  web.applied.emplace().version = 42;
  pulled.channels = {{"web", web}};
  EXPECT_EQ(PulledText(pulled, {}),
            "Channel web: the poll FAILED, is tried again; version 42 runs: no answer\n");
  web.applied->version = 41;
  pulled.channels = {{"web", web}};
  EXPECT_EQ(PulledText(pulled, {}),
            "Channel web: version 42 FAILED, is tried again; version 41 runs: no answer\n");
  EXPECT_THAT(PulledJson(pulled, {{"web", time("2026-12-01T12:00:00Z")}}),
              HasSubstr("\"polled\": \"2026-12-01T12:00:00Z\""));
}

TEST_F(StatusTest, TellsOfEachUnitWhatRunsSinceWhen) {
  Change([](UnitState& state) {
    state.memory_bytes = 12300000;
    state.changed_at = std::chrono::microseconds(1);
    state.drop_ins = {"/etc/systemd/system/web.service.d/override.conf"};
  });
  const Status status = Read();
  const std::string text = StatusText(status);
  for (const char* part :
       {"web.service", "active (running) since 20", ", 12.3 MB", ", from web/", " (1)\n",
        "override: /etc/systemd/system/web.service.d/override.conf", "last found healthy: 20",
        "the host matches generation 1"}) {  // an override is no drift
    EXPECT_THAT(text, HasSubstr(part));
  }
  EXPECT_THAT(StatusJson(status), HasSubstr("\"memory_bytes\": 12300000"));
}

TEST_F(StatusTest, TellsWhatIsKeptFromAChannelAndWhyNothingIsPulled) {
  Status status = Read();
  status.kept = {{"web", "stable", "bob", {}}};
  status.pull_problems = {"slipway-pull.timer is inactive"};
  EXPECT_THAT(StatusText(status),
              AllOf(HasSubstr("web is kept from channel stable until 1970-01-01T00:00:00Z, by bob: "
                              "`activate pull --end-overrides` ends that\n"),
                    HasSubstr("does NOT PULL as it should: slipway-pull.timer is inactive\n")));
  EXPECT_THAT(StatusJson(status),
              AllOf(HasSubstr("\"until\": \"1970-01-01T00:00:00Z\""),
                    HasSubstr("\"pull_problems\": [\n    \"slipway-pull.timer is inactive\"")));
}

TEST_F(StatusTest, AMissingLinkIsDrift) {
  base::Unlink(units + "/web.service");
  EXPECT_THAT(Drift(), Contains(HasSubstr("its link " + units + "/web.service is missing")));
  EXPECT_THAT(StatusText(Read()), HasSubstr("DIFFERS"));
  EXPECT_THAT(StatusJson(Read()), HasSubstr("\"matches_current\": false"));
}

TEST_F(StatusTest, AFileOrAnotherLinkInItsPlaceIsDrift) {
  base::Unlink(units + "/web.service");
  Write(units + "/web.service", "[Service]\n");
  EXPECT_THAT(Drift(), Contains(AllOf(HasSubstr("web.service is a file, not the link"),
                                      HasSubstr("`mv " + units +
                                                "/web.service /root/ && activate "
                                                "--generation 1`"),
                                      HasSubstr("use `systemctl edit web.service`"))));
  base::ReplaceSymlink("/elsewhere", units + "/web.service");
  EXPECT_THAT(Drift(), Contains(HasSubstr("is a link to /elsewhere")));
  base::ReplaceSymlink("/dev/null", units + "/web.service");
  EXPECT_THAT(Drift(), Contains(HasSubstr("web.service is masked")));
}

TEST_F(StatusTest, WhatIsDownIsToldWithTheCommandThatStartsIt) {
  Status status = Read();
  status.down = {"web.service is inactive (success)"};
  EXPECT_THAT(StatusText(status),
              AllOf(HasSubstr("DIFFERS from generation 1:\n  web.service is inactive (success): "
                              "`activate --generation 1` starts it\n"),
                    Not(HasSubstr("the host matches"))));
}

// The activation starts it as little as it stops it.
TEST_F(StatusTest, WhatIsUpAndFailsAllTheSameIsToldAsItIs) {
  Status status = Read();
  status.failing = {"job.service failed in its last run"};
  EXPECT_THAT(StatusText(status),
              AllOf(HasSubstr("DIFFERS from generation 1:\n  job.service failed in its last run\n"),
                    Not(HasSubstr("the host matches"))));
  EXPECT_THAT(StatusJson(status),
              AllOf(HasSubstr("\"failing\": [\n    \"job.service failed in its last run\"\n  ]"),
                    HasSubstr("\"down\": []"), HasSubstr("\"matches_current\": false")));
  EXPECT_EQ(CodeOf(status), 4);
  EXPECT_EQ(CodeOfChecked(status), 4);
}

TEST_F(StatusTest, AnApplicationWithoutUnitsIsToldWithItsName) {
  shape = [](images::Services& services) { services.clear(); };
  ASSERT_EQ(ActivateNumber(StageApps(layout, {{"files", Push("files", "none")}}, "").number), 0);
  EXPECT_THAT(StatusJson(Read()), HasSubstr("\"version\": \"1\""));
}

class StatusCheckTest : public StatusTest {
 protected:
  StatusCheckTest() {
    edit_service = [](images::Service& service) { service.health.tcp = "127.0.0.1:80"; };
    EXPECT_EQ(ActivateNumber(Stage("web", "checked")), 0) << error;
  }
  Status ReadChecked() {
    Status out = Read();
    const CheckAnswers checks = AskChecks(host, LoadUnits(layout, out.active));
    out.checked = checks.asked;
    for (const auto& [unit, problem] : checks.problems) {
      out.unhealthy.push_back(problem);
    }
    return out;
  }
};

TEST_F(StatusCheckTest, ACheckThatPassesIsCounted) {
  const Status status = ReadChecked();
  EXPECT_THAT(StatusText(status), HasSubstr("  1 check passed just now\n"));
  EXPECT_THAT(StatusJson(status), HasSubstr("\"checked\": 1"));
  EXPECT_EQ(CodeOfChecked(status), 0);
}

TEST_F(StatusCheckTest, OneThatFailsNowIsToldAndIsTheExitCode) {
  answers = {{false, "no answer within 5 s", ""}};
  asked = 0;
  const Status status = ReadChecked();
  EXPECT_EQ(asked, 1U);  // once
  EXPECT_THAT(StatusText(status),
              HasSubstr("  UNHEALTHY: web.service is active, but its check of 127.0.0.1:80 did not "
                        "pass: no answer within 5 s\n"));
  EXPECT_EQ(CodeOfChecked(status), 4);
  EXPECT_EQ(CodeOf(status), 0);  // without --check
}

TEST_F(StatusCheckTest, WhatDoesNotRunIsNotAsked) {
  systemd.StopByHand("web.service");
  EXPECT_EQ(ReadChecked().checked, 0U);
  EXPECT_EQ(FindDown(host, LoadUnits(layout, 2)).size(), 1U);
}

TEST_F(StatusCheckTest, OneThatCannotBeAskedIsToldLikewise) {
  edit_service = [](images::Service& service) { service.health.exec = {"/bin/ask"}; };
  ASSERT_EQ(ActivateNumber(Stage("web", "exec")), 0) << error;
  base::Unlink(host.task_directory + "/web:check.service");
  const Status status = ReadChecked();
  EXPECT_THAT(status.unhealthy,
              ElementsAre(AllOf(HasSubstr("its check /bin/ask could not be asked: "),
                                HasSubstr(::geteuid() == 0 ? "web:check.service is missing in "
                                                           : "only root can run"))));
  EXPECT_EQ(CodeOfChecked(status), 4);
}

TEST_F(StatusCheckTest, ASwitchMeanwhileMakesItOutdated) {
  const Status status = ReadChecked();
  EXPECT_FALSE(IsOutdated(layout, status));
  const uint64_t number = Stage("web", "other");
  bool outdated_meanwhile = false;
  host.observer = [&](int step) {
    outdated_meanwhile = outdated_meanwhile || (step == 3 && IsOutdated(layout, status));
  };
  ASSERT_EQ(ActivateNumber(number), 0) << error;
  EXPECT_TRUE(outdated_meanwhile);
  EXPECT_TRUE(IsOutdated(layout, status));
}

TEST_F(StatusCheckTest, DriftAndSwitchesHaveTheirCodes) {
  base::Unlink(units + "/web.service");
  Status status = ReadChecked();
  EXPECT_EQ(CodeOfChecked(status), 4);
  EXPECT_EQ(CodeOf(status), 0);
  status.switch_record = SwitchRecord();
  status.switch_in_progress = true;
  EXPECT_EQ(CodeOfChecked(status), 5);
  status.switch_in_progress = false;
  EXPECT_EQ(CodeOfChecked(status), 4);
}

TEST_F(StatusTest, WhatSystemdRunsInsteadIsDrift) {
  Change([](UnitState& state) { state.load = "masked"; });
  EXPECT_THAT(Drift(), ElementsAre(HasSubstr("systemctl unmask web.service")));
  Change([](UnitState& state) { state.fragment_path = "/run/systemd/system/web.service"; });
  EXPECT_THAT(Drift(), ElementsAre(HasSubstr("reads it from /run/systemd/system/web.service")));
  Change([](UnitState& state) { state.needs_reload = true; });
  EXPECT_THAT(Drift(), ElementsAre(HasSubstr("daemon-reload")));
  Change([](UnitState& state) { state.root_image = "/other.erofs"; });
  EXPECT_THAT(Drift(), ElementsAre(HasSubstr("runs it from /other.erofs")));
}

// As while a switch is cut off: not what the active generation would run.
TEST_F(StatusTest, NamesTheVersionThatSystemdRuns) {
  const std::string version = "web/0123456789abcdef";
  Change(
      [&](UnitState& state) { state.root_image = layout.root() + "/" + version + "/image.erofs"; });
  EXPECT_THAT(StatusText(Read()), HasSubstr(", from " + version + "\n"));
}

TEST_F(StatusTest, AProcessOfAnotherImageIsDriftThatRootSees) {
  systemd.runs_from = false;
  if (::geteuid() == 0) {
    EXPECT_THAT(Drift(), ElementsAre(HasSubstr("runs from another image")));
  } else {
    EXPECT_THAT(Drift(), IsEmpty());
  }
}

TEST_F(StatusTest, AChangedUnitAStrayLinkAndAMissingBootUnitAreDrift) {
  const std::string unit = layout.Generation(1) + "/units/web.service";
  Generation generation = LoadGeneration(layout, 1);
  generation.created = "2020-01-01T00:00:00Z";
  StoreGeneration(layout, generation);
  EXPECT_THAT(Drift(), ElementsAre(HasSubstr(unit + " was changed after it was staged")));
  base::ReplaceSymlink(layout.Current() + "/units/stray.service", units + "/stray.service");
  EXPECT_THAT(Drift(), Contains(HasSubstr("generation 1 has no such unit")));
}

TEST_F(StatusTest, ABootUnitThatWillNotRunIsDrift) {
  const std::string link = units + "/multi-user.target.wants/slipway-boot.service";
  base::Unlink(link);
  EXPECT_THAT(Drift(), ElementsAre(HasSubstr("slipway-boot.service is disabled: systemctl enable "
                                             "slipway-boot.service. Until then nothing")));
  base::ReplaceSymlink("../slipway-boot.service", link);
  EXPECT_THAT(Drift(), IsEmpty());
  base::Unlink(units + "/slipway-boot.service");
  EXPECT_THAT(Drift(), ElementsAre(HasSubstr("slipway-boot.service is missing: the next switch")));
  base::ReplaceSymlink("/dev/null", units + "/slipway-boot.service");
  EXPECT_THAT(Drift(), ElementsAre(HasSubstr("systemctl unmask slipway-boot.service")));
}

TEST_F(StatusTest, ABootUnitThatTheSystemLacksIsDriftWhereUnitsDoNotSurviveAReboot) {
  host.configured_directory = root + "/etc";
  base::Unlink(units + "/slipway-boot.service");
  Write(root + "/boot", "[Service]\n");
  base::ReplaceSymlink(root + "/boot", units + "/slipway-boot.service");
  systemd.DaemonReload();
  EXPECT_THAT(Drift(), IsEmpty());
  base::Unlink(units + "/slipway-boot.service");
  systemd.DaemonReload();
  EXPECT_THAT(Drift(), ElementsAre(HasSubstr("is missing: the next switch prints it")));
}

TEST_F(StatusTest, TellsWhyTheLastActivationFailed) {
  ASSERT_EQ(ActivateNumber(Stage("web", "fail")), 3);
  EXPECT_THAT(StatusText(Read()), HasSubstr("last activation: generation 2 rolled-back at 20"));
  ASSERT_EQ(ActivateNumber(Stage("web", "three")), 0);
  EXPECT_THAT(StatusText(Read()), Not(HasSubstr("last activation")));
}

// Everybody may ask; only root can open the lock.
TEST_F(StatusTest, OthersSeeAsWellWhetherASwitchIsInProgress) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "needs root, to be somebody else";
  }
  for (const std::string& path : {place.path(), layout.root()}) {
    ASSERT_EQ(::chmod(path.c_str(), 0755), 0);
  }
  const auto seen = [&] {
    ASSERT_EQ(::seteuid(65534), 0);
    const std::optional<bool> held = IsLockHeld(layout);
    ASSERT_EQ(::seteuid(0), 0);
    held_ = held;
  };
  {
    const base::FileLock lock(layout.Lock(), "the host", "a test");
    seen();
    EXPECT_EQ(held_, true);
  }
  seen();
  EXPECT_EQ(held_, false);
}

TEST_F(StatusTest, ListsAgeVersionsAndPins) {
  Generation generation = LoadGeneration(layout, 1);
  generation.pinned = true;
  generation.created = "2020-01-01T00:00:00Z";
  StoreGeneration(layout, generation);
  const Listing listing = ReadListing(layout);
  const std::string text = ListText(listing);
  EXPECT_THAT(text, HasSubstr("*    1  active "));
  EXPECT_THAT(text, HasSubstr(" d  pinned  web/"));
  EXPECT_THAT(text, HasSubstr(" (1)\n"));
  EXPECT_THAT(ListJson(listing), HasSubstr("\"is_pinned\": true"));
  EXPECT_THAT(ListJson(listing), HasSubstr("\"version\": \"1\""));
  EXPECT_EQ(AgeSeconds(generation, *base::FromIso8601("2020-01-01T00:01:00Z")), 60U);
}

TEST_F(StatusTest, WhereNothingRunsNothingIsHealthy) {
  shape = [](images::Services& services) { services.clear(); };
  ASSERT_EQ(ActivateNumber(StageApps(layout, {{"files", Push("files", "none")}}, "").number), 0);
  const std::string text = StatusText(Read());
  EXPECT_THAT(text, HasSubstr("  nothing runs: no image has a service"));
  EXPECT_THAT(text, HasSubstr("  activated: 20"));
  EXPECT_THAT(text, Not(HasSubstr("healthy")));
}

TEST_F(StatusTest, LostUnitsAreNotNothingToRun) {
  base::RemoveTree(layout.Generation(1) + "/units");
  const std::string text = StatusText(Read());
  EXPECT_THAT(text, Not(HasSubstr("nothing runs")));
  EXPECT_THAT(text, HasSubstr("generation 1 has services, but its units are gone from " +
                              layout.Generation(1) + "/units: `activate --rollback` leaves it"));
}

TEST_F(StatusTest, WhatRunsFromAnotherImageIsToldWithTheRemedy) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "only root sees what a process runs from";
  }
  systemd.runs_from = false;
  EXPECT_THAT(Drift(), Contains(HasSubstr(": `activate --generation 1` restarts it")));
}

}  // namespace
}  // namespace activator

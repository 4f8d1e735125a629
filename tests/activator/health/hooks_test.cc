// Hooks and checks in a switch, against a fake host.
#include <gmock/gmock.h>
#include <unistd.h>

#include "activator/health/auxiliary_units.h"
#include "activator/state/history.h"
#include "activator/state/switch_record.h"
#include "activator/switch/recovery.h"
#include "tests/activator/host_fixture.h"

namespace activator {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class HooksTest : public HostTest {
 protected:
  // Generation 1 runs web (one); generation 2, staged, runs it (two) with these hooks.
  uint64_t StageWithHooks(const std::string& before, const std::string& after) {
    EXPECT_EQ(ActivateNumber(Stage("web", "one")), 0) << error;
    systemd.calls.clear();
    edit_service = [=](images::Service& service) {
      if (!before.empty()) {
        service.hooks.before_start = {{"/bin/first"}, {"/bin/" + before}};
      }
      if (!after.empty()) {
        service.hooks.after_healthy = {{"/bin/" + after}};
      }
    };
    return Stage("web", "two");
  }
  void ExpectFirst(uint64_t left) {
    EXPECT_EQ(CurrentGeneration(layout), 1U);
    EXPECT_EQ(RunningProgram("web.service"), "one");
    EXPECT_EQ(StateOf(left), GenerationState::kRolledBack);
    EXPECT_FALSE(systemd.IsActive("web:before-start.service"));
    EXPECT_FALSE(systemd.IsActive("web:after-healthy.service"));
    EXPECT_THAT(base::ListDirectory(host.task_directory), IsEmpty());
    EXPECT_FALSE(ReadSwitchRecord(layout).has_value());
  }
};

TEST_F(HooksTest, RunBetweenTheStopOfTheOldAndTheStartOfTheNewAndAfterItIsHealthy) {
  EXPECT_EQ(ActivateNumber(StageWithHooks("migrate", "notify")), 0) << error;
  EXPECT_THAT(
      systemd.calls,
      ElementsAre("stop web.service", "reload", "start web:before-start.service",
                  "stop web:before-start.service", "reset-failed web.service", "start web.service",
                  "start web:after-healthy.service", "stop web:after-healthy.service"));
  EXPECT_EQ(RunningProgram("web.service"), "two");
}

TEST_F(HooksTest, RunOnlyForServicesThatChanged) {
  const uint64_t number = StageWithHooks("migrate", "");
  ASSERT_EQ(ActivateNumber(number), 0) << error;
  edit_service = nullptr;
  systemd.calls.clear();
  ASSERT_EQ(ActivateNumber(Stage("other", "other")), 0) << error;
  EXPECT_THAT(systemd.calls, Not(Contains("start web:before-start.service")));
}

TEST_F(HooksTest, RunNotForAServiceThatOnlyStoppedWithAnother) {
  edit_service = [](images::Service& service) { service.hooks.before_start = {{"/bin/first"}}; };
  ASSERT_EQ(ActivateNumber(Stage("db", "db")), 0) << error;
  edit_service = nullptr;
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0) << error;
  systemd.stopped_with["web.service"] = {"db.service"};
  systemd.calls.clear();
  ASSERT_EQ(ActivateNumber(Stage("web", "two")), 0) << error;
  EXPECT_THAT(systemd.calls, Contains("start db.service"));
  EXPECT_THAT(systemd.calls, Not(Contains("start db:before-start.service")));
}

TEST_F(HooksTest, OneThatFailsOrHangsBeforeTheStartGoesBackWithoutStarting) {
  for (const char* program : {"fail", "hang", "crash"}) {
    const uint64_t number = StageWithHooks(program, "");
    EXPECT_EQ(ActivateNumber(number), 3) << program;
    EXPECT_THAT(error, HasSubstr("web:before-start.service")) << program;
    EXPECT_THAT(error, HasSubstr("its last words")) << program;
    EXPECT_THAT(systemd.calls, Contains("reset-failed web:before-start.service")) << program;
    ExpectFirst(number);
    EXPECT_THAT(LoadGeneration(layout, number).reason, Not(HasSubstr("last words")));
    edit_service = nullptr;
  }
}

TEST_F(HooksTest, OneThatFailsOrHangsAfterHealthyGoesBack) {
  for (const char* program : {"fail", "hang"}) {
    const uint64_t number = StageWithHooks("migrate", program);
    EXPECT_EQ(ActivateNumber(number), 3) << program;
    EXPECT_THAT(error, HasSubstr("web:after-healthy.service")) << program;
    ExpectFirst(number);
    edit_service = nullptr;
  }
}

TEST_F(HooksTest, OneThatRunsWhenActivateDiesIsStoppedByTheNext) {
  const uint64_t number = StageWithHooks("hang", "");
  systemd.before_call = [](const std::string& call) {
    if (call == "stop web:before-start.service") {
      throw Killed();
    }
  };
  EXPECT_THROW(ActivateNumber(number), Killed);
  EXPECT_TRUE(systemd.IsActive("web:before-start.service"));
  systemd.before_call = nullptr;
  Recover(host, RecoveryMode::kRestart);
  ExpectFirst(number);
  EXPECT_THAT(systemd.calls, Contains("reset-failed web:before-start.service"));
}

TEST_F(HooksTest, ARollbackRunsTheTasksThatWereRenderedThen) {
  ASSERT_EQ(ActivateNumber(StageWithHooks("migrate", "")), 0) << error;
  const std::string link = host.task_directory + "/web:before-start.service";
  EXPECT_EQ(base::ReadLinkIfThere(link), layout.Generation(2) + "/tasks/web:before-start.service");
  edit_service = nullptr;
  ASSERT_EQ(ActivateNumber(Stage("web", "three")), 0) << error;
  EXPECT_FALSE(base::ReadLinkIfThere(link).has_value());
  ASSERT_EQ(ActivateNumber(2), 0) << error;
  EXPECT_EQ(base::ReadLinkIfThere(link), layout.Generation(2) + "/tasks/web:before-start.service");
  EXPECT_THAT(systemd.calls, Contains("start web:before-start.service"));
}

class ChecksTest : public HostTest {
 protected:
  uint64_t StageChecked() {
    EXPECT_EQ(ActivateNumber(Stage("web", "one")), 0) << error;
    edit_service = [](images::Service& service) {
      service.health.http = images::HttpCheck{"/ready", 200, "", {}};
      service.ports = {8080};
    };
    return Stage("web", "two");
  }
};

TEST_F(ChecksTest, OneThatPassesLaterIsAskedUntilThen) {
  const uint64_t number = StageChecked();
  answers = {{false, "Could not connect to server", ""},
             {false, "status 500 instead of 200", "starting"},
             {true, "", ""}};
  EXPECT_EQ(ActivateNumber(number), 0) << error;
  EXPECT_EQ(asked, 3U);
}

TEST_F(ChecksTest, OneThatNeverPassesGoesBackWithItsLastAnswerAndTheLog) {
  const uint64_t number = StageChecked();
  answers = {{false, "status 500 instead of 200", "no database"}};
  EXPECT_EQ(ActivateNumber(number), 3);
  EXPECT_THAT(error, HasSubstr("web.service is active, but its check http://localhost:8080/ready "
                               "did not pass within 30 s: status 500 instead of 200\n"
                               "  generation 1 runs again\n"
                               "  what the check of web.service was told:\n    no database\n"
                               "  the log of web.service ends:\n    its last words\n"));
  EXPECT_EQ(RunningProgram("web.service"), "one");
  const std::string reason = LoadGeneration(layout, number).reason;
  EXPECT_THAT(reason, HasSubstr("status 500"));
  EXPECT_THAT(reason, Not(HasSubstr("no database")));
}

TEST_F(ChecksTest, AServiceThatEndsIsNotAskedToTheEnd) {
  const uint64_t number = StageChecked();
  answers = {{false, "status 500 instead of 200", ""}};
  host.ask = [this](const images::Health&, std::chrono::milliseconds) {
    systemd.StopByHand("web.service");
    ++asked;
    return answers[0];
  };
  EXPECT_EQ(ActivateNumber(number), 3);
  EXPECT_EQ(asked, 1U);
  EXPECT_THAT(error, HasSubstr("ended at once"));
}

TEST_F(ChecksTest, OneOfTheGenerationBeforeIsAskedOnTheWayBack) {
  ASSERT_EQ(ActivateNumber(StageChecked()), 0) << error;
  answers = {{false, "status 500 instead of 200", ""}};
  EXPECT_EQ(ActivateNumber(Stage("web", "three")), 4);
  EXPECT_THAT(error, HasSubstr("did not come up again: web.service is active, but its check"));
}

TEST_F(ChecksTest, OneInTheImageIsATaskThatIsRunUntilItPasses) {
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0);
  edit_service = [](images::Service& service) { service.health.exec = {"/bin/fail"}; };
  EXPECT_EQ(ActivateNumber(Stage("web", "two")), 3);
  EXPECT_THAT(systemd.calls, Contains("reset-failed web:check.service"));
  EXPECT_THAT(error, HasSubstr("its check /bin/fail did not pass within 30 s: failed (exit-code, "
                               "status 203)\n  generation 1 runs again\n"
                               "  what the check of web.service was told:\n    its last words\n"));
  edit_service = [](images::Service& service) { service.health.exec = {"/bin/ask"}; };
  EXPECT_EQ(ActivateNumber(Stage("web", "two")), 0) << error;
  EXPECT_THAT(systemd.calls, Contains("start web:check.service"));
  EXPECT_FALSE(systemd.IsActive("web:check.service"));
}

// A switch may run the same check meanwhile.
TEST_F(ChecksTest, WhoOnlyLooksRunsItUnderANameOfItsOwn) {
  edit_service = [](images::Service& service) { service.health.exec = {"/bin/ask"}; };
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0) << error;
  systemd.calls.clear();
  const InstalledUnit unit = LoadUnits(layout, 1).at("web.service");
  EXPECT_TRUE(RunCheckUnit(host, "web.service", unit, CheckRunner::kOnlyLooks).passed);
  EXPECT_THAT(systemd.calls, ElementsAre(fmt::format("start web:check-{}.service", ::getpid()),
                                         fmt::format("stop web:check-{}.service", ::getpid())));
  EXPECT_THAT(base::ListDirectory(host.task_directory), ElementsAre("web:check.service"));
}

TEST_F(ChecksTest, WithNoneNobodyLooksWhatBecomesOfIt) {
  edit_service = [](images::Service& service) { service.health.none = true; };
  EXPECT_EQ(ActivateNumber(Stage("web", "fail")), 0) << error;
}

}  // namespace
}  // namespace activator

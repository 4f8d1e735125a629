// Which units `activate logs` reads; the journal itself: tests/e2e/hosts_test.cc.
#include <gmock/gmock.h>

#include <filesystem>

#include "activator/report/logs_command.h"
#include "base/sys.h"
#include "tests/activator/host_fixture.h"
#include "tests/support/errors.h"

namespace activator {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

using LogsTest = HostTest;

TEST_F(LogsTest, AllUnitsOfTheApplicationInAnyGenerationAreRead) {
  ASSERT_EQ(ActivateNumber(StageGeneration(layout, {{"db", Push("db", "db")}}, "").number), 0);
  shape = [](images::Services& services) { services["old"] = services.at("web"); };
  StageGeneration(layout, {{"web", Push("web", "one")}}, "");
  shape = [](images::Services& services) {
    services.at("web").type = "oneshot";
    services.at("web").schedule = "daily";
  };
  StageGeneration(layout, {{"web", Push("web", "two")}}, "");
  EXPECT_THAT(UnitsOfApplication(layout, "web"),
              AllOf(Contains("web.service"), Contains("web.timer"), Contains("old.service"),
                    Contains("web:check.service"), Contains("old:before-start.service"),
                    Not(Contains("db.service"))));
  EXPECT_THAT(UnitsOfApplication(layout, "db"), Not(Contains("web.service")));
}

TEST_F(LogsTest, ATimeThatJournalctlDoesNotTakeIsSaidInOneLine) {
  for (const char* wrong : {"NONSENSE", ""}) {
    const base::Error thrown = tests::ErrorOf(
        [&] { RunLogs(layout, {.name = "web", .since = wrong, .lines = {}}, base::Io{}); });
    EXPECT_EQ(thrown.code(), base::ExitCode::kUsage);
    EXPECT_THAT(thrown.what(), HasSubstr(fmt::format("--since '{}' is no time: use ", wrong)));
  }
  Stage("db", "one");  // one that it takes is none of what is wrong
  EXPECT_THAT(tests::MessageOf([&] {
                RunLogs(layout, {.name = "web", .since = "-2h", .lines = {}}, base::Io{});
              }),
              HasSubstr("no generation has an application web"));
}

// Takes a generation away as soon as a unit of it is read.
class PruneMeanwhile : public base::Sys {
 public:
  explicit PruneMeanwhile(std::string generation) : generation_(std::move(generation)) {}
  int Open(const char* path, int flags, mode_t mode) override {
    if (std::string_view(path).starts_with(generation_ + "/units/")) {
      std::filesystem::remove_all(generation_);
    }
    return Sys::Open(path, flags, mode);
  }

 private:
  const std::string generation_;
};

TEST_F(LogsTest, AGenerationThatAPruneTakesAwayIsPassedOver) {
  Stage("web", "one");
  Stage("web", "two");
  PruneMeanwhile sys(layout.Generation(1));
  const base::ScopedSys seam(sys);
  EXPECT_THAT(UnitsOfApplication(layout, "web"), Contains("web.service"));
  EXPECT_FALSE(base::Exists(layout.Generation(1)));
}

TEST_F(LogsTest, AnApplicationThatThereIsNotIsAnErrorThatSaysWhatThereIs) {
  Stage("web", "one");
  const base::Error wrong = tests::ErrorOf([&] { UnitsOfApplication(layout, "wbe"); });
  EXPECT_EQ(wrong.code(), base::ExitCode::kFailed);
  EXPECT_THAT(wrong.what(), HasSubstr("no generation has an application wbe; there are: web"));
}

TEST_F(LogsTest, AnApplicationWithoutServicesSaysSo) {
  shape = [](images::Services& services) { services.clear(); };
  Stage("files", "none");
  EXPECT_EQ(tests::MessageOf([&] { UnitsOfApplication(layout, "files"); }),
            "files has no services, so nothing of it writes a log");
}

}  // namespace
}  // namespace activator

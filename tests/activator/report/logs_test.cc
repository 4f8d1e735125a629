// Which units `activate logs` reads; the journal itself: tests/e2e/hosts_test.cc.
#include <gmock/gmock.h>

#include "activator/report/logs_command.h"
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

TEST_F(LogsTest, AnApplicationThatThereIsNotIsAnErrorThatSaysWhatThereIs) {
  Stage("web", "one");
  const base::Error wrong = tests::ErrorOf([&] { UnitsOfApplication(layout, "wbe"); });
  EXPECT_EQ(wrong.code(), base::ExitCode::kFailed);
  EXPECT_THAT(wrong.what(), HasSubstr("no generation has an application wbe; there are: web"));
}

}  // namespace
}  // namespace activator

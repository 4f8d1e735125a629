// Staging where it fails half-way.
#include "activator/stage/stage.h"

#include <fcntl.h>
#include <gmock/gmock.h>

#include <cerrno>
#include <string_view>

#include "activator/state/generations.h"
#include "base/error.h"
#include "base/sys.h"
#include "images/label.h"
#include "tests/activator/host_fixture.h"
#include "tests/activator/read_history.h"

namespace activator {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// No inode, no block or no permission left for the history.
class NoHistory : public base::Sys {
 public:
  explicit NoHistory(int error_number) : error_number_(error_number) {}
  int Open(const char* path, int flags, mode_t mode) override {
    if (std::string_view(path).ends_with("/history.jsonl") && (flags & O_ACCMODE) != O_RDONLY) {
      errno = error_number_;
      return -1;
    }
    return Sys::Open(path, flags, mode);
  }

 private:
  const int error_number_;
};

using StageTest = HostTest;

TEST_F(StageTest, AGenerationAndItsEventAreThereOrNeither) {
  const base::Sha256 web = Push("web", "one");
  for (const int error_number : {ENOSPC, EDQUOT, EFBIG, EROFS}) {
    NoHistory sys(error_number);
    const base::ScopedSys seam(sys);
    EXPECT_THROW(StageGeneration(layout, {{"web", web}}, "tester"), base::Error);
    EXPECT_THAT(base::ListDirectory(layout.Generations()), IsEmpty());
  }
  EXPECT_EQ(StageGeneration(layout, {{"web", web}}, "tester").number, 1U);
  EXPECT_THAT(GenerationNumbers(layout), ElementsAre(1));
  ASSERT_EQ(ReadHistory(layout).size(), 1U);
  EXPECT_EQ(ReadHistory(layout)[0].event, "staged");
}

// The name that a version is given anew is no reason to restart it.
TEST_F(StageTest, UnitsAreDescribedWithTheLabelOfTheTimeTheyWereFirstStaged) {
  const base::Sha256 web = Push("web", "one");
  const std::string version = layout.Version("web", images::ImageId::Of(web));
  const auto text = [&](uint64_t number) { return UnitTexts(layout, number).at("web.service"); };
  images::WriteLabel(version, "stable");
  ASSERT_EQ(ActivateNumber(StageGeneration(layout, {{"web", web}}, "").number), 0) << error;
  EXPECT_THAT(text(1), HasSubstr("\nDescription=web stable\n"));
  images::WriteLabel(version, "newest");
  systemd.calls.clear();
  ASSERT_EQ(ActivateNumber(Stage("db", "db")), 0) << error;
  EXPECT_EQ(text(2), text(1));
  EXPECT_THAT(systemd.calls, Not(Contains("stop web.service")));
}

}  // namespace
}  // namespace activator

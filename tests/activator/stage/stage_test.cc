// Staging where it fails half-way.
#include "activator/stage/stage.h"

#include <fcntl.h>
#include <gmock/gmock.h>

#include <cerrno>
#include <string_view>

#include "activator/state/generations.h"
#include "base/error.h"
#include "base/sys.h"
#include "tests/activator/host_fixture.h"
#include "tests/activator/read_history.h"

namespace activator {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

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

}  // namespace
}  // namespace activator

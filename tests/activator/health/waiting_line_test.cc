// What a terminal shows while a switch waits.
#include <fcntl.h>
#include <gmock/gmock.h>

#include "tests/activator/host_fixture.h"

namespace activator {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

class WaitingLineTest : public HostTest {
 protected:
  WaitingLineTest() {
    edit_service = [](images::Service& service) {
      service.health.tcp = "127.0.0.1:80";
      service.health.timeout_seconds = 30;
      service.health.interval_seconds = 1;
      service.health.settle_seconds = 5;
    };
    answers.assign(12, {false, "refused\x1b[2J", ""});
    answers.push_back({true, "", ""});
  }
  // What is written of a switch.
  std::string Written(bool terminal) {
    const base::UniqueFd err = base::Open(root + "/err", O_RDWR | O_CREAT | O_TRUNC, 0644);
    host.io.err = err.get();
    host.io.err_is_terminal = terminal;
    EXPECT_EQ(ActivateNumber(Stage("web", "one")), 0) << error;
    return base::ReadFile(root + "/err");
  }
};

TEST_F(WaitingLineTest, TellsWhatIsWaitedForAndHowLong) {
  const std::string written = Written(true);
  EXPECT_THAT(written, HasSubstr("\r\033[Kweb.service: refused [2J, 0 of 30 s\r\033[K"));
  EXPECT_THAT(written, HasSubstr("\r\033[Kweb.service: refused [2J, 9 of 30 s\r\033[K"));
  EXPECT_THAT(written, HasSubstr("\r\033[K1 unit up, watched for 3 of 5 s\r\033[K"));
  EXPECT_THAT(written, EndsWith("\r\033[Kactivate: generation 1 is active and healthy\n"));
}

TEST_F(WaitingLineTest, IsQuietWhereItIsPiped) {
  EXPECT_EQ(Written(false), "activate: generation 1 is active and healthy\n");
}

}  // namespace
}  // namespace activator

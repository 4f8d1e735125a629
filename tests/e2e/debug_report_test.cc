// `activate report --debug` and the log on a real host: what they tell, and that no secret is in
// them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/scene.h"

namespace tests {
namespace {

using testing::HasSubstr;
using testing::Not;

// Its environment, its credential and what it says hold a sentinel. systemd quotes the last line of
// the file, which is no assignment to it.
class DebugReportTest : public testing::Test {
 protected:
  DebugReportTest() {
    host_.MustRun(
        "mkdir -p /etc/slipway && cd /etc/slipway && umask 077 && echo sentinel-credential >key && "
        "printf 'TOKEN=sentinel-file\\nBAD-NAME=sentinel-line\\n' >environment");
  }
  std::string Build() {
    return workshop_.Build("hello", "hello",
                           {{"services",
                             {{"hello",
                               {{"environment", {{"SECRET", "sentinel-environment"}}},
                                {"environment_file", "/etc/slipway/environment"},
                                {"credentials", {{"key", "/etc/slipway/key"}}}}}}}});
  }

  Workshop workshop_;
  const TestHost host_{"report"};
};

TEST_F(DebugReportTest, HasTheSectionsAndNoSecret) {
  const std::string image = Build();
  const RunResult push = Imgpush(
      host_.SshConfig(), {"--log-level", "debug", "--activate", "--yes", host_.Name(), image});
  ASSERT_EQ(push.exit_code, 0) << push.err;
  // The agent's lines, and those of the switch, which ran in a unit of its own there.
  EXPECT_THAT(push.err, HasSubstr(" debug: the sender: got begin, "));
  EXPECT_THAT(push.err, HasSubstr(" debug: systemctl start hello.service: exit code 0 after "));
  EXPECT_THAT(push.err, HasSubstr(" info: switch from 0 to 1: healthy in "));
  EXPECT_THAT(push.err, Not(HasSubstr("sentinel")));

  // A service may write what it likes, also as if systemd had said it.
  host_.MustRun(
      "printf 'UNIT=hello.service\\nMESSAGE=sentinel-forged\\n' | logger --journald; "
      "systemd-run --unit=hello-says --property=Slice=system.slice --wait echo sentinel-said; "
      "journalctl --sync; journalctl | grep -q sentinel-line");
  const RunResult report = Activate(host_, "report --debug");
  ASSERT_EQ(report.exit_code, 0) << report.err;
  for (const char* part :
       {"== versions ==\nactivate ", ", protocol ", "\n== kernel ==\nLinux ",
        "\n== kernel features ==\nmounts erofs-lz4", "\n== systemd ==\nsystemd 25",
        "\n== space ==\n", "\n== generations ==\n*    1  active", "\n== status ==\n",
        "hello.service", "the host matches generation 1", "\n== history ==\n",
        "activated         generation 1", "\n== systemd about our units ==\n", "Started hello"}) {
    EXPECT_THAT(report.out, HasSubstr(part));
  }
  EXPECT_THAT(report.out, Not(HasSubstr("sentinel")));
}

}  // namespace
}  // namespace tests

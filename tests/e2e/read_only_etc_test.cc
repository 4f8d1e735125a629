// A host whose /etc cannot be written, as on NixOS: units stand under /run, and the boot unit is
// the operator's to add to the system's own configuration.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/scene.h"

namespace tests {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kReadOnly = "mount -o remount,bind,ro /etc/systemd/system";
constexpr const char* kWritable = "mount -o remount,bind,rw /etc/systemd/system";

// The boot unit's text as the message shows it.
std::string TextIn(const std::string& message) {
  const size_t begin = message.find("# Written by Slipway.");
  const size_t end = message.find("WantedBy=multi-user.target\n");
  EXPECT_NE(begin, std::string::npos) << message;
  EXPECT_NE(end, std::string::npos) << message;
  return message.substr(begin, end - begin) + "WantedBy=multi-user.target\n";
}

TEST(ReadOnlyEtc, UnitsStandUnderRunAndTheBootUnitIsAskedFor) {
  Workshop workshop;
  const TestHost host("nixos");
  host.MustRun(
      "echo '/etc/systemd/system /etc/systemd/system none bind,ro 0 0' >> /etc/fstab && "
      "mount --bind /etc/systemd/system /etc/systemd/system && " +
      std::string(kReadOnly));
  MustPushTo(host, {workshop.Build("nginx", "v1")});

  const RunResult first = Activate(host, "--latest");
  EXPECT_EQ(first.exit_code, 0) << first.err;
  EXPECT_THAT(first.err, HasSubstr("/etc is read-only"));
  EXPECT_THAT(Page(host), HasSubstr("v1"));
  host.MustRun("test -L /run/systemd/system/nginx.service");

  RunOptions unit;
  unit.input = TextIn(first.err);
  host.MustRun(std::string(kWritable) +
                   " && cat > /etc/systemd/system/slipway-boot.service && "
                   "systemctl enable slipway-boot.service && " +
                   kReadOnly,
               unit);
  host.Reboot();
  EXPECT_THAT(Page(host), HasSubstr("v1"));

  MustPushTo(host, {workshop.Build("nginx", "v2")});
  const RunResult second = Activate(host, "--latest");
  EXPECT_EQ(second.exit_code, 0) << second.err;
  EXPECT_THAT(second.err, Not(HasSubstr("read-only")));
  EXPECT_THAT(Page(host), HasSubstr("v2"));
}

}  // namespace
}  // namespace tests

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

// Units are not to be changed under /etc: for every user, with a package's unit of the name that
// starts at boot, and with a mask.
TEST(ReadOnlyEtc, APackagesUnitIsAdoptedAndWhatStandsInEtcIsNot) {
  Workshop workshop;
  const TestHost host("adopt");
  host.MustRun(
      "printf '[Service]\\nExecStart=/bin/sleep infinity\\n' >/lib/systemd/system/nginx.service && "
      "mkdir -p /lib/systemd/system/multi-user.target.wants && "
      "ln -s ../nginx.service /lib/systemd/system/multi-user.target.wants/nginx.service && "
      "systemctl daemon-reload && systemctl start nginx && "
      "echo '/etc/systemd/system /etc/systemd/system none bind,ro 0 0' >> /etc/fstab && "
      "mount --bind /etc/systemd/system /etc/systemd/system && " +
      std::string(kReadOnly));
  MustPushTo(host, {workshop.Build("nginx", "v1")});
  EXPECT_EQ(Activate(host, "--generation 1").exit_code, 1);
  const auto in_etc = [&](const std::string& command) {
    host.MustRun(kWritable + std::string(" && ") + command + " && " + kReadOnly +
                 " && systemctl daemon-reload");
  };
  in_etc("ln -s /dev/null /etc/systemd/system/nginx.service");
  const RunResult masked = Activate(host, "--generation 1 --adopt");
  EXPECT_EQ(masked.exit_code, 1) << masked.err;
  EXPECT_THAT(masked.err, HasSubstr("nginx.service is masked on this host: unmask it in the"));
  in_etc("rm /etc/systemd/system/nginx.service");

  const RunResult adopted = Activate(host, "--generation 1 --adopt");
  ASSERT_EQ(adopted.exit_code, 0) << adopted.err;
  RunOptions unit;
  unit.input = TextIn(adopted.err);
  host.MustRun(std::string(kWritable) +
                   " && cat > /etc/systemd/system/slipway-boot.service && "
                   "systemctl enable slipway-boot.service && " +
                   kReadOnly + " && systemctl daemon-reload",
               unit);
  EXPECT_THAT(
      host.MustRun("setpriv --reuid=65534 --clear-groups /var/lib/images/bin/activate status"),
      HasSubstr("the host matches generation 1"));
  host.Reboot();
  EXPECT_THAT(Page(host), HasSubstr("v1"));
  EXPECT_THAT(Activate(host, "status").out, HasSubstr("the host matches generation 1"));
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

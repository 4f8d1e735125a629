// What the host's own tools and units do beside ours: targets change, units that depend on ours,
// and units that are started, stopped or hidden from outside.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "tests/e2e/scene.h"

namespace tests {
namespace {

using testing::HasSubstr;
using testing::Not;

class HostUnitsTest : public testing::Test {
 protected:
  // Application `name`, the fixture's hello; `service` is merged into its service.
  std::string App(const std::string& name, const nlohmann::json& service = {}) {
    nlohmann::json definition = Workshop::Definition("hello", "hello");
    nlohmann::json hello = definition.at("services").at("hello");
    hello.merge_patch(service);
    definition["name"] = name;
    definition["services"] = {{name, hello}};
    workshop_.WriteDefinition(name, definition.dump());
    const RunResult built = workshop_.Imgbuild({name});
    EXPECT_EQ(built.exit_code, 0) << built.err;
    std::string out = built.out;
    out.erase(out.find_last_not_of('\n') + 1);
    return out;
  }
  std::string Hello(const nlohmann::json& service = nlohmann::json::object()) {
    return workshop_.Build("hello", "hello", {{"services", {{"hello", service}}}});
  }
  // `slow` does not hear the signal that should stop it.
  std::string Slow(const std::string& description) {
    return App("slow", {{"exec", {"/usr/bin/httpd", "-f", "-p", "8081"}},
                        {"ports", {8081}},
                        {"directives",
                         {{"Unit", {{"Description", description}}},
                          {"Service", {{"KillSignal", "SIGCONT"}, {"TimeoutStopSec", "30"}}}}}});
  }
  static void Deploy(const TestHost& host, const std::vector<std::string>& images) {
    MustPushTo(host, images);
    MustActivate(host, "--latest");
  }
  // Waits until the shell command `condition` succeeds there; ssh may be away meanwhile.
  static void Await(const TestHost& host, const std::string& condition) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (host.Run(condition).exit_code != 0) {
      ASSERT_LT(std::chrono::steady_clock::now(), until) << condition;
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  }

  Workshop workshop_;
};

TEST_F(HostUnitsTest, ApplicationsOutliveATargetChangeAndComeBackAfterRescueMode) {
  const TestHost host("isolate");
  Deploy(host, {Hello()});
  const std::string start = StartOf(host, "hello.service");
  host.MustRun("systemctl isolate multi-user.target");
  EXPECT_EQ(StartOf(host, "hello.service"), start);
  EXPECT_EQ(Activate(host, "status").exit_code, 0);
  const auto rescue_and_back = [&] {
    host.MustRun(
        "printf '[Unit]\\nIgnoreOnIsolate=yes\\nDefaultDependencies=no\\n[Service]\\n"
        "Type=oneshot\\nExecStart=/bin/systemctl --no-block isolate rescue.target\\n"
        "ExecStart=/bin/sh -c \"while systemctl is-active ssh.service || systemctl is-active "
        "hello; do sleep 0.1; done; touch /was-down\"\\n"
        "ExecStart=/bin/systemctl --no-block isolate multi-user.target\\n' "
        ">/run/systemd/system/rescue-and-back.service; rm -f /was-down; "
        "systemctl daemon-reload; systemctl start --no-block rescue-and-back");
    Await(host, "[ -e /was-down ] && systemctl is-active -q hello multi-user.target");
  };
  rescue_and_back();
  EXPECT_NE(StartOf(host, "hello.service"), start);
  EXPECT_EQ(Activate(host, "status").exit_code, 0);
  host.Reboot();
  rescue_and_back();
  host.MustRun("systemctl disable slipway.target");
  EXPECT_THAT(Activate(host, "status").out, HasSubstr("systemctl enable slipway.target"));
}

TEST_F(HostUnitsTest, AnApplicationDoesNotWaitUntilAnotherOneHasStopped) {
  const TestHost host("slow");
  Hello();
  Deploy(host, {Hello(), Slow("one")});
  const std::string start = StartOf(host, "hello.service");
  MustPushTo(host, {Hello({{"directives", {{"Unit", {{"Description", "two"}}}}}}), Slow("two")});
  host.MustRun("systemd-run --unit=switcher /var/lib/images/bin/activate --latest");
  Await(host,
        "systemctl show -p Description hello | grep -qx Description=two && "
        "systemctl is-active -q hello");
  EXPECT_NE(StartOf(host, "hello.service"), start);
  EXPECT_EQ(host.Run("systemctl is-active slow").out, "deactivating\n");
  Await(host, "! systemctl is-active -q switcher");
  EXPECT_THAT(Activate(host, "status").out, HasSubstr("the host matches generation 2"));
  EXPECT_EQ(host.MustRun("systemctl show -p Description --value slow"), "two\n");
}

// The new version of hello ends at once, while the slow one still stops.
TEST_F(HostUnitsTest, NorDoesItWhereTheSwitchGoesBack) {
  const TestHost host("slowback");
  Hello();
  Deploy(host, {Hello(), Slow("one")});
  MustPushTo(host, {Hello({{"exec", {"/usr/bin/httpd", "--no-such-option"}}}), Slow("two")});
  host.MustRun("systemd-run --unit=switcher /var/lib/images/bin/activate --latest");
  Await(host,
        "grep -q going-back /var/lib/images/switch.json && systemctl is-active -q hello && "
        "! systemctl show -p ExecStart hello | grep -q no-such-option");
  EXPECT_EQ(host.Run("systemctl is-active slow").out, "deactivating\n");
  Await(host, "! systemctl is-active -q switcher");
  EXPECT_THAT(Activate(host, "status").out, HasSubstr("the host matches generation 1"));
  EXPECT_EQ(host.MustRun("systemctl show -p Description --value slow"), "one\n");
}

// A proxy requires hello, a monitor is a part of the proxy, and an alarm is bound to the monitor.
TEST_F(HostUnitsTest, UnitsOfTheHostThatDependOnAnApplicationRunAgainAfterEachSwitch) {
  const TestHost host("dependents");
  Deploy(host, {Hello()});
  host.MustRun(
      "cd /etc/systemd/system; run='[Service]\nExecStart=/bin/sleep infinity\n'; "
      "printf \"[Unit]\nRequires=hello.service\nAfter=hello.service\n$run\" >proxy.service; "
      "printf \"[Unit]\nPartOf=proxy.service\nAfter=proxy.service\n$run\" >monitor.service; "
      "printf \"[Unit]\nBindsTo=monitor.service\nAfter=monitor.service\n$run\" >alarm.service; "
      "printf \"[Unit]\nPartOf=proxy.service\n$run\" >idle.service; "
      "systemctl daemon-reload; systemctl start proxy monitor alarm");
  const auto all_run = [&] {
    EXPECT_EQ(host.Run("systemctl is-active proxy monitor alarm idle").out,
              "active\nactive\nactive\ninactive\n");
  };
  all_run();
  MustPushTo(host, {Hello({{"directives", {{"Unit", {{"Description", "two"}}}}}})});
  EXPECT_THAT(Activate(host, "--latest --dry-run").out,
              HasSubstr("proxy.service  of the host's own: restarted"));
  MustActivate(host, "--latest");
  all_run();
  MustPushTo(host, {Hello({{"exec", {"/usr/bin/httpd", "--no-such-option"}}})});
  EXPECT_EQ(Activate(host, "--latest").exit_code, 3);
  all_run();
  const RunResult removed = Activate(host, "remove hello");
  EXPECT_EQ(removed.exit_code, 0) << removed.err;
  EXPECT_THAT(removed.err, HasSubstr("they depend on what was removed: "));
}

TEST_F(HostUnitsTest, AUnitThatWasEditedAsAWholeIsToldBeforeAndAfterTheBoot) {
  const TestHost host("edited");
  Deploy(host, {Hello()});
  host.MustRun(  // what `systemctl edit --full` does, which asks for a terminal
      "cd /etc/systemd/system; sed 's/^Description=.*/Description=mine/' hello.service >new; "
      "mv new hello.service; systemctl daemon-reload");
  const auto told = [&] { return Activate(host, "status").out; };
  constexpr const char* kRepair =
      "`mv /etc/systemd/system/hello.service /root/ && activate --generation 1`";
  EXPECT_THAT(told(), HasSubstr(kRepair));
  host.Reboot();
  EXPECT_THAT(host.MustRun("journalctl -b -u slipway-boot"),
              HasSubstr("activate: hello.service is not started: /etc/systemd/system/hello.service "
                        "is a file, not our link"));
  const RunResult status = Activate(host, "status");
  EXPECT_EQ(status.exit_code, 4);
  EXPECT_THAT(status.out, HasSubstr(kRepair));
  host.MustRun("mv /etc/systemd/system/hello.service /root/");
  MustActivate(host, "--generation 1");
  EXPECT_EQ(Activate(host, "status").exit_code, 0);
}

// A package with the maintainer scripts that debhelper writes, whose unit is adopted.
TEST_F(HostUnitsTest, APackageThatIsRemovedAfterAnAdoptionStopsTheServiceAndStatusSaysSo) {
  const TestHost host("package");
  host.MustRun(
      "mkdir -p /p/DEBIAN /p/lib/systemd/system; cd /p; "
      "printf 'Package: hello\nVersion: 1\nArchitecture: all\nMaintainer: x <x@x>\n"
      "Description: x\n' >DEBIAN/control; "
      "printf '[Service]\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n'"
      " >lib/systemd/system/hello.service; "
      "printf '#!/bin/sh\ndeb-systemd-helper enable hello.service\n"
      "systemctl --system daemon-reload\ndeb-systemd-invoke start hello.service\n' "
      ">DEBIAN/postinst; "
      "printf '#!/bin/sh\n[ \"$1\" != remove ] || deb-systemd-invoke stop hello.service\n' "
      ">DEBIAN/prerm; "
      "printf '#!/bin/sh\nsystemctl --system daemon-reload\n[ \"$1\" != remove ] || "
      "deb-systemd-helper mask hello.service\n' >DEBIAN/postrm; "
      "chmod 755 DEBIAN/p*; dpkg-deb --build /p /p.deb && dpkg --install /p.deb");
  MustPushTo(host, {Hello()});
  MustActivate(host, "--latest --adopt");
  const std::string start = StartOf(host, "hello.service");
  host.MustRun(  // as docs/units.md says it
      "printf '#!/bin/sh\\nexit 101\\n' >/usr/sbin/policy-rc.d; chmod 755 /usr/sbin/policy-rc.d; "
      "dpkg --remove hello; rm /usr/sbin/policy-rc.d");
  EXPECT_EQ(StartOf(host, "hello.service"), start);
  EXPECT_EQ(Activate(host, "status").exit_code, 0);
  host.MustRun("dpkg --install /p.deb && dpkg --remove hello");
  const RunResult status = Activate(host, "status");
  EXPECT_EQ(status.exit_code, 4);
  EXPECT_THAT(status.out, HasSubstr("hello.service is inactive"));
  EXPECT_THAT(status.out, HasSubstr("`activate --generation 1` starts it"));
  EXPECT_THAT(status.out, Not(HasSubstr("the host matches")));
  MustActivate(host, "--generation 1");
  EXPECT_EQ(Activate(host, "status").exit_code, 0);
  host.Reboot();
  EXPECT_EQ(Activate(host, "status").exit_code, 0);
}

}  // namespace
}  // namespace tests

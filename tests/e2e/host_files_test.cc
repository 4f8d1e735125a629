// What services see of the host's own files on real hosts, and what they need of its folders.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/scene.h"

namespace tests {
namespace {

using testing::HasSubstr;

constexpr const char* kRoot = "/proc/$(systemctl show -p MainPID --value hello.service)/root";

nlohmann::json Hello(const nlohmann::json& service) { return {{"services", {{"hello", service}}}}; }

// Empty: the running service sees `text` in the file, at the latest after a few seconds.
std::string Awaited(const TestHost& host, const std::string& file, const std::string& text) {
  return host
      .Run("for i in $(seq 100); do grep -qxF '" + text + "' " + kRoot + file +
           " && exit; sleep 0.1; done; cat " + kRoot + file + "; echo not seen")
      .out;
}

void Replace(const TestHost& host, const std::string& path, const std::string& text) {
  host.MustRun("echo '" + text + "' >" + path + ".new && mv " + path + ".new " + path);
}

class HostFilesTest : public testing::TestWithParam<const char*> {
 protected:
  Workshop workshop_;
};

TEST_P(HostFilesTest, ARunningServiceSeesTheNameServersThatTheHostGets) {
  const std::string image = workshop_.Build(
      "hello", "hello", Hello({{"host_files", {{"hosts", true}, {"time_zone", true}}}}));
  const TestHost host("resolver", {GetParam(), ""});
  host.MustRun(
      "mkdir -p /etc/ssl/certs && echo roots >/etc/ssl/certs/ca-certificates.crt && "
      "rm -f /etc/resolv.conf && ln -s /run/NetworkManager/resolv.conf /etc/resolv.conf");
  MustPushTo(host, {image});
  MustActivate(host, "--latest");
  const std::string start = StartOf(host, "hello.service");
  EXPECT_EQ(host.MustRun(std::string("cat ") + kRoot + "/etc/ssl/certs/ca-certificates.crt"),
            "roots\n");
  host.MustRun("mkdir -p /run/NetworkManager");  // later than the service
  Replace(host, "/run/NetworkManager/resolv.conf", "nameserver 192.0.2.1");
  EXPECT_EQ(Awaited(host, "/etc/resolv.conf", "nameserver 192.0.2.1"), "");
  Replace(host, "/run/NetworkManager/resolv.conf", "nameserver 192.0.2.2");
  EXPECT_EQ(Awaited(host, "/etc/resolv.conf", "nameserver 192.0.2.2"), "");
  host.MustRun("rm /etc/resolv.conf");
  for (const char* address : {"192.0.2.3", "192.0.2.4", "192.0.2.5"}) {
    Replace(host, "/etc/resolv.conf", std::string("nameserver ") + address);
  }
  EXPECT_EQ(Awaited(host, "/etc/resolv.conf", "nameserver 192.0.2.5"), "");
  Replace(host, "/etc/hosts", "192.0.2.6 new");
  EXPECT_EQ(Awaited(host, "/etc/hosts", "192.0.2.6 new"), "");
  EXPECT_EQ(StartOf(host, "hello.service"), start);

  const std::string follows = StartOf(host, "slipway-host-files.service");
  MustActivate(host, "--generation 1");
  EXPECT_EQ(StartOf(host, "slipway-host-files.service"), follows);
  host.MustRun("cd /var/lib/images/bin && cp -L activate newer && ln -sfn newer activate");
  MustActivate(host, "--generation 1");
  EXPECT_NE(StartOf(host, "slipway-host-files.service"), follows);
  EXPECT_EQ(StartOf(host, "hello.service"), start);

  host.Reboot();
  EXPECT_EQ(Awaited(host, "/etc/hosts", "192.0.2.6 new"), "");
  Replace(host, "/etc/resolv.conf", "nameserver 192.0.2.7");
  EXPECT_EQ(Awaited(host, "/etc/resolv.conf", "nameserver 192.0.2.7"), "");
}

TEST_P(HostFilesTest, SyslogReachesTheJournal) {
  nlohmann::json patch =
      Hello({{"exec_start_pre", {{"/usr/bin/logger", "-t", "slipway-test", "by syslog(3)"}}}});
  patch["contents"] = {{"symlinks", {{"/usr/bin/logger", "{out}/bin/httpd"}}}};  // busybox
  for (const char* hardening : {"none", "strict"}) {
    SCOPED_TRACE(hardening);
    patch["services"]["hello"]["hardening"] = hardening;
    const std::string image = workshop_.Build("hello", "hello", patch);
    const TestHost host("syslog", {GetParam(), ""});
    MustPushTo(host, {image});
    MustActivate(host, "--latest");
    EXPECT_EQ(host.MustRun("journalctl --sync; journalctl --no-pager -o cat -t slipway-test"),
              "by syslog(3)\n");
  }
}

INSTANTIATE_TEST_SUITE_P(OfDebian, HostFilesTest, testing::Values("bookworm", "trixie", "forky"));

TEST(ServiceDirectoriesTest, NothingIsStoppedForOneThatSystemdCannotMake) {
  Workshop workshop;
  const std::string plain = workshop.Build("hello", "hello");
  const TestHost host("directories");
  MustPushTo(host, {plain});
  MustActivate(host, "--latest");
  const std::string start = StartOf(host, "hello.service");
  const auto refused = [&](const nlohmann::json& service, const std::string& why) {
    MustPushTo(host, {workshop.Build("hello", "hello", Hello(service))});
    const RunResult result = Activate(host, "--latest");
    EXPECT_EQ(result.exit_code, 1) << result.err;
    EXPECT_THAT(result.err, HasSubstr(why));
    EXPECT_EQ(StartOf(host, "hello.service"), start);
  };
  host.MustRun("mkdir /var/lib/hello && mount -t tmpfs none /var/lib/hello");
  refused({{"state", true}}, "/var/lib/hello is a mount point, which systemd cannot move");
  host.MustRun("umount /var/lib/hello && rmdir /var/lib/hello && ln -s /srv /var/log/hello");
  refused({{"logs", true}}, "/var/log/hello is a link to /srv");
  const auto lines = [](const nlohmann::json& service) {
    return nlohmann::json{{"directives", {{"Service", service}}}};
  };
  refused(lines({{"BindPaths", "/no/such:/data"}}), "needs /no/such, which is not on this host");

  // What the build can make is there.
  MustPushTo(host, {workshop.Build("hello", "hello",
                                   Hello(lines({{"StateDirectory", "other/one"},
                                                {"ConfigurationDirectory", "%N"},
                                                {"TemporaryFileSystem", "/scratch"},
                                                {"InaccessiblePaths", "/hidden"},
                                                {"ReadWritePaths", "/var/lib/other/one"},
                                                {"BindReadOnlyPaths", "/etc/hostname:/opt/h.txt"},
                                                {"WorkingDirectory", "/work"}})))});
  MustActivate(host, "--latest");
  EXPECT_NE(StartOf(host, "hello.service"), start);
}

}  // namespace
}  // namespace tests

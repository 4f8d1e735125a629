// Services that move to Slipway and away from it on real hosts: their data, their users, and what
// the journal says of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/scene.h"

namespace tests {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class MovingTest : public testing::TestWithParam<const char*> {
 protected:
  std::string Hello(const json& service) {
    return workshop_.Build("hello", "hello", {{"services", {{"hello", service}}}});
  }
  // A package with a service that runs as a user of its own. It fails once it cannot write its data
  // or its folder in /run.
  static void InstallPackage(const TestHost& host) {
    host.MustRun(
        "systemd-sysusers --inline 'u owner - - /' && mkdir -p /var/lib/hello && "
        "echo 'd /run/hello 0710 owner owner' >/usr/lib/tmpfiles.d/hello.conf && "
        "systemd-tmpfiles --create hello.conf && echo data >/var/lib/hello/data && "
        "chown -R owner: /var/lib/hello && chmod 0750 /var/lib/hello && "
        "printf '[Service]\\nUser=owner\\nExecStart=sh -c \"while echo x >>/var/lib/hello/data && "
        "echo x >/run/hello/x; do sleep 0.1; done; exit 1\"\\n' "
        ">/usr/lib/systemd/system/hello.service && systemctl daemon-reload && "
        "systemctl start hello.service");
  }
  static std::string Folders(const TestHost& host) {
    return host.MustRun(
        "stat -c '%n %F %U:%G %a' /var/lib/hello /var/lib/hello/data /run/hello; "
        "ls /var/lib/private 2>/dev/null || true");
  }
  static void ExpectPackageRuns(const TestHost& host) {
    EXPECT_EQ(host.MustRun("size=$(stat -c %s /var/lib/hello/data); "
                           "until [ $(stat -c %s /var/lib/hello/data) -gt $((size + 4)) ] || "
                           "! systemctl is-active --quiet hello; do sleep 0.1; done; "
                           "systemctl show -p User -p ActiveState hello | sort"),
              "ActiveState=active\nUser=owner\n");
  }

  Workshop workshop_;
};

TEST_P(MovingTest, DataOfAnotherUserIsNotTakenOver) {
  const std::string dynamic = Hello({{"state", true}});
  const std::string broken = Hello(
      {{"state", true}, {"runtime", true}, {"user", "owner"}, {"exec", {"/usr/bin/httpd", "-?"}}});
  const std::string good = Hello({{"state", true}, {"runtime", true}, {"user", "owner"}});
  const TestHost host("moving", {GetParam(), ""});
  InstallPackage(host);
  ExpectPackageRuns(host);
  const std::string before = Folders(host);

  MustPushTo(host, {dynamic});
  const RunResult refused = Activate(host, "--latest --adopt");
  EXPECT_EQ(refused.exit_code, 1) << refused.err;
  EXPECT_THAT(refused.err, HasSubstr("/var/lib/hello belongs to the user owner, and service hello, "
                                     "which runs as a dynamic user, would take it over"));
  EXPECT_EQ(Folders(host), before);
  ExpectPackageRuns(host);

  MustPushTo(host, {broken});
  const RunResult back = Activate(host, "--latest --adopt");
  EXPECT_EQ(back.exit_code, 3) << back.err;
  EXPECT_EQ(Folders(host), before);
  ExpectPackageRuns(host);

  MustPushTo(host, {good});
  MustActivate(host, "--latest --adopt");
  EXPECT_THAT(Page(host, "http://127.0.0.1:8080/"), HasSubstr("hello v1"));
  MustActivate(host, "remove hello");
  host.MustRun("systemd-tmpfiles --create hello.conf && systemctl start hello.service");
  ExpectPackageRuns(host);
}

// From a user of the host to a dynamic one, and back, without another's help.
TEST_P(MovingTest, AServiceChangesItsUserAndGoesBack) {
  const std::string named = Hello({{"state", true}, {"user", "owner"}});
  const std::string dynamic = Hello({{"state", true}});
  const std::string broken = Hello({{"state", true}, {"exec", {"/usr/bin/httpd", "-?"}}});
  const TestHost host("user", {GetParam(), ""});
  MustPushTo(host, {named});
  MustActivate(host, "--latest");
  host.MustRun("echo data >/var/lib/hello/data && chown owner: /var/lib/hello/data");
  const std::string before =
      host.MustRun("stat -c '%n %F %U:%G %a' /var/lib/hello /var/lib/hello/data");
  MustPushTo(host, {broken});
  EXPECT_EQ(Activate(host, "--latest").exit_code, 3);
  EXPECT_EQ(host.MustRun("stat -c '%n %F %U:%G %a' /var/lib/hello /var/lib/hello/data"), before);
  MustPushTo(host, {dynamic});
  MustActivate(host, "--latest");
  EXPECT_EQ(host.MustRun("readlink /var/lib/hello"), "private/hello\n");
  MustActivate(host, "--rollback");
  EXPECT_EQ(host.MustRun("stat -c '%n %F %U:%G %a' /var/lib/hello /var/lib/hello/data"), before);
}

// While the service runs, its dynamic user has the name that the named one gets.
TEST_P(MovingTest, ADynamicUserBecomesANamedOneOfTheSameName) {
  const std::string dynamic = Hello({{"state", true}});
  const std::string named = Hello({{"state", true}, {"user", "hello"}});
  const TestHost host("named", {GetParam(), ""});
  MustPushTo(host, {dynamic});
  MustActivate(host, "--latest");
  host.MustRun("echo data >/var/lib/hello/data && getent passwd hello");
  MustPushTo(host, {named});
  MustActivate(host, "--latest");
  EXPECT_EQ(host.MustRun("stat -c '%F %U' /var/lib/hello; grep -c ^hello: /etc/passwd; "
                         "cat /var/lib/hello/data"),
            "directory hello\n1\ndata\n");
  EXPECT_THAT(Page(host, "http://127.0.0.1:8080/"), HasSubstr("hello v1"));
}

// As two images of the same maker do: 65532, 1000.
TEST_P(MovingTest, SeveralUnitsRunAsOneNumber) {
  const json as_number = {{"Service", {{"User", "65532"}, {"Group", "65532"}}}};
  const json other = {{"exec", {"/usr/bin/httpd", "-f", "-p", "8081", "-h", "/srv/www"}},
                      {"directives", as_number},
                      {"health", {{"exec", {"/bin/true"}}}}};
  const std::string image =
      workshop_.Build("hello", "hello",
                      {{"contents", {{"symlinks", {{"/bin/true", "{out}/bin/httpd"}}}}},
                       {"services", {{"hello", {{"directives", as_number}}}, {"other", other}}}});
  const TestHost host("number", {GetParam(), ""});
  MustPushTo(host, {image});
  MustActivate(host, "--latest");
  for (const char* unit : {"hello", "other"}) {
    EXPECT_THAT(host.MustRun(std::string("cat /proc/$(systemctl show -p MainPID --value ") + unit +
                             ")/status"),
                testing::AllOf(HasSubstr("Uid:\t65532\t65532"), HasSubstr("Gid:\t65532\t65532")));
  }
  host.Reboot();
  EXPECT_EQ(host.MustRun("systemctl is-active hello other"), "active\nactive\n");
  MustActivate(host, "status");
}

TEST_P(MovingTest, TheJournalHasNoComplaintAboutUnitsThatComeAndGo) {
  const std::string hello = Hello(json::object());
  const std::string nginx = workshop_.Build("nginx", "v1");
  const TestHost host("journal", {GetParam(), ""});
  MustPushTo(host, {hello});
  MustActivate(host, "--latest");
  MustPushTo(host, {nginx});
  MustActivate(host, "--latest");
  MustActivate(host, "remove hello");
  MustActivate(host, "--rollback");
  MustActivate(host, "remove hello nginx");
  host.MustRun("journalctl --sync");
  EXPECT_EQ(host.Run("journalctl --no-pager -o cat | grep -E 'hello|nginx' | "
                     "grep -iE 'failed to (open|load)|no such file'")
                .out,
            "");
}

INSTANTIATE_TEST_SUITE_P(OfDebian, MovingTest, testing::Values("bookworm", "trixie", "forky"));

}  // namespace
}  // namespace tests

// What units make of a service on real hosts: sockets that stay open, timers, hardening, users.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "base/atomic_file.h"
#include "tests/e2e/scene.h"

namespace tests {
namespace {

using testing::HasSubstr;
using testing::Not;

// nginx behind a socket of systemd's; NGINX= names the sockets that it inherits, and SIGQUIT lets
// it finish what it has begun.
nlohmann::json BehindSocket() {
  return {{"ports", nlohmann::json::array()},
          {"listen", {"0.0.0.0:80"}},
          {"environment", {{"NGINX", "3;"}}},
          {"directives", {{"Service", {{"KillSignal", "SIGQUIT"}, {"NonBlocking", "yes"}}}}}};
}

nlohmann::json Nginx(const nlohmann::json& service) { return {{"services", {{"nginx", service}}}}; }

// Asks for the page again and again, each time by a connection of its own, until told to stop.
class Requests {
 public:
  Requests(const TestHost& host, std::string folder) : folder_(std::move(folder)) {
    asking_ = std::thread([this, &host] {
      result_ = host.Net(
          {"bash", "-c",
           "until [ -e " + folder_ +
               "/stop ]; do curl --silent --show-error --output /dev/null --max-time 20 --header "
               "'Connection: close' --write-out '%{http_code}\\n' 'http://127.0.0.1/?[1-10]'; "
               "done"},
          {.timeout = std::chrono::seconds(300)});
    });
  }
  ~Requests() { Stop(); }
  Requests(const Requests&) = delete;
  Requests& operator=(const Requests&) = delete;

  const RunResult& Stop() {
    if (asking_.joinable()) {
      base::WriteFileAtomically(folder_ + "/stop", "");
      asking_.join();
      base::Unlink(folder_ + "/stop");
    }
    return result_;
  }
  // How many were answered, and a line for each that was not answered by 200.
  static std::pair<size_t, std::string> Count(const RunResult& result) {
    size_t answered = 0;
    std::string others;
    for (size_t at = 0; at < result.out.size();) {
      const size_t end = std::min(result.out.find('\n', at), result.out.size());
      const std::string line = result.out.substr(at, end - at);
      if (line == "200") {
        ++answered;
      } else {
        others += line + "\n";
      }
      at = end + 1;
    }
    return {answered, others + result.err};
  }

 private:
  const std::string folder_;
  std::thread asking_;
  RunResult result_;
};

class UnitsTest : public testing::TestWithParam<const char*> {
 protected:
  Workshop workshop_;
};

TEST_P(UnitsTest, NoConnectionIsRefusedWhileAServiceBehindASocketIsSwitched) {
  const std::string v1 = workshop_.Build("nginx", "v1", Nginx(BehindSocket()));
  const std::string v2 = workshop_.Build("nginx", "v2", Nginx(BehindSocket()));
  const TestHost host("sockets", {GetParam(), ""});
  MustActivate(host, "--generation " + std::to_string(MustPushTo(host, {v1}).generation));
  EXPECT_THAT(Page(host), HasSubstr("v1"));
  const std::string socket = host.MustRun("systemctl show -p InvocationID nginx.socket");
  MustActivate(host, "--generation " + std::to_string(MustPushTo(host, {v2}).generation));
  EXPECT_THAT(Page(host), HasSubstr("v2"));

  Requests requests(host, workshop_.folder());
  for (const char* which : {"1", "2", "1", "2"}) {
    MustActivate(host, std::string("--generation ") + which);
  }
  const RunResult& result = requests.Stop();
  const auto [answered, others] = Requests::Count(result);
  EXPECT_EQ(others, "");
  EXPECT_GT(answered, 20U);
  EXPECT_EQ(host.MustRun("systemctl show -p InvocationID nginx.socket"), socket);

  // A version that cannot start: the way back keeps the socket, too.
  nlohmann::json broken = BehindSocket();
  broken["exec"] = {"/usr/bin/nginx", "-c", "/does/not/exist"};
  const Push bad = MustPushTo(host, {workshop_.Build("nginx", "v1", Nginx(broken))});
  EXPECT_EQ(Activate(host, "--generation " + std::to_string(bad.generation)).exit_code, 3);
  EXPECT_THAT(Page(host), HasSubstr("v2"));

  // Another address is a changed socket.
  nlohmann::json two = BehindSocket();
  two["listen"] = {"0.0.0.0:80", "127.0.0.1:8080"};
  const Push more = MustPushTo(host, {workshop_.Build("nginx", "v1", Nginx(two))});
  MustActivate(host, "--generation " + std::to_string(more.generation));
  EXPECT_THAT(Page(host), HasSubstr("v1"));
  EXPECT_THAT(host.MustRun("systemctl show -p Listen nginx.socket"), HasSubstr("127.0.0.1:8080"));

  host.Reboot();
  EXPECT_THAT(Page(host), HasSubstr("v1"));
  MustActivate(host, "--rollback");
  EXPECT_THAT(Page(host), HasSubstr("v2"));
  EXPECT_THAT(host.MustRun("systemctl show -p Listen nginx.socket"), Not(HasSubstr("8080")));
}

// "1.6" of "Overall exposure level for nginx.service: 1.6 OK".
double Exposure(const TestHost& host, const std::string& unit) {
  const std::string text =
      host.MustRun("systemd-analyze security --no-pager " + unit + " 2>&1 | tail -n 1");
  const std::string before = unit + ": ";
  const size_t at = text.find(before);
  return at == std::string::npos ? 10.0 : std::stod(text.substr(at + before.size()));
}

TEST_P(UnitsTest, EveryProfileRunsNginxAndStrictScoresAtMostTwo) {
  const TestHost host("profiles", {GetParam(), ""});
  for (const char* profile : {"none", "standard", "strict"}) {
    const Push push =
        MustPushTo(host, {workshop_.Build("nginx", "v1", Nginx({{"hardening", profile}}))});
    MustActivate(host, "--generation " + std::to_string(push.generation));
    EXPECT_THAT(Page(host), HasSubstr("v1")) << profile;
  }
  const double exposure = Exposure(host, "nginx.service");
  RecordProperty("exposure", std::to_string(exposure));
  EXPECT_LE(exposure, 2.0);
}

// Two services of one image: nginx as a user of the host, and a oneshot that a timer starts.
TEST_P(UnitsTest, ANamedUserIsMadeAndATimerStartsItsService) {
  const nlohmann::json job = {{"exec", {"/usr/bin/nginx", "-v"}}, {"schedule", "daily"}};
  nlohmann::json patch = Nginx({{"user", "slipway-www"}, {"state", true}});
  patch["services"]["job"] = job;
  const std::string image = workshop_.Build("nginx", "v1", patch);
  const TestHost host("users", {GetParam(), ""});
  MustActivate(host, "--generation " + std::to_string(MustPushTo(host, {image}).generation));
  EXPECT_THAT(Page(host), HasSubstr("v1"));
  const std::string pid = "$(systemctl show -p MainPID --value nginx.service)";
  EXPECT_EQ(host.MustRun("stat -c %U /proc/" + pid), "slipway-www\n");
  EXPECT_EQ(host.MustRun("stat -c %U /var/lib/nginx"), "slipway-www\n");
  EXPECT_EQ(host.MustRun("grep slipway-www /etc/passwd"),
            host.MustRun("grep slipway-www /proc/" + pid + "/root/etc/passwd"));
  EXPECT_EQ(host.MustRun("systemctl is-active job.timer"), "active\n");
  EXPECT_EQ(host.MustRun("systemctl show -p InvocationID job.service"), "InvocationID=\n");
  host.MustRun("systemctl start job.service");
  EXPECT_EQ(host.MustRun("systemctl show -p Result --value job.service"), "success\n");
  EXPECT_EQ(host.MustRun("systemctl show -p ActiveState --value job.service"), "inactive\n");

  host.Reboot();
  EXPECT_THAT(Page(host), HasSubstr("v1"));
  EXPECT_EQ(host.MustRun("systemctl is-active job.timer"), "active\n");
}

TEST_P(UnitsTest, APortThatIsTakenAndAPackagesUnitAreSaidBeforeAnythingIsTouched) {
  const std::string image = workshop_.Build("nginx", "v1");
  const TestHost host("taken", {GetParam(), ""});
  const std::string number = "--generation " + std::to_string(MustPushTo(host, {image}).generation);
  host.MustRun(
      "systemd-run --unit=squatter systemd-socket-activate -l 80 cat && until grep -q ':0050' "
      "/proc/net/tcp6; do sleep 0.1; done");
  RunResult result = Activate(host, number);
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("port 80, which service nginx needs, is taken by "
                                    "squatter.service (systemd-socket"));
  host.MustRun("systemctl stop squatter.service");

  host.MustRun(
      "printf '[Service]\\nExecStart=sleep infinity\\n' >/usr/lib/systemd/system/nginx.service && "
      "systemctl daemon-reload && systemctl start nginx.service");
  result = Activate(host, number);
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("this host has a unit nginx.service already"));
  EXPECT_EQ(host.MustRun("systemctl is-active nginx.service"), "active\n");
  const Push bad = MustPushTo(
      host,
      {workshop_.Build("nginx", "v1", Nginx({{"exec", {"/usr/bin/nginx", "-c", "/no/such"}}}))});
  EXPECT_EQ(Activate(host, "--adopt --generation " + std::to_string(bad.generation)).exit_code, 3);
  EXPECT_THAT(host.MustRun("systemctl show -p ActiveState,ExecStart nginx.service"),
              testing::AllOf(HasSubstr("ActiveState=active"), HasSubstr("sleep infinity")));
  MustActivate(host, "--adopt " + number);
  EXPECT_THAT(Page(host), HasSubstr("v1"));
}

// The service has them; nothing of ours does. The bracket keeps the search from finding itself.
TEST(SecretsTest, AreInTheirFilesAndTheServiceAlone) {
  Workshop workshop;
  const nlohmann::json service = {{"credentials", {{"key", "/etc/slipway/secrets/key"}}},
                                  {"environment_file", "/etc/slipway/secrets/env"}};
  const TestHost host("secrets");
  host.MustRun(
      "mkdir -p /etc/slipway/secrets && cd /etc/slipway/secrets && umask 077 && "
      "printf 'hush-%s' 4711 >key && printf 'HUSH=hush-%s\\n' 4711 >env");
  MustPushTo(host, {workshop.Build("hello", "hello", {{"services", {{"hello", service}}}})});
  MustActivate(host, "--latest");
  EXPECT_EQ(host.MustRun("cat /run/credentials/hello.service/key"), "hush-4711");
  EXPECT_THAT(host.MustRun("tr '\\0' '\\n' </proc/$(systemctl show -p MainPID --value "
                           "hello.service)/environ"),
              HasSubstr("HUSH=hush-4711\n"));
  nlohmann::json bad = service;
  bad["exec"] = {"/usr/bin/httpd", "-f", "-h", "/no/such"};
  MustPushTo(host, {workshop.Build("hello", "hello", {{"services", {{"hello", bad}}}})});
  const RunResult failed = Activate(host, "--latest");
  EXPECT_EQ(failed.exit_code, 3) << failed.err;
  EXPECT_THAT(failed.err, Not(HasSubstr("hush-4711")));
  host.MustRun("journalctl --sync");
  const RunResult found = host.Run(
      "{ grep -rls --exclude=image.erofs 'hush-[4]711' /var/lib/images /etc/systemd /run/systemd; "
      "journalctl --no-pager -o export | grep -a 'hush-[4]711'; "
      "cat /proc/[0-9]*/cmdline | grep -ac 'hush-[4]711'; } 2>&1");
  EXPECT_EQ(found.out, "0\n");
}

INSTANTIATE_TEST_SUITE_P(OfDebian, UnitsTest, testing::Values("bookworm", "trixie", "forky"));

}  // namespace
}  // namespace tests

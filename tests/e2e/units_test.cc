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

INSTANTIATE_TEST_SUITE_P(OfDebian, UnitsTest, testing::Values("bookworm", "trixie", "forky"));

}  // namespace
}  // namespace tests

// A channel in a real object store, and real hosts of several releases of systemd that pull from it
// by their timers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <thread>

#include "tests/e2e/applications.h"
#include "tests/e2e/signed_scene.h"
#include "tests/support/servers.h"

namespace tests {
namespace {

using nlohmann::json;
using testing::HasSubstr;

// Lets hosts, each in a network of its own, reach a port of this machine as 127.0.0.1 has it.
class Door : public Server {
 public:
  Door(const std::string& folder, const std::string& port, const std::vector<std::string>& hosts)
      : Server(CommandFor(folder, port, hosts)) {}

 private:
  static std::vector<std::string> CommandFor(const std::string& folder, const std::string& port,
                                             const std::vector<std::string>& hosts) {
    std::vector<std::string> out = {"/bin/bash", "-euc", R"(
      socket=$1/door port=$2
      shift 2
      trap 'kill $(jobs -p)' EXIT
      rm -f "$socket"
      socat "UNIX-LISTEN:$socket,fork" "TCP:127.0.0.1:$port" &
      for host; do
        nsenter --net="$host/netns" socat "TCP-LISTEN:$port,bind=127.0.0.1,fork,reuseaddr" \
          "UNIX-CONNECT:$socket" &
      done
      for host; do
        until nsenter --net="$host/netns" bash -c ": </dev/tcp/127.0.0.1/$port"; do sleep 0.1; done
      done 2>/dev/null
      echo open
      cat)", "door", folder, port};
    out.insert(out.end(), hosts.begin(), hosts.end());
    return out;
  }
};

class ChannelFleetTest : public SignedScene {
 protected:
  ChannelFleetTest() {
    std::string config;
    std::vector<std::string> folders;
    for (const char* suite : {"bookworm", "trixie", "forky"}) {
      hosts_.push_back(std::make_unique<TestHost>(std::string("on-") + suite,
                                                  TestHostOptions{.suite = suite, .disk = ""}));
      names_.push_back(hosts_.back()->Name());
      folders.push_back(hosts_.back()->Dir());
      config += base::ReadFile(hosts_.back()->SshConfig()) + "\n";
    }
    Write("ssh_config", config);
    Write("credentials", "aws_access_key_id = " + ceph_.KeyId() +
                             "\naws_secret_access_key = " + ceph_.Secret() + "\n");
    std::filesystem::permissions(At("credentials"), std::filesystem::perms::owner_read);
    open_ = [this, folders] {
      const std::string port = ceph_.Endpoint().substr(ceph_.Endpoint().rfind(':') + 1);
      door_ = std::make_unique<Door>(workshop_.folder(), port, folders);
    };
    open_();
  }

  RunResult Push(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), SLIPWAY_BIN "/imgpush");
    return RunCommand(arguments, {.env = {"SLIPWAY_SSH=ssh -F " + At("ssh_config"),
                                          "AWS_SHARED_CREDENTIALS_FILE=" + At("credentials"),
                                          "AWS_ENDPOINT_URL_S3=" + ceph_.Endpoint()},
                                  .timeout = std::chrono::minutes(3)});
  }
  std::string MustPush(const std::vector<std::string>& arguments) const {
    const RunResult out = Push(arguments);
    if (out.exit_code != 0) {
      throw std::runtime_error(Describe(arguments, out));
    }
    return out.out;
  }
  std::vector<std::string> OfHosts(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), names_.begin(), names_.end());
    return arguments;
  }

  // Version X of the application.
  void Publish(const std::string& x, json service = {}) {
    service["environment"] = {{"X", x}};
    service["health"] = {{"settle_seconds", 1}, {"timeout_seconds", 5}};
    const std::string image = applications_.Build("app", service);
    Sign(image, "alice");
    MustPush({"publish", "--key", At("alice"), "s3://apps", "web", image});
  }
  // What each host's unit has; "" where there is none.
  std::multiset<std::string> Running() const {
    std::multiset<std::string> out;
    for (const auto& host : hosts_) {
      out.insert(host->Run("systemctl is-active --quiet app && systemctl show app -P Environment | "
                           "grep -o 'X=[0-9]*'")
                     .out);
    }
    return out;
  }
  bool AllRun(const std::string& x) const {
    return Running().count("X=" + x + "\n") == hosts_.size();
  }
  // What the hosts report of the channel.
  bool AllReport(const std::string& result, uint64_t version) const {
    const json status = json::parse(MustPush({"channel", "status", "--json", "s3://apps"}));
    return static_cast<size_t>(std::ranges::count_if(status, [&](const json& host) {
             const json& web = host.at("channels").at("web");
             return web.at("result") == result && web.at("seen").at("version") == version;
           })) == hosts_.size();
  }
  static bool Within(std::chrono::seconds limit, const std::function<bool()>& is_so) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!is_so()) {
      if (std::chrono::steady_clock::now() > end) {
        return false;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(500));
    }
    return true;
  }
  std::string Generations() const {
    std::string out;
    for (const auto& host : hosts_) {
      out += host->MustRun("ls -x /var/lib/images/generations; readlink /var/lib/images/current");
    }
    return out;
  }

  const CephHost ceph_{{"apps"}};
  std::vector<std::unique_ptr<TestHost>> hosts_;
  std::vector<std::string> names_;
  Applications applications_;
  std::function<void()> open_;
  std::unique_ptr<Door> door_;
};

TEST_F(ChannelFleetTest, TheyFollowItByTheirTimers) {
  constexpr std::chrono::seconds kLong(120);
  Publish("1");
  MustPush(OfHosts({"channel", "enroll", "--trust", At("trust"), "--yes", "--credentials",
                    At("credentials"), "--endpoint", ceph_.Endpoint(), "--every", "*:*:0/4",
                    "--random-delay", "0", "s3://apps", "web"}));
  EXPECT_TRUE(Within(kLong, [&] { return AllRun("1"); })) << testing::PrintToString(Running());
  EXPECT_TRUE(Within(kLong, [&] { return AllReport("active", 1); }));

  Publish("2");
  EXPECT_TRUE(Within(kLong, [&] { return AllRun("2"); })) << testing::PrintToString(Running());

  // Unhealthy: each goes back by itself, says so, and does not try it again.
  Publish("3", {{"exec", {"/bin/actor", "exit", "0", "7", "gave up"}}});
  EXPECT_TRUE(Within(kLong, [&] { return AllReport("rolled-back", 3); }));
  EXPECT_TRUE(AllRun("2"));
  const std::string after_going_back = Generations();
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(Push(OfHosts({"channel", "poke"})).exit_code, 3);
  }
  EXPECT_EQ(Generations(), after_going_back);

  // The operator goes back for all, then on.
  MustPush({"channel", "rollback", "--key", At("alice"), "s3://apps", "web"});
  EXPECT_TRUE(Within(kLong, [&] { return AllReport("active", 4); }));
  EXPECT_TRUE(AllRun("2"));

  // The store is away: everything runs on, and who asks is told.
  door_.reset();
  // 5, or 1 where the next poll has begun when the result of this one is read: the polls take
  // longer than the timer's 4 s.
  const RunResult away = Push(OfHosts({"channel", "poke"}));
  EXPECT_THAT(away.exit_code, testing::AnyOf(5, 1)) << away.out << away.err;
  EXPECT_TRUE(AllRun("2"));
  open_();
  Publish("5");
  EXPECT_TRUE(Within(kLong, [&] { return AllRun("5"); })) << testing::PrintToString(Running());

  MustPush(OfHosts({"channel", "enroll", "--remove"}));
  for (const auto& host : hosts_) {
    EXPECT_EQ(host->Run("ls /etc/systemd/system/slipway-pull.timer").exit_code, 2);
  }
  EXPECT_TRUE(AllRun("5"));
}

}  // namespace
}  // namespace tests

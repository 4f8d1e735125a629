// A real host whose root lets somebody deploy one application: real sshd, real keys, a forced
// command.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/atomic_file.h"
#include "tests/e2e/signed_scene.h"

namespace tests {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kGateProgram = "/usr/local/lib/slipway/activate";

class GateTest : public SignedScene {
 protected:
  // A host where hello and db run, and a login that is alice's gate.
  void SetUp() override {
    first_ = BuildHello("1");
    db_ = BuildDb("1");
    Sign(first_, "alice");
    Sign(db_, "alice");
    MustPushTo(host_, {first_, db_});
    ASSERT_EQ(SetTrust(host_).exit_code, 0);
    MustPushTo(host_, {first_, db_});  // with their releases
    MustActivate(host_, "--latest");
    host_.MustRun("mkdir -p /usr/local/lib/slipway");
    host_.Copy(SLIPWAY_BIN "/activate", kGateProgram);
    MustRun({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", At("deploy")});
    host_.MustRun("cat >>~/.ssh/authorized_keys",
                  {.input = std::string("restrict,command=\"") + kGateProgram + " gate alice\" " +
                            PublicKey("deploy")});
    config_ = At("gate_config");
    base::WriteFileAtomically(
        config_, "IdentityFile " + At("deploy") + "\n" + base::ReadFile(host_.SshConfig()));
    SetGate(Gate());
  }

  static json Gate() {
    return json::parse(R"({
      "format": 1,
      "operators": {"alice": {"applications": ["hello"],
                              "may": ["push", "activate", "rollback", "report"],
                              "limits": "hello"}},
      "limits": {"hello": {"users": ["dynamic"], "hardening": ["strict"], "ports": [8080],
                           "directives": ["Service/Restart"], "max_bytes": 100000000}}})");
  }
  void SetGate(const json& gate) const {
    host_.MustRun("cat >/var/lib/images/trust/gate.json", {.input = gate.dump()});
  }

  std::string BuildDb(const std::string& value) {
    json definition = Workshop::Definition("hello", "hello");
    definition["name"] = "db";
    json service = definition["services"]["hello"];
    service["exec"] = {"/usr/bin/httpd", "-f", "-p", "8081", "-h", "/srv/www"};
    service["ports"] = {8081};
    service["environment"] = {{"X", value}};
    definition["services"] = {{"db", service}};
    workshop_.WriteDefinition("db", definition.dump());
    const RunResult built = workshop_.Imgbuild({"db"});
    EXPECT_EQ(built.exit_code, 0) << built.err;
    return built.out.substr(0, built.out.find('\n'));
  }
  std::string BuildSignedHello(const std::string& value) {
    std::string out = BuildHello(value);
    Sign(out, "alice");
    return out;
  }

  RunResult GatePush(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"--gate", host_.Name()});
    return Imgpush(config_, arguments);
  }
  RunResult GateActivate(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {SLIPWAY_BIN "/activate", "--host", host_.Name(), "--gate",
                                         "--ssh", "ssh -F " + config_});
    return RunCommand(arguments, {.timeout = std::chrono::seconds(120)});
  }
  // What a client asks for itself.
  RunResult Ask(const std::string& command, const std::vector<std::string>& options = {}) const {
    std::vector<std::string> words = {"ssh", "-F", config_};
    words.insert(words.end(), options.begin(), options.end());
    words.push_back(host_.Name());
    if (!command.empty()) {
      words.push_back(command);
    }
    return RunCommand(words, {.timeout = std::chrono::seconds(60)});
  }
  // A field of the last event.
  std::string Last(const std::string& field) const {
    return json::parse(host_.MustRun("tail -n 1 /var/lib/images/history.jsonl"))
        .at(field)
        .get<std::string>();
  }
  std::string State() const {
    return host_.MustRun(
        "cd /var/lib/images && readlink current && ls generations hello db && "
        "find incoming -type f ! -name lock && "
        "ls /usr/local/lib/slipway bin && systemctl show -p MainPID hello db");
  }

  const TestHost host_{"gate"};
  std::string first_;
  std::string db_;
  std::string config_;
};

TEST_F(GateTest, AliceDeploysHerApplication) {
  const std::string db_start = StartOf(host_, "db");
  const std::string agent = host_.MustRun("readlink /var/lib/images/bin/activate");
  const std::string second = BuildSignedHello("2");
  const RunResult plan = GatePush({"--plan", second});
  EXPECT_EQ(plan.exit_code, 0) << plan.err;
  EXPECT_THAT(plan.out, AllOf(HasSubstr("hello"), Not(HasSubstr("db.service"))));

  const RunResult pushed = GatePush({"--activate", "--yes", second});
  ASSERT_EQ(pushed.exit_code, 0) << pushed.out << pushed.err;
  EXPECT_THAT(host_.MustRun("tr '\\0' '\\n' </proc/$(systemctl show -p MainPID --value "
                            "hello)/environ"),
              HasSubstr("X=2"));
  EXPECT_EQ(StartOf(host_, "db"), db_start) << "another application was touched";
  EXPECT_EQ(host_.MustRun("readlink /var/lib/images/bin/activate"), agent)
      << "the host runs another program";
  EXPECT_THAT(Last("by"), testing::MatchesRegex("alice \\(gate\\) from .*"));

  const RunResult status = GateActivate({"status", "--check", "--json"});
  EXPECT_EQ(status.exit_code, 0) << status.err;
  const json report = json::parse(status.out);
  EXPECT_TRUE(report.at("generation").at("apps").contains("hello"));
  EXPECT_THAT(status.out, AllOf(HasSubstr("hello.service"), Not(HasSubstr("db.service")),
                                Not(HasSubstr("\"db\""))));
  EXPECT_THAT(GateActivate({"list"}).out, AllOf(HasSubstr("hello/"), Not(HasSubstr(" db/"))));

  const RunResult back = GateActivate({"--rollback", "hello"});
  EXPECT_EQ(back.exit_code, 0) << back.err;
  EXPECT_THAT(back.err, HasSubstr("is active and healthy"));
  EXPECT_EQ(StartOf(host_, "db"), db_start);
  // As the waves of a fleet do, with the question whether it is still well.
  const RunResult waves = GatePush({"--activate", "--yes", "--wave", "1", "--pause", "0", second});
  EXPECT_EQ(waves.exit_code, 0) << waves.err;
}

TEST_F(GateTest, NothingElseIsHers) {
  const std::string second_db = BuildDb("2");
  Sign(second_db, "alice");
  const std::string before = State();
  const RunResult other = GatePush({second_db});
  EXPECT_EQ(other.exit_code, 6);
  EXPECT_THAT(other.err, HasSubstr("gate.json does not grant application db to alice"));
  EXPECT_EQ(GatePush({BuildSignedHello("2"), second_db}).exit_code, 6);
  EXPECT_EQ(GateActivate({"--rollback", "db"}).exit_code, 6);
  EXPECT_EQ(State(), before);
  EXPECT_EQ(Last("event"), "gate-refused");

  // What root staged is not hers either, as a whole.
  const uint64_t staged = MustPushTo(host_, {second_db}).generation;
  const RunResult activated = GateActivate({"--generation", std::to_string(staged)});
  EXPECT_EQ(activated.exit_code, 6);
  EXPECT_THAT(activated.err, HasSubstr("this changes also what gate.json does not grant alice"));
  EXPECT_EQ(host_.MustRun("grep -c gate-refused /var/lib/images/history.jsonl"), "1\n")
      << "whoever is refused can fill the history";
  EXPECT_EQ(host_.MustRun("readlink /var/lib/images/current"), "generations/1\n");

  // An image of hers that asks for more, and one that nobody signed.
  const std::string greedy = workshop_.Build(
      "hello", "hello", {{"services", {{"hello", {{"hardening", "none"}, {"user", "root"}}}}}});
  Sign(greedy, "alice");
  const RunResult refused = GatePush({greedy});
  EXPECT_EQ(refused.exit_code, 6);
  EXPECT_THAT(refused.err, HasSubstr("user root; service hello: hardening none"));
  EXPECT_THAT(GatePush({BuildHello("3")}).err, HasSubstr("is not signed"));
}

TEST_F(GateTest, WhatWasTakenIsLookedAtAgainWhenItIsActivated) {
  ASSERT_EQ(GatePush({BuildSignedHello("2")}).exit_code, 0);
  json gate = Gate();
  gate["limits"]["hello"]["directives"] = json::array();
  SetGate(gate);
  const RunResult narrowed = GateActivate({"--generation", "2"});
  EXPECT_EQ(narrowed.exit_code, 6);
  EXPECT_THAT(narrowed.err, HasSubstr("directive Service/Restart"));
  SetGate(Gate());
  EXPECT_EQ(GateActivate({"--generation", "2"}).exit_code, 0);
}

TEST_F(GateTest, EachVerbIsGrantedByItself) {
  ASSERT_EQ(GatePush({"--activate", "--yes", BuildSignedHello("2")}).exit_code, 0);
  for (const std::string granted : {"push", "activate", "rollback", "report", ""}) {
    SetGate(Gate());
    const std::string other = BuildSignedHello("for " + granted);
    const RunResult pushed = GatePush({"--json", other});
    ASSERT_EQ(pushed.exit_code, 0) << pushed.err;
    const auto staged = json::parse(pushed.out).at(0).at("generation").get<uint64_t>();
    json gate = Gate();
    gate["operators"]["alice"]["may"] = json::array();
    if (!granted.empty()) {
      gate["operators"]["alice"]["may"].push_back(granted);
    }
    SetGate(gate);
    const auto code = [&](const std::string& verb) { return verb == granted ? 0 : 6; };
    EXPECT_EQ(GatePush({other}).exit_code, code("push")) << granted;
    EXPECT_EQ(GatePush({"--plan", other}).exit_code, code("push")) << granted;
    EXPECT_EQ(GateActivate({"status"}).exit_code, code("report")) << granted;
    EXPECT_EQ(GateActivate({"list"}).exit_code, code("report")) << granted;
    EXPECT_EQ(GateActivate({"--generation", std::to_string(staged)}).exit_code, code("activate"))
        << granted;
    EXPECT_EQ(GateActivate({"--rollback", "hello"}).exit_code, code("rollback")) << granted;
    EXPECT_EQ(GateActivate({"--generation", "1"}).exit_code,
              granted == "rollback" ? 0 : 6)  // the host ran it before
        << granted;
    SetGate(Gate());
    ASSERT_EQ(GateActivate({"--generation", "2"}).exit_code, 0);
  }
  json gate = Gate();
  gate["operators"].erase("alice");
  SetGate(gate);
  EXPECT_EQ(GateActivate({"status"}).exit_code, 6);
  EXPECT_THAT(GateActivate({"status"}).err, HasSubstr("names no operator alice"));
}

TEST_F(GateTest, NoShellNoFilesAndNoOtherRoot) {
  host_.MustRun(
      "printf 'AcceptEnv *\\n' >>/etc/ssh/sshd_config.d/testhost.conf && "
      "systemctl restart ssh && mkdir /tmp/evil && for name in ssh-keygen systemctl "
      "systemd-run; do printf '#!/bin/sh\\ntouch /tmp/pwned\\n' >/tmp/evil/$name; "
      "chmod 755 /tmp/evil/$name; done");
  const std::string before = State();
  const std::string id = "0123456789abcdef";
  for (const std::string& command : std::vector<std::string>{
           "touch /tmp/pwned", "sh -c 'touch /tmp/pwned'",
           "slipway-gate 8 receive; touch /tmp/pwned", "slipway-gate 8 receive\ntouch /tmp/pwned",
           "slipway-gate 8 receive $(touch /tmp/pwned)", "slipway-gate 8 receive --root /tmp",
           "slipway-gate 8 activate 1 " + id + " --root /tmp",
           "slipway-gate 8 activate --latest " + id, "slipway-gate 8 activate 1 '" + id + "'",
           "slipway-gate 8 report [\"status\",\"--root\",\"/tmp\"]",
           "slipway-gate 8 report [\"uninstall\"]", "slipway-gate 8 report [\"status\"]\n",
           "slipway-gate  8 receive", "/var/lib/images/bin/activate prune", "scp -t /tmp",
           "/usr/lib/openssh/sftp-server", "cat >/usr/local/lib/slipway/activate", ""}) {
    const RunResult result = Ask(command, {"-T"});
    EXPECT_EQ(result.exit_code, 2) << command << result.out << result.err;
    EXPECT_THAT(result.out, HasSubstr("SLIPWAY1 REFUSED ")) << command;
  }
  EXPECT_EQ(Last("event"), "gate-refused");
  const std::string shell = host_.MustRun("test -e /tmp/pwned || echo none");
  EXPECT_EQ(shell, "none\n");

  // An imgpush or activate that does not know is told, and brings no agent.
  const RunResult not_told = Imgpush(config_, {host_.Name(), first_});
  EXPECT_EQ(not_told.exit_code, 1);
  EXPECT_THAT(not_told.err, HasSubstr("this login is a gate, which runs no commands: say so with "
                                      "--gate"));
  const RunResult table = RunCommand(
      {SLIPWAY_BIN "/activate", "--host", host_.Name(), "--ssh", "ssh -F " + config_, "status"});
  EXPECT_EQ(table.exit_code, 2);
  EXPECT_THAT(table.err, HasSubstr("this login is a gate"));
  EXPECT_EQ(State(), before);

  // Nothing of the client's environment counts.
  const std::vector<std::string> environment = {
      "-o",
      "SetEnv=PATH=/tmp/evil:/usr/bin:/bin SLIPWAY_LOG=debug TMPDIR=/nowhere "
      "LD_PRELOAD=/tmp/evil/x SSH_ORIGINAL_COMMAND=true"};
  const RunResult report = Ask("slipway-gate 8 report [\"status\",\"--json\"]", environment);
  EXPECT_EQ(report.exit_code, 0) << report.out << report.err;
  EXPECT_THAT(report.err, Not(HasSubstr("debug")));
  EXPECT_EQ(Ask("slipway-gate 8 activate 1 " + id, environment).exit_code, 0);
  EXPECT_EQ(host_.MustRun("test -e /tmp/pwned || echo none"), "none\n");

  // A sender that speaks a newer protocol is greeted with what there is; an old one is told.
  EXPECT_THAT(Ask("slipway-gate 9 receive", {"-n"}).out, HasSubstr("SLIPWAY1 GATE 8"));
  EXPECT_THAT(Ask("slipway-gate 7 receive").out, HasSubstr("update the older one"));
}

TEST_F(GateTest, TheProcessThatListensIsShutIn) {
  RunCommand({"bash", "-c",
              "(sleep 20 | ssh -F " + config_ + " " + host_.Name() +
                  " 'slipway-gate 8 receive') >/dev/null 2>&1 & sleep 3"});
  const std::string found = host_.MustRun(
      "for dir in /proc/[0-9]*; do tr '\\0' ' ' <$dir/cmdline | grep -q '^/.*activate gate alice' "
      "&& echo $(sed -n 's/^\\(CapEff\\|Seccomp\\|NoNewPrivs\\):\\s*//p' $dir/status) "
      "$(ls $dir/root) $([ $(readlink $dir/ns/net) = $(readlink /proc/1/ns/net) ] || echo own "
      "network); done; true");
  EXPECT_THAT(found, HasSubstr("0000000000000000 1 2 var own network"));
  // As long as it can write to their folder, nobody else publishes from there.
  const RunResult second = GatePush({first_});
  EXPECT_EQ(second.exit_code, 5) << second.err;
  EXPECT_THAT(second.err, HasSubstr("the gate of alice is in use by a push by alice (gate)"));
}

TEST_F(GateTest, WithoutTrustAndAFileOfRootsTheGateIsShut) {
  host_.MustRun("chmod g+w /var/lib/images/trust/gate.json");
  EXPECT_NE(GateActivate({"status"}).exit_code, 0);
  host_.MustRun("chmod g-w /var/lib/images/trust/gate.json");
  EXPECT_EQ(GateActivate({"status"}).exit_code, 0);
  host_.MustRun("rm /var/lib/images/trust/gate.json");
  EXPECT_EQ(GateActivate({"status"}).exit_code, 6);
  host_.MustRun("rm -r /var/lib/images/trust");
  const RunResult off = GatePush({BuildSignedHello("2")});
  EXPECT_EQ(off.exit_code, 6);
  EXPECT_THAT(off.err, HasSubstr("a gate is for signed images alone"));
}

}  // namespace
}  // namespace tests

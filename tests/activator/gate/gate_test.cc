#include "activator/gate/gate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "activator/trust/set_trust.h"
#include "base/atomic_file.h"
#include "base/error.h"
#include "base/file.h"
#include "tests/activator/gate/sample_gate.h"
#include "tests/images/release/signing.h"

namespace activator {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

std::string WhyNot(const json& gate) {
  return tests::WhyRefused([&] { Gate::Parse(gate.dump(), "gate.json"); });
}

TEST(GateTest, SaysWhoMayDoWhat) {
  const Gate gate = Gate::Parse(tests::SampleGate().dump(), "gate.json");
  const GateOperator& alice = gate.operators.at("alice");
  EXPECT_EQ(alice.name, "alice");
  EXPECT_THAT(alice.applications, ElementsAre("web"));
  EXPECT_THAT(alice.may, ElementsAre(Verb::kPush, Verb::kActivate, Verb::kRollback, Verb::kReport));
  EXPECT_THAT(alice.limits.users, ElementsAre("dynamic"));
  EXPECT_THAT(alice.limits.credentials, ElementsAre("/etc/slipway/secrets/web/"));
  EXPECT_THAT(alice.limits.ports, ElementsAre(80U));
  EXPECT_EQ(alice.limits.max_bytes, 2000000000U);
}

TEST(GateTest, WhatIsAbsentIsForbidden) {
  const Gate gate = Gate::Parse(
      R"({"format":1,"operators":{"bob":{"limits":"none"}},"limits":{"none":{"max_bytes":1}}})",
      "gate.json");
  const GateOperator& bob = gate.operators.at("bob");
  EXPECT_TRUE(bob.applications.empty());
  EXPECT_TRUE(bob.may.empty());
  EXPECT_EQ(bob.limits, (GateLimits{{}, {}, {}, {}, {}, {}, {}, 1}));
}

TEST(GateTest, EveryOtherFieldIsRefused) {
  for (const char* place : {"", "/operators/alice", "/limits/web"}) {
    json gate = tests::SampleGate();
    gate[json::json_pointer(place)]["unknown"] = true;
    EXPECT_THAT(WhyNot(gate), HasSubstr("unknown")) << place;
  }
}

TEST(GateTest, EveryWrongValueIsRefused) {
  const std::vector<std::pair<const char*, json>> wrong = {
      {"/format", 2},
      {"/format", "1"},
      {"/operators", json::array()},
      {"/operators/alice", json::array()},
      {"/operators/alice/applications", {"../web"}},
      {"/operators/alice/applications", "web"},
      {"/operators/alice/applications", {1}},
      {"/operators/alice/may", {"Push"}},
      {"/operators/alice/may", {"*"}},
      {"/operators/alice/limits", "other"},
      {"/operators/alice/limits", nullptr},
      {"/operators/..~1alice", {{"limits", "web"}}},
      {"/limits/web/users", {1}},
      {"/limits/web/hardening", {"weak"}},
      {"/limits/web/binds", {"srv"}},
      {"/limits/web/binds", {"/srv/../etc"}},
      {"/limits/web/binds", {"/"}},
      {"/limits/web/credentials", {""}},
      {"/limits/web/directives", {"LimitNOFILE"}},
      {"/limits/web/directives", {"Service/"}},
      {"/limits/web/directives", {"/LimitNOFILE"}},
      {"/limits/web/ports", {0}},
      {"/limits/web/ports", {65536}},
      {"/limits/web/ports", {-1}},
      {"/limits/web/ports", {"80"}},
      {"/limits/web/max_bytes", 0},
      {"/limits/web/max_bytes", -1},
      {"/limits/web/max_bytes", nullptr},
  };
  for (const auto& [place, value] : wrong) {
    json gate = tests::SampleGate();
    gate[json::json_pointer(place)] = value;
    EXPECT_THAT(WhyNot(gate), HasSubstr("gate.json")) << place << " " << value;
  }
  for (const char* field : {"/format", "/operators/alice/limits", "/limits/web/max_bytes"}) {
    json gate = tests::SampleGate();
    gate = gate.patch({{{"op", "remove"}, {"path", field}}});
    EXPECT_THAT(WhyNot(gate), HasSubstr("gate.json")) << field;
  }
  EXPECT_THAT(tests::WhyRefused([] { Gate::Parse("{", "gate.json"); }), HasSubstr("gate.json"));
}

class LoadOperatorTest : public testing::Test {
 protected:
  LoadOperatorTest() { base::MakeDirectories(layout_.root()); }
  std::string WhyNotLoaded(const std::string& name = "alice") const {
    return tests::WhyRefused([&] { LoadOperator(layout_, name); });
  }
  void MakeTrust() const { SetTrust(layout_, tests::Keys(MakeKeys()).TrustIn({"alice"}, 1)); }
  void WriteGate(const std::string& text) const {
    base::WriteFileAtomically(GateFile(layout_), text);
  }

  const base::TemporaryDirectory scratch_{"/tmp", "gate-"};
  const images::HostLayout layout_{scratch_.path() + "/root"};

 private:
  std::string MakeKeys() const {
    base::MakeDirectories(scratch_.path() + "/keys");
    return scratch_.path() + "/keys";
  }
};

TEST_F(LoadOperatorTest, WithoutTrustThereIsNoGate) {
  EXPECT_THAT(WhyNotLoaded(), HasSubstr("a gate is for signed images alone"));
  base::MakeDirectories(layout_.Trust());
  WriteGate(tests::SampleGate().dump());
  EXPECT_NE(WhyNotLoaded(), "");  // trust that is broken
}

TEST_F(LoadOperatorTest, OnlyAnOperatorOfAFileThatIsRootsIsLet) {
  MakeTrust();
  EXPECT_THAT(WhyNotLoaded(), HasSubstr("gate.json is not there"));
  WriteGate(tests::SampleGate().dump());
  EXPECT_EQ(LoadOperator(layout_, "alice").name, "alice");
  EXPECT_THAT(WhyNotLoaded("mallory"), HasSubstr("names no operator mallory"));
  const std::string path = GateFile(layout_);
  for (const mode_t mode : {mode_t{0664}, mode_t{0646}}) {
    ASSERT_EQ(::chmod(path.c_str(), mode), 0);
    EXPECT_THAT(WhyNotLoaded(), HasSubstr("others than root could change"));
  }
  ASSERT_EQ(::chmod(path.c_str(), 0640), 0);
  EXPECT_EQ(WhyNotLoaded(), "");
  if (::geteuid() == 0) {
    ASSERT_EQ(::chown(path.c_str(), 1000, 0), 0);
    EXPECT_THAT(WhyNotLoaded(), HasSubstr("others than root could change"));
  }
  std::filesystem::rename(path, path + ".there");
  std::filesystem::create_symlink(path + ".there", path);
  EXPECT_NE(WhyNotLoaded(), "");
}

}  // namespace
}  // namespace activator

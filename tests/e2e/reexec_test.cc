// systemd executes itself anew in the middle of a switch, as apt has it do when systemd or libc is
// upgraded: at each step, and a moment after it. The agent is a build of activate that runs a
// program after each step.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "images/version/image_directory.h"
#include "tests/e2e/applications.h"

namespace tests {
namespace {

class ReexecTest : public testing::TestWithParam<const char*> {};

TEST_P(ReexecTest, NoStepOfASwitchNotices) {
  Applications applications;
  const nlohmann::json health = {{"settle_seconds", 0}};
  const auto version = [&](const std::string& name, const std::string& port, bool logs) {
    return applications.Build(name, {{"exec", {"/bin/actor", "serve", port, "0", "hello"}},
                                     {"logs", logs},
                                     {"health", health}});
  };
  // One that does not stop at once: its jobs are there when systemd goes.
  const auto slow = [&](bool logs) {
    return applications.Build("slow", {{"exec", {"/bin/actor", "stubborn"}},
                                       {"logs", logs},
                                       {"directives", {{"Service", {{"TimeoutStopSec", "1"}}}}},
                                       {"health", health}});
  };
  const std::vector<std::string> one = {version("app", "8080", false), slow(false)};
  const std::vector<std::string> two = {version("app", "8080", true), slow(true)};
  const TestHost host("reexec", {.suite = GetParam(), .disk = ""});
  ASSERT_EQ(PushAndActivate(host, one, SLIPWAY_KILLED_AGENT).exit_code, 0);
  MustPushTo(host, two, SLIPWAY_KILLED_AGENT);
  int generation = 2;
  for (int step = 1; step <= 8; ++step) {
    for (const char* delay : {"", "sleep 0.02; ", "sleep 0.3; "}) {
      SCOPED_TRACE(std::to_string(step) + delay);
      const std::string how = std::string(delay).empty() ? "" : " &";
      host.MustRun("printf '#!/bin/sh\\n[ $1 != " + std::to_string(step) + " ] || (" + delay +
                   "systemctl daemon-reexec) >/dev/null 2>&1" + how +
                   "\\nexit 0\\n' >/run/slipway-test-step && chmod +x /run/slipway-test-step");
      const RunResult result = Activate(host, "--generation " + std::to_string(generation));
      EXPECT_EQ(result.exit_code, 0) << result.err;
      const std::vector<std::string>& images = generation == 1 ? one : two;
      for (const std::string& image : images) {
        const images::ImageDirectory directory(image);
        const std::string& name = directory.manifest().name;
        EXPECT_EQ(RootImageOf(host, name + ".service"),
                  "/var/lib/images/" + name + "/" + directory.id().text() + "/image.erofs");
      }
      EXPECT_EQ(Activate(host, "status").exit_code, 0);
      generation = 3 - generation;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Systemd, ReexecTest, testing::Values("bookworm", "trixie", "forky"));

}  // namespace
}  // namespace tests

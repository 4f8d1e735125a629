#include "activator/gate/gate_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"

namespace activator {
namespace {

using testing::ElementsAre;

// nullopt: refused, and for that reason.
std::optional<GateCommand> Parsed(const std::string& text) {
  try {
    return ParseGateCommand(text);
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ExitCode::kUsage) << text;
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
    return std::nullopt;
  }
}

const std::vector<std::string>& Right() {
  static const std::vector<std::string> kRight = {
      "slipway-gate 8 receive",
      "slipway-gate 8 activate 7 0123456789abcdef",
      "slipway-gate 9 activate 12 Ab1 60",
      "slipway-gate 8 rollback web 0123456789abcdef 0",
      "slipway-gate 8 report [\"status\",\"--json\"]",
      "slipway-gate 8 report [\"list\"]",
  };
  return kRight;
}

TEST(GateCommandTest, TakesEachForm) {
  EXPECT_EQ(Parsed(Right()[0])->task, GateTask::kReceive);
  EXPECT_EQ(Parsed(Right()[0])->protocol, 8U);
  const GateCommand activate = *Parsed(Right()[2]);
  EXPECT_EQ(activate.task, GateTask::kActivate);
  EXPECT_EQ(activate.protocol, 9U);
  EXPECT_EQ(activate.generation, 12U);
  EXPECT_EQ(activate.activation_id, "Ab1");
  EXPECT_EQ(activate.lock_wait_seconds, 60U);
  EXPECT_EQ(Parsed(Right()[1])->lock_wait_seconds, std::nullopt);
  const GateCommand rollback = *Parsed(Right()[3]);
  EXPECT_EQ(rollback.task, GateTask::kRollback);
  EXPECT_EQ(rollback.application, "web");
  EXPECT_EQ(rollback.lock_wait_seconds, 0U);
  EXPECT_THAT(Parsed(Right()[4])->report, ElementsAre("status", "--json"));
  EXPECT_TRUE(Parsed("slipway-gate 8 report [\"status\",\"--json\",\"--check\"]"));
}

TEST(GateCommandTest, RefusesEverythingElse) {
  for (const char* text : {"",
                           " ",
                           "sh",
                           "slipway-gate",
                           "slipway-gate 8",
                           "slipway-gate 8 ",
                           "slipway-gate 0 receive",
                           "slipway-gate 08 receive",
                           "slipway-gate +8 receive",
                           "slipway-gate -8 receive",
                           "slipway-gate 8.0 receive",
                           "slipway-gate 99999999999999999999 receive",
                           "slipway-gate 8 receive ",
                           "slipway-gate 8 receive --older",
                           "slipway-gate 8 receive --trust",
                           "slipway-gate 8 RECEIVE",
                           "slipway-gate 8 activate",
                           "slipway-gate 8 activate 7",
                           "slipway-gate 8 activate 0 id",
                           "slipway-gate 8 activate 7 id 3601",
                           "slipway-gate 8 activate 7 id 60 60",
                           "slipway-gate 8 activate 7 ../id",
                           "slipway-gate 8 activate 7 id --adopt",
                           "slipway-gate 8 activate --latest id",
                           "slipway-gate 8 activate 7 --root=/tmp",
                           "slipway-gate 8 rollback",
                           "slipway-gate 8 rollback web",
                           "slipway-gate 8 rollback ../web id",
                           "slipway-gate 8 rollback --latest id",
                           "slipway-gate 8 report",
                           "slipway-gate 8 report ",
                           "slipway-gate 8 report []",
                           "slipway-gate 8 report {}",
                           "slipway-gate 8 report status",
                           "slipway-gate 8 report [\"status\",\"status\"]",
                           "slipway-gate 8 report [\"status\",\"--json\",\"--json\"]",
                           "slipway-gate 8 report [\"status\",\"--root\",\"/\"]",
                           "slipway-gate 8 report [\"--json\",\"status\"]",
                           "slipway-gate 8 report [\"list\",\"--check\"]",
                           "slipway-gate 8 report [\"report\",\"--debug\"]",
                           "slipway-gate 8 report [\"status\",1]",
                           "slipway-gate 8 report [\"status\"] x",
                           "slipway-gate 8 report [[\"status\"]]",
                           "slipway-gate 8 prune",
                           "slipway-gate 8 uninstall",
                           "slipway-gate 8 receive;id",
                           "slipway-gate 8 receive\nid",
                           "sh -c 'slipway-gate 8 receive'",
                           "scp -t /",
                           "internal-sftp"}) {
    EXPECT_FALSE(Parsed(text)) << text;
  }
  EXPECT_FALSE(Parsed("slipway-gate 8 activate 7 " + std::string(65, 'a')));
  EXPECT_TRUE(Parsed("slipway-gate 8 activate 7 " + std::string(64, 'a')));
  EXPECT_FALSE(Parsed("slipway-gate 8 report [\"status\"" + std::string(2000, ' ') + "]"));
  EXPECT_FALSE(Parsed(std::string(1 << 20, 'a')));
  EXPECT_FALSE(Parsed("slipway-gate 8 report " + std::string(900, '[')));
}

// Whatever is put anywhere into a command makes it none, or means nothing.
TEST(GateCommandTest, NothingCanBeSlippedIn) {
  const std::string odd("\0\1\t\n\r\"'\\ ;&|$`*?<>(){}~#!%\x7f\x80\xff", 30);
  size_t refused = 0;
  for (const std::string& right : Right()) {
    const GateCommand meant = *Parsed(right);
    for (size_t at = 0; at <= right.size(); ++at) {
      for (const char c : odd) {
        for (const bool instead : {false, true}) {
          std::string text = right;
          text.replace(at, instead && at < right.size() ? 1 : 0, 1, c);
          const std::optional<GateCommand> parsed = Parsed(text);
          refused += parsed ? 0U : 1U;
          EXPECT_TRUE(!parsed || *parsed == meant) << text;
        }
      }
    }
  }
  EXPECT_GT(refused, 10000U);
}

}  // namespace
}  // namespace activator

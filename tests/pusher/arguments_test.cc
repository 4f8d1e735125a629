#include "pusher/arguments.h"

#include <gmock/gmock.h>

#include <array>

#include "base/cli.h"

namespace pusher {
namespace {

std::optional<bool> Deltas(const std::vector<std::string>& options) {
  std::vector<std::string> arguments = {"web1"};
  arguments.insert(arguments.end(), options.begin(), options.end());
  return ParseArguments(arguments, base::Io{}).value().deltas;
}

TEST(ArgumentsTest, LeaveDeltasToTheKindOfHostUnlessTold) {
  EXPECT_EQ(Deltas({}), std::nullopt);
  EXPECT_EQ(Deltas({"--deltas"}), true);
  EXPECT_EQ(Deltas({"--no-deltas"}), false);
}

// What is said of a command line that is wrong.
std::string Refused(std::vector<std::string> arguments) {
  try {
    ParseArguments(arguments, base::Io{});
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ExitCode::kUsage);
    return error.what();
  }
  return "";
}

TEST(ArgumentsTest, AWrongNumberIsToldWhatIsAccepted) {
  const std::string rate = "is no rate: use bytes a second, as in 500K or 2M, 8K at least";
  const std::string time = " h: use seconds, minutes or hours, as in 60, 60s or 1m";
  const std::vector<std::array<std::string, 3>> wrong = {
      {"--bwlimit", "foo", rate},
      {"--bwlimit", "-5M", rate},
      {"--bwlimit", "1K", rate},
      {"--bwlimit", "9999999T", rate},
      {"--bwlimit", "", rate},
      {"--pause", "soon", "is no time from 0 s to 24" + time},
      {"--pause", "25h", "is no time from 0 s to 24" + time},
      {"--connect-timeout", "0", "is no time from 1 s to 1" + time},
      {"--lock-wait", "-1", "is no time from 0 s to 1" + time},
      {"--confirm-within", "4", "is no time from 5 s to 1" + time},
      {"--retries", "101", "is no whole number from 0 to 100, such as 8"},
      {"--retries", "1.5", "is no whole number from 0 to 100, such as 8"},
      {"--jobs", "many", "is no whole number from 1 to 1000, such as 8"},
      {"--jobs", "0", "is no whole number from 1 to 1000, such as 8"},
      {"--host-jobs", "0", "is no whole number from 1 to 1000, such as 8"},
      {"--canary", "-1", "is no whole number from 1 to 1000, such as 8"}};
  for (const auto& [option, value, why] : wrong) {
    EXPECT_EQ(Refused({"--activate", option, value, "web1"}),
              option + ": '" + value + "' " + why + "; see imgpush --help");
  }
}

TEST(ArgumentsTest, NumbersMayHaveUnits) {
  const Arguments parsed =
      ParseArguments({"--activate", "--yes", "--canary", "2", "--pause", "1h", "--connect-timeout",
                      "5m", "--lock-wait", "60s", "--bwlimit", "8kb", "web1"},
                     base::Io{})
          .value();
  EXPECT_EQ(parsed.waves, "2");
  EXPECT_EQ(parsed.pause_seconds, 3600U);
  EXPECT_EQ(parsed.connect_timeout_seconds, 300U);
  EXPECT_EQ(parsed.lock_wait_seconds, 60U);
  EXPECT_EQ(parsed.jobs, 1U);  // so little is for one host at a time
}

TEST(ArgumentsTest, WhatContradictsItselfIsRefused) {
  using testing::HasSubstr;
  EXPECT_THAT(Refused({"--deltas", "--no-deltas", "web1"}), HasSubstr("excludes --"));
  // Whatever hosts there are.
  EXPECT_THAT(Refused({"--activate", "--yes", "--wave", "1,some,100%", "web1"}),
              HasSubstr("'some' is neither"));
  EXPECT_THAT(Refused({"--stop-on-failure", "--go-on", "web1"}), HasSubstr("excludes --"));
  EXPECT_THAT(Refused({"--plan", "--activate", "web1"}), HasSubstr("excludes"));
  EXPECT_THAT(Refused({"--confirm-within", "30", "web1"}), HasSubstr("requires --activate"));
  EXPECT_THAT(Refused({"--trust", "", "--yes", "web1"}), HasSubstr("--trust: is empty"));
  EXPECT_THAT(Refused({"doctor", "--target", "lz4", "web1", "nginx"}), HasSubstr("excludes"));
}

}  // namespace
}  // namespace pusher

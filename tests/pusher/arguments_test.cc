#include "pusher/arguments.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace pusher

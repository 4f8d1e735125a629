#include "base/hex.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace base {
namespace {

TEST(Hex, IsLowerCaseAndReadBack) {
  std::vector<uint8_t> bytes(256);
  for (size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<uint8_t>(i);
  }
  const std::string digits = ToHex(bytes);
  EXPECT_EQ(digits.substr(0, 8), "00010203");
  EXPECT_EQ(digits.substr(504), "fcfdfeff");
  std::vector<uint8_t> back(256);
  EXPECT_TRUE(FromHex(digits, back));
  EXPECT_EQ(back, bytes);
  EXPECT_EQ(ToHex({}), "");
}

TEST(Hex, RefusesWhatIsNotExactlyThatManyDigits) {
  std::array<uint8_t, 2> out{};
  EXPECT_TRUE(FromHex("0aff", out));
  for (const char* bad : {"", "0af", "0afff", "0AFF", "0afg", "0x0a", " 0af", "0a f"}) {
    EXPECT_FALSE(FromHex(bad, out)) << bad;
  }
}

}  // namespace
}  // namespace base

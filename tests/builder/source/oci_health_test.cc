#include "builder/source/oci_health.h"

#include <gmock/gmock.h>

namespace builder {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

images::Health Mapped(const OciHealthcheck& check) {
  std::string why;
  const std::optional<images::Health> health = HealthOf(check, &why);
  EXPECT_TRUE(health.has_value()) << why;
  return health.value_or(images::Health());
}

TEST(OciHealthTest, ACommandIsAskedWhileTheServiceStarts) {
  const images::Health plain = Mapped({{"CMD", "curl", "-f", "http://localhost/"}, {}});
  EXPECT_EQ(plain.exec, (images::Command{"curl", "-f", "http://localhost/"}));
  EXPECT_EQ(plain.interval_seconds, 5U);
  EXPECT_EQ(plain.try_seconds, 30U);
  EXPECT_EQ(plain.timeout_seconds, 90U);
  EXPECT_EQ(Mapped({{"CMD-SHELL", "pg_isready || exit 1"}, {}}).exec,
            (images::Command{"/bin/sh", "-c", "pg_isready || exit 1"}));
  EXPECT_EQ(Mapped({{"CMD-SHELL", "true"}, {"/bin/bash", "-ec"}}).exec,
            (images::Command{"/bin/bash", "-ec", "true"}));
}

TEST(OciHealthTest, TimesAreRoundedUpAndBounded) {
  const OciHealthcheck check{{"CMD", "x"}, {}, 300 * kSecond, 1, 90 * kSecond + 1, 0};
  EXPECT_EQ(Mapped(check).interval_seconds, 5U);
  EXPECT_EQ(Mapped(check).try_seconds, 1U);
  EXPECT_EQ(Mapped(check).timeout_seconds, 91U + 900U);
  EXPECT_EQ(Mapped({{"CMD", "x"}, {}, 5 * kSecond, 0, 0, 0, 4}).timeout_seconds, 30U);
  EXPECT_EQ(Mapped({{"CMD", "x"}, {}, 2 * kSecond, 0, 0, 0}).interval_seconds, 2U);
  EXPECT_EQ(Mapped({{"CMD", "x"}, {}, 2 * kSecond, 0, 0, 7 * kSecond}).interval_seconds, 7U);
  const images::Health odd = Mapped({{"CMD", "x"}, {}, -1, INT64_MIN, INT64_MAX, INT64_MAX});
  EXPECT_EQ(odd.interval_seconds, 600U);
  EXPECT_EQ(odd.try_seconds, 30U);
  EXPECT_EQ(odd.timeout_seconds, 3600U);
}

TEST(OciHealthTest, NoneIsNoCheckAndWhatCannotBeOneSaysWhy) {
  std::string why = "x";
  EXPECT_FALSE(HealthOf({}, &why));
  EXPECT_EQ(why, "");
  EXPECT_FALSE(HealthOf({{"NONE"}, {}}, &why));
  EXPECT_EQ(why, "");
  for (const std::vector<std::string>& test : std::vector<std::vector<std::string>>{
           {"CMD"}, {"CMD", ""}, {"CMD-SHELL"}, {"CMD-SHELL", "a", "b"}, {"curl", "x"}}) {
    EXPECT_FALSE(HealthOf({test, {}}, &why));
    EXPECT_EQ(why, "it is neither CMD nor CMD-SHELL with a command");
  }
  EXPECT_FALSE(HealthOf({{"CMD-SHELL", "if a\nthen b"}, {}}, &why));
  EXPECT_EQ(why, "a unit cannot hold a command of several lines");
}

}  // namespace
}  // namespace builder

#include "units/unit_text.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace units {
namespace {

TEST(UnitTextTest, NoValueAddsALine) {
  for (const char end : {'\n', '\r', '\0'}) {
    const Section service{"Service", {{"LimitNOFILE", std::string("1") + end + "User=root"}}};
    EXPECT_THROW(ToText("a test", {service}), base::Error);
  }
}

}  // namespace
}  // namespace units

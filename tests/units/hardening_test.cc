#include "units/hardening.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace units {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

TEST(Hardening, GivesNoCapabilityWithoutALowPort) {
  const std::vector<Line> lines = HardeningLines("strict", {8080});
  EXPECT_THAT(lines, Contains(Line("CapabilityBoundingSet", "")));
  EXPECT_THAT(lines, Contains(Line("AmbientCapabilities", "")));
}

TEST(Hardening, GivesTheRightToBindForALowPortAlone) {
  const std::vector<Line> lines = HardeningLines("strict", {8080, 443});
  EXPECT_THAT(lines, Contains(Line("CapabilityBoundingSet", "CAP_NET_BIND_SERVICE")));
  EXPECT_THAT(lines, Contains(Line("AmbientCapabilities", "CAP_NET_BIND_SERVICE")));
}

TEST(Hardening, StandardAllowsWhatAJitNeeds) {
  EXPECT_THAT(HardeningLines("standard", {}), Contains(Line("ProtectSystem", "strict")));
  EXPECT_THAT(HardeningLines("standard", {}), Not(Contains(Line("MemoryDenyWriteExecute", "yes"))));
  EXPECT_THAT(HardeningLines("strict", {}), Contains(Line("MemoryDenyWriteExecute", "yes")));
}

TEST(Hardening, NoneAddsNothingButTheRightToBind) {
  EXPECT_THAT(HardeningLines("none", {8080}), IsEmpty());
  EXPECT_THAT(HardeningLines("none", {80}),
              ElementsAre(Line("AmbientCapabilities", "CAP_NET_BIND_SERVICE")));
}

TEST(Hardening, RefusesOtherProfiles) { EXPECT_THROW(HardeningLines("lax", {}), base::Error); }

}  // namespace
}  // namespace units

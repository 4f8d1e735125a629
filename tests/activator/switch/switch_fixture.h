// A host with two applications, and a staged generation that changes one and adds one.
#ifndef SLIPWAY_TESTS_ACTIVATOR_SWITCH_SWITCH_FIXTURE_H_
#define SLIPWAY_TESTS_ACTIVATOR_SWITCH_SWITCH_FIXTURE_H_

#include <gmock/gmock.h>

#include <string>

#include "activator/host/unit_links.h"
#include "activator/state/switch_record.h"
#include "tests/activator/host_fixture.h"

namespace activator {

class SwitchTest : public HostTest {
 protected:
  // Generation 1 runs web (one) and db; generation 2, staged, runs web (`program`), db unchanged
  // and a new service.
  uint64_t StageSecond(const std::string& program) {
    StageGeneration(layout, {{"web", Push("web", "one")}, {"db", Push("db", "db")}}, "tester");
    EXPECT_EQ(ActivateNumber(1), 0) << error;
    systemd.calls.clear();
    return StageGeneration(
               layout, {{"web", Push("web", program)}, {"extra", Push("extra", "extra")}}, "tester")
        .number;
  }

  void ExpectFirst() {
    EXPECT_EQ(CurrentGeneration(layout), 1U);
    EXPECT_EQ(StateOf(1), GenerationState::kActive);
    EXPECT_EQ(RunningProgram("web.service"), "one");
    EXPECT_EQ(RunningProgram("db.service"), "db");
    EXPECT_FALSE(systemd.IsActive("extra.service"));
    EXPECT_THAT(LinkedUnits(host), ::testing::ElementsAre("db.service", "web.service"));
    EXPECT_FALSE(ReadSwitchRecord(layout).has_value());
  }
};

}  // namespace activator

#endif  // SLIPWAY_TESTS_ACTIVATOR_SWITCH_SWITCH_FIXTURE_H_

// A switch that goes back unless somebody confirms over another connection that the host can be
// reached.
#include "activator/switch/confirmation.h"

#include <gmock/gmock.h>

#include "activator/report/report.h"
#include "activator/switch/recovery.h"
#include "base/lock.h"
#include "tests/activator/read_history.h"
#include "tests/activator/switch/switch_fixture.h"

namespace activator {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

class ConfirmationTest : public SwitchTest {
 protected:
  void StageWithHook() {
    edit_service = [](images::Service& service) {
      service.hooks.after_healthy = {{"/bin/announce"}};
    };
    second_ = StageSecond("two");
    confirm_within = std::chrono::seconds(60);
  }
  // What somebody does once the switch waits.
  void OnceItWaits(const std::function<void(const SwitchRecord& record)>& act) {
    clock.on_sleep = [this, act] {
      if (const auto record = WaitsForConfirmation(layout)) {
        act(*record);
      }
    };
  }
  bool Announced() const {
    return ::testing::Matches(Contains("start web:after-healthy.service"))(systemd.calls);
  }

  uint64_t second_ = 0;
};

TEST_F(ConfirmationTest, OnceConfirmedItIsActive) {
  StageWithHook();
  bool announced_before = true;
  OnceItWaits([&](const SwitchRecord& record) {
    announced_before = Announced();
    EXPECT_FALSE(record.confirm_until.empty());
    EXPECT_EQ(RunningProgram("web.service"), "two");
    const base::FileLock held(layout.Lock(), layout.root(), "a switch", std::chrono::seconds(0));
    EXPECT_THAT(StatusText(ReadStatus(host, false)),
                AllOf(HasSubstr("waits until " + record.confirm_until), HasSubstr("confirm")));
    Confirm(layout, record.activation_id);
  });
  EXPECT_EQ(ActivateNumber(second_), 0) << error;
  EXPECT_FALSE(announced_before);
  EXPECT_TRUE(Announced());
  EXPECT_EQ(CurrentGeneration(layout), second_);
  EXPECT_FALSE(ReadSwitchRecord(layout).has_value());
  EXPECT_FALSE(base::Exists(layout.Confirmation()));
}

TEST_F(ConfirmationTest, WithoutItGoesBackWhenTheTimeIsOver) {
  StageWithHook();
  const auto begin = clock.Monotonic();
  EXPECT_EQ(ActivateNumber(second_), 3);
  EXPECT_THAT(error, HasSubstr("nobody confirmed within 60 s"));
  EXPECT_GE(clock.Monotonic() - begin, std::chrono::seconds(60));
  EXPECT_FALSE(Announced());
  ExpectFirst();
  EXPECT_THAT(LastActivation(layout)->reason, HasSubstr("nobody confirmed"));
  EXPECT_THAT(LoadGeneration(layout, second_).reason, HasSubstr("nobody confirmed"));
}

TEST_F(ConfirmationTest, ThatOfAnotherSwitchDoesNotCount) {
  StageWithHook();
  OnceItWaits([&](const SwitchRecord&) {
    if (!base::Exists(layout.Confirmation())) {
      Confirm(layout, "id-of-another");
    }
  });
  EXPECT_EQ(ActivateNumber(second_), 3);
  ExpectFirst();
  EXPECT_FALSE(base::Exists(layout.Confirmation()));
}

TEST_F(ConfirmationTest, WhatDiedMeanwhileIsNotHealthy) {
  StageWithHook();
  OnceItWaits([&](const SwitchRecord& record) {
    systemd.StopByHand("web.service");
    Confirm(layout, record.activation_id);
  });
  EXPECT_EQ(ActivateNumber(second_), 3);
  ExpectFirst();
}

// Confirmed or not: nobody knows what it was cut off by.
TEST_F(ConfirmationTest, CutOffWhileItWaitsItGoesBack) {
  StageWithHook();
  OnceItWaits([&](const SwitchRecord& record) {
    Confirm(layout, record.activation_id);
    throw Killed();
  });
  EXPECT_THROW(ActivateNumber(second_), Killed);
  clock.on_sleep = nullptr;
  EXPECT_THAT(StatusText(ReadStatus(host, false)), HasSubstr("goes back to generation 1"));
  EXPECT_TRUE(Recover(host, RecoveryMode::kRestart).is_up);
  ExpectFirst();
  EXPECT_FALSE(base::Exists(layout.Confirmation()));
}

TEST_F(ConfirmationTest, OneThatDoesNotWaitIsUnchanged) {
  StageWithHook();
  confirm_within = {};
  EXPECT_EQ(ActivateNumber(second_), 0) << error;
  EXPECT_FALSE(WaitsForConfirmation(layout).has_value());
}

}  // namespace
}  // namespace activator

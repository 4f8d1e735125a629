// A fetch that dies, hangs or says something else at any byte, and a pull that is cut off: all goes
// on running, and the next pull does what there is to do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "activator/state/record_event.h"
#include "tests/activator/pull/pull_fixture.h"

namespace activator {
namespace {

using images::ChannelResult;
using testing::HasSubstr;
using testing::IsEmpty;
using tests::LineFault;

class PullFaultTest : public PullTest {
 protected:
  PullFaultTest() { steps_.idle_limit = std::chrono::milliseconds(300); }

  void StartAnew() {
    fetch_.fault = LineFault::kNone;
    base::RemoveTree(layout_.root());
    for (const std::string& path :
         {layout_.Generations(), layout_.Incoming(), layout_.Bin(), layout_.Pull()}) {
      base::MakeDirectories(path);
    }
    Trust({"alice"});
    Configure();
    fetch_.objects.erase("state/web1.json");
    fetch_.passed = 0;
  }
  void ExpectWhole(const base::Sha256& web) {
    const PullResult result = Pull();
    EXPECT_EQ(result.exit_code, 0) << Report(result).error;
    EXPECT_EQ(ActiveApps(layout_), (Apps{{"web", web}}));
    EXPECT_EQ(Memory().applied->apps, (images::ChosenApps{{"web", web}}));
    EXPECT_EQ(Told(), result.state);
  }
};

class PullLineTest : public PullFaultTest, public testing::WithParamInterface<LineFault> {};

TEST_P(PullLineTest, FailsSomewhereAndTheNextPullIsWhole) {
  const base::Sha256 web = Build("web", "1");
  Publish(Head(1, {{"web", web}}));
  ExpectWhole(web);
  const uint64_t all = fetch_.passed;
  ASSERT_GT(all, 10'000U);
  // Close together where answers are, wide apart in the image.
  for (uint64_t at = 0; at < all; at += at < 4000 || at > all - 1000 ? 331 : 7919) {
    StartAnew();
    fetch_.fault = GetParam();
    fetch_.fault_at = at;
    const PullResult result = Pull();
    EXPECT_THAT(result.exit_code, testing::AnyOf(0, 1, 5, 6)) << at << Report(result).error;
    if (result.exit_code != 0) {
      EXPECT_TRUE(!Report(result).error.empty() || !result.not_reported.empty()) << at;
    }
    fetch_.fault = LineFault::kNone;
    ExpectWhole(web);
  }
}

INSTANTIATE_TEST_SUITE_P(Faults, PullLineTest,
                         testing::Values(LineFault::kCut, LineFault::kBlock, LineFault::kGarble));

TEST_F(PullFaultTest, AFetchThatIsNotThere) {
  const base::Sha256 web = Build("web", "1");
  Publish(Head(1, {{"web", web}}));
  steps_.connect = []() -> base::UniqueFd { return ConnectToFetch("/nowhere/fetch.sock"); };
  const PullResult result = Pull();
  EXPECT_EQ(result.exit_code, 5);
  EXPECT_THAT(Report(result).error, HasSubstr("systemctl start slipway-fetch.socket"));
  EXPECT_EQ(Report(result).result, ChannelResult::kFailed);
  EXPECT_EQ(LoadState(layout_), result.state);
  steps_.connect = [this] { return fetch_.Connect(); };
  ExpectWhole(web);
}

// Of a fetch that systemd could not start there is only this.
TEST_F(PullFaultTest, AFetchThatEndsAtOnce) {
  steps_.connect = [] { return std::move(tests::SocketPair().a); };
  const PullResult result = Pull();
  EXPECT_EQ(result.exit_code, 5);
  EXPECT_THAT(Report(result).error, HasSubstr("ended the connection"));
  EXPECT_THAT(Report(result).error, HasSubstr("journalctl -u 'slipway-fetch@*'"));
}

TEST_F(PullFaultTest, AnInterruptOfFetchIsNotThePullsOwn) {
  const base::Sha256 web = Build("web", "1");
  Publish(Head(1, {{"web", web}}));
  for (const std::string what : {"get channels/web/head", "play web", "put state/web1.json"}) {
    StartAnew();
    fetch_.before = [&](const std::string& op) {
      if (op == what) {
        base::Fail(base::ExitCode::kInterrupted, "interrupted");
      }
    };
    const PullResult result = Pull();
    EXPECT_EQ(result.exit_code, 5) << what;
    EXPECT_EQ(LoadState(layout_), result.state);
    fetch_.before = nullptr;
    ExpectWhole(web);
  }
}

TEST_F(PullFaultTest, AStoreThatIsNotReachedIsAskedOnce) {
  config_.channels = {"base", "web"};
  Configure();
  fetch_.before = [](const std::string& /*op*/) {
    base::Fail(base::ExitCode::kUnreachable, "the store does not answer");
  };
  const PullResult result = Pull();
  EXPECT_EQ(result.exit_code, 5);
  EXPECT_EQ(fetch_.asked.size(), 1U);
  EXPECT_THAT(Report(result).error, HasSubstr("the store does not answer"));
  EXPECT_THAT(result.not_reported, HasSubstr("the store does not answer"));
}

TEST_F(PullFaultTest, WhatTheStoreRefusesForOneChannelDoesNotStopTheOther) {
  config_.channels = {"base", "web"};
  Configure();
  Publish(Head(1, {{"web", Build("web", "1")}}));
  fetch_.before = [](const std::string& op) {
    if (op == "get channels/base/head") {
      base::Fail(base::ExitCode::kFailed, "403");
    }
  };
  const PullResult result = Pull();
  EXPECT_EQ(result.exit_code, 5);
  EXPECT_EQ(Report(result, "web").result, ChannelResult::kActive);
  EXPECT_EQ(Told(), result.state);
}

TEST_F(PullFaultTest, AReportThatIsNotTakenIsToldNextTime) {
  const base::Sha256 web = Build("web", "1");
  Publish(Head(1, {{"web", web}}));
  fetch_.before = [](const std::string& op) {
    if (op.starts_with("put ")) {
      base::Fail(base::ExitCode::kFailed, "403");
    }
  };
  EXPECT_EQ(Pull().exit_code, 5);
  EXPECT_EQ(ActiveApps(layout_), (Apps{{"web", web}}));
  fetch_.before = nullptr;
  ExpectWhole(web);
  EXPECT_EQ(Told().sequence, 1U);
}

TEST_F(PullFaultTest, AFolderAndAWebServerTakeNoReports) {
  Publish(Head(1, {{"web", Build("web", "1")}}));
  for (const char* store : {"/srv/store", "https://example.org/store"}) {
    config_.store = store;
    Configure();
    clock_.now += hours(7);
    EXPECT_EQ(Pull().exit_code, 0);
    EXPECT_FALSE(fetch_.WasAsked("put state/web1.json"));
    EXPECT_EQ(LoadState(layout_)->time, clock_.now);
  }
}

TEST_F(PullFaultTest, AFetchThatIsInterruptedIsNotThisPull) {
  const base::Sha256 web = Build("web", "1");
  Publish(Head(1, {{"web", web}}));
  fetch_.before = [](const std::string& op) {
    if (op.starts_with("play ")) {
      base::Fail(base::ExitCode::kInterrupted, "interrupted");
    }
  };
  const PullResult result = Pull();
  EXPECT_EQ(result.exit_code, 5);
  EXPECT_EQ(Report(result).exit_code, 5U);
  EXPECT_EQ(Told(), result.state);
  fetch_.before = nullptr;
  ExpectWhole(web);
}

// Of a pull that was killed in an activation, which goes on in a unit of its own, the record stays.
TEST_F(PullFaultTest, WhatFailedAfterThePullHadEndedIsNotTriedAgain) {
  struct Killed {};
  const base::Sha256 web = Build("web", "1");
  Publish(Head(1, {{"web", web}}));
  const auto activate = std::exchange(
      steps_.activate,
      [this](uint64_t generation, const std::string& by, const std::string& id) -> ActivationEnd {
        Event event;
        event.event = "rolled-back";
        event.generation = generation;
        event.by = by;
        event.activation_id = id;
        event.reason = "web.service failed";
        RecordEvent(layout_, std::move(event));
        throw Killed();
      });
  EXPECT_THROW(Pull(), Killed);
  fetch_.Wait();
  steps_.activate = activate;
  const PullResult result = Pull();
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(Report(result).error, HasSubstr("web.service failed"));
  EXPECT_THAT(activated_, IsEmpty());
  EXPECT_EQ(Pull().exit_code, 3);
}

}  // namespace
}  // namespace activator

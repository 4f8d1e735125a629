#include "hosts/sudo_password.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <thread>

#include "base/error.h"

namespace hosts {
namespace {

class SudoPasswordTest : public testing::Test {
 protected:
  // What keeps the password from the host; empty: nothing does.
  std::string TryOn(const std::string& host, std::optional<bool> is_right) {
    try {
      SudoTrial trial(password_, host);
      EXPECT_EQ(trial.line(), "open sesame\n");
      if (is_right) {
        trial.Decide(*is_right);
      }
      return "";
    } catch (const base::Error& error) {
      return error.what();
    }
  }
  const std::shared_ptr<SudoPassword> password_ = std::make_shared<SudoPassword>("open sesame");
};

TEST_F(SudoPasswordTest, OneHostTriesItBeforeTheOthers) {
  for (const bool is_right : {true, false}) {
    const auto password = std::make_shared<SudoPassword>("x");
    std::atomic<bool> is_decided = false;
    SudoTrial first(password, "web1");
    bool was_decided = false;
    bool may = true;
    std::thread second([&] {
      try {
        const SudoTrial trial(password, "web2");
      } catch (const base::Error&) {
        may = false;
      }
      was_decided = is_decided;
    });
    is_decided = true;
    first.Decide(is_right);
    second.join();
    EXPECT_TRUE(was_decided);
    EXPECT_EQ(may, is_right);
  }
}

TEST_F(SudoPasswordTest, AHostThatDidNotDecideLeavesItToTheNext) {
  EXPECT_EQ(TryOn("web1", std::nullopt), "");
  EXPECT_EQ(TryOn("web2", true), "");
  EXPECT_EQ(TryOn("web3", true), "");
}

TEST_F(SudoPasswordTest, WhereItWasRightItGoesOnBeingGiven) {
  EXPECT_EQ(TryOn("web1", true), "");
  EXPECT_EQ(TryOn("web2", false), "");
  EXPECT_EQ(TryOn("web1", true), "");
  for (const char* host : {"web2", "web3"}) {
    EXPECT_EQ(TryOn(host, true), std::string(host) +
                                     ": the password was not tried there, for sudo on web2 says "
                                     "that it is wrong");
  }
}

}  // namespace
}  // namespace hosts

// Each system call fails once while a host reads whom it trusts, is told whom to trust, and records
// what it took: trust is never off for that, and what was done can be done again.
#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>

#include "activator/trust/acceptance.h"
#include "activator/trust/host_trust.h"
#include "activator/trust/set_trust.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/sys.h"
#include "tests/images/release/signing.h"
#include "tests/support/faulty_sys.h"

namespace activator {
namespace {

class TrustFaultTest : public tests::SigningTest {
 protected:
  TrustFaultTest() {
    base::MakeDirectories(layout_.root());
    statement_.released = std::chrono::floor<std::chrono::seconds>(base::SystemClock().Now());
    version_ = layout_.Version("nginx", images::ImageId::Of(statement_.manifest_sha256));
    base::MakeDirectories(version_);
  }

  // Does `work` with its call 1, 2, ... failing, until none is left; `look` looks at what is then.
  template <typename Work, typename Look>
  static size_t Sweep(Work work, Look look) {
    for (size_t call = 1;; ++call) {
      tests::FaultySys sys;
      sys.FailCall(call, EIO);
      bool failed = false;
      {
        const base::ScopedSys seam(sys);
        try {
          work();
        } catch (const base::Error&) {
          failed = true;
        }
      }
      look(failed);
      if (sys.calls() < call) {
        return call - 1;
      }
    }
  }

  const images::HostLayout layout_{At("root")};
  std::string version_;
};

TEST_F(TrustFaultTest, TrustThatCannotBeReadIsNotOff) {
  SetTrust(layout_, TrustIn({"alice"}));
  bool off = false;
  const size_t calls = Sweep([&] { off = !LoadTrust(layout_); }, [&](bool) { EXPECT_FALSE(off); });
  EXPECT_GT(calls, 10U);
}

TEST_F(TrustFaultTest, TheFirstTrustIsThereAsAWholeOrNotAtAll) {
  const images::TrustTexts texts = TrustIn({"alice"});
  Sweep([&] { SetTrust(layout_, texts); },
        [&](bool failed) {
          const std::optional<images::Trust> now = LoadTrust(layout_);
          EXPECT_TRUE(!now || now->texts == texts);
          EXPECT_TRUE(now || failed);
          base::RemoveTree(layout_.Trust());
        });
}

TEST_F(TrustFaultTest, ALaterOneIsNeverOffAndCanBeToldAgain) {
  const images::TrustTexts before = TrustIn({"alice"});
  const images::TrustTexts after = TrustIn({"alice", "bob"}, 2);
  SetTrust(layout_, before);
  Sweep([&] { SetTrust(layout_, after); },
        [&](bool failed) {
          if (!failed) {
            EXPECT_EQ(LoadTrust(layout_)->texts, after);
          }
          try {
            const std::optional<images::Trust> now = LoadTrust(layout_);
            EXPECT_TRUE(now && (now->texts == before || now->texts == after));
          } catch (const base::Error&) {  // a mixture takes nothing
          }
          SetTrust(layout_, before);
        });
}

// Its last step is the release: with it, the order is on record.
TEST_F(TrustFaultTest, NoReleaseIsThereThatIsNotOnRecord) {
  SetTrust(layout_, TrustIn({"alice"}));
  const std::string text = Sign(statement_, {"alice"});
  const size_t calls = Sweep(
      [&] {
        Acceptance acceptance(layout_, OlderReleases::kRefused, base::SystemClock());
        acceptance.Check("nginx", statement_.manifest_sha256, text);
        acceptance.Record();
        acceptance.WriteReleases();
      },
      [&](bool failed) {
        const bool is_there = base::Exists(version_ + "/release");
        EXPECT_TRUE(is_there || failed);
        if (is_there) {
          EXPECT_EQ(base::ReadFile(version_ + "/release"), text);
          EXPECT_NE(ReadAccepted(layout_).Find("nginx", statement_.manifest_sha256), nullptr);
        }
        base::UnlinkIfThere(version_ + "/release");
        base::RemoveTree(layout_.Trust());
        SetTrust(layout_, TrustIn({"alice"}));
      });
  EXPECT_GT(calls, 30U);
}

}  // namespace
}  // namespace activator

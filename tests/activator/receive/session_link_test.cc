// What the process that is shut in may say to the other, and what it may not.
#include "activator/receive/session_link.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <thread>

#include "base/error.h"
#include "tests/support/errors.h"
#include "tests/support/synthetic_image.h"

namespace activator {
namespace {

using testing::HasSubstr;

class SessionLinkTest : public testing::Test {
 protected:
  SessionLinkEnds ends_;
  const InnerLink inner_{ends_.inner.get()};
  const OuterLink outer_{ends_.outer.get()};
  const base::Sha256 digest_ = base::Sha256Of("manifest");
};

TEST_F(SessionLinkTest, VersionsArriveAsTheyWere) {
  inner_.HandOver({{"web", digest_, "1.4.0", false}, {"db", digest_, "", true}});
  const auto web = std::get<HandedOver>(*outer_.Receive());
  EXPECT_EQ(web.name, "web");
  EXPECT_EQ(web.manifest_sha256, digest_);
  EXPECT_EQ(web.label, "1.4.0");
  EXPECT_FALSE(web.held);
  EXPECT_TRUE(std::get<HandedOver>(*outer_.Receive()).held);
  EXPECT_TRUE(std::holds_alternative<NoMoreVersions>(*outer_.Receive()));
  inner_.GiveUp(base::Error(base::ExitCode::kBusy, "a\nb"));
  const auto gave_up = std::get<GaveUp>(*outer_.Receive());
  EXPECT_EQ(gave_up.code, base::ExitCode::kBusy);
  EXPECT_EQ(gave_up.message.find('\n'), std::string::npos);
  ends_.inner.Reset();
  EXPECT_FALSE(outer_.Receive());
}

TEST_F(SessionLinkTest, AReleaseIsAnswered) {
  for (const bool taken : {true, false}) {
    std::thread other([&] {
      const auto release = std::get<ReleaseToCheck>(*outer_.Receive());
      EXPECT_EQ(release.text.size(), size_t{64} << 10);
      EXPECT_EQ(release.name, "web");
      outer_.Answer(taken ? std::nullopt
                          : std::optional(base::Error(base::ExitCode::kVerification, "revoked")));
    });
    const ReleaseToCheck release{"web", digest_, std::string(64 << 10, 'x')};
    if (taken) {
      inner_.CheckRelease(release);
    } else {
      const base::Error error = tests::ErrorOf([&] { inner_.CheckRelease(release); });
      EXPECT_EQ(error.code(), base::ExitCode::kVerification);
      EXPECT_THAT(error.what(), HasSubstr("revoked"));
    }
    other.join();
  }
}

TEST_F(SessionLinkTest, WhatIsNoMessageIsRefused) {
  const auto refused = [&](const std::string& packet) {
    EXPECT_EQ(::write(ends_.inner.get(), packet.data(), packet.size()),
              static_cast<ssize_t>(packet.size()));
    return tests::ErrorOf([&] { outer_.Receive(); }).code() == base::ExitCode::kVerification;
  };
  EXPECT_TRUE(refused("x"));
  EXPECT_TRUE(refused(std::string(200000, '\1')));
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    std::string packet = tests::NoiseBytes(seed, 104 + seed % 50);
    packet[0] = static_cast<char>(seed % 3);     // a kind that has fields
    packet[100] = static_cast<char>(seed % 50);  // the size of the text, as it is
    packet[101] = packet[102] = packet[103] = 0;
    EXPECT_TRUE(refused(packet)) << seed;
  }
  inner_.HandOver({{"../web", digest_, "", false}});
  EXPECT_EQ(tests::ErrorOf([&] { outer_.Receive(); }).code(), base::ExitCode::kVerification);
  EXPECT_TRUE(outer_.Receive());  // the end
  inner_.HandOver({{"web", digest_, "a label\nof two lines", false}});
  EXPECT_EQ(tests::ErrorOf([&] { outer_.Receive(); }).code(), base::ExitCode::kVerification);
}

}  // namespace
}  // namespace activator

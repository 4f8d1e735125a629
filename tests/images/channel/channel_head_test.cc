// A channel's head: what is taken, and whose signatures count, by ssh-keygen itself.
#include "images/channel/channel_head.h"

#include <gtest/gtest.h>

#include "tests/images/channel/heads.h"
#include "tests/support/errors.h"

namespace images {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ChannelHeadTest : public tests::SigningTest {
 protected:
  std::vector<std::string> Signers(const std::string& text, const TrustTexts& texts,
                                   TimePoint at = tests::kCreated) const {
    const Trust trust = Trust::Parse(texts, "trust");
    SshKeygenVerifier verifier(texts);
    return CheckHeadSigners(SignedHead::Parse(text, "head"), trust, verifier, at);
  }
  std::string Why(const std::string& text, const TrustTexts& texts,
                  TimePoint at = tests::kCreated) const {
    const base::Error error = tests::ErrorOf([&] { Signers(text, texts, at); });
    EXPECT_EQ(error.code(), base::ExitCode::kVerification);
    return error.what();
  }
  // Why a head with this in place of that is refused.
  static std::string WhyNot(const std::string& that, const std::string& by) {
    std::string line = tests::Head().Serialize();
    const size_t at = line.find(that);
    EXPECT_NE(at, std::string::npos) << that;
    line.replace(at, that.size(), by);
    const base::Error error = tests::ErrorOf([&] { ChannelHead::ParseLine(line, "head"); });
    EXPECT_EQ(error.code(), base::ExitCode::kVerification);
    return error.what();
  }
};

TEST_F(ChannelHeadTest, WhatWasSignedIsReadAsItWasWritten) {
  ChannelHead head = tests::Head();
  head.rollout = {"s1",
                  {{{"canary", "Lab.1"}, 0, std::chrono::seconds(0)},
                   {{}, 10, std::chrono::seconds(3600)},
                   {{}, 100, std::chrono::seconds(86400)}},
                  std::chrono::seconds(600),
                  true,
                  false,
                  3};
  const std::string text = tests::SignHead(*this, head, {"alice", "bob"});
  const SignedHead read = SignedHead::Parse(text, "head");
  EXPECT_EQ(read.head, head);
  EXPECT_EQ(read.line, head.Serialize());
  EXPECT_EQ(read.Serialize(), text);
  ASSERT_EQ(read.signatures.size(), 2);
  EXPECT_EQ(read.signatures[1].fingerprint, FingerprintOfFile("bob"));
}

TEST_F(ChannelHeadTest, TheLineIsCanonical) {
  ChannelHead head;
  head.channel = "web";
  head.version = 1;
  head.created = tests::kCreated;
  head.expires = tests::kCreated + std::chrono::hours(1);
  EXPECT_EQ(head.Serialize(),
            "{\"agent\":{},\"apps\":{},\"channel\":\"web\",\"created\":\"2026-11-30T12:00:00Z\","
            "\"expires\":\"2026-11-30T13:00:00Z\",\"fetch\":{},\"format\":1,\"rollout\":{\"hold\":"
            "false,\"retry\":0,\"salt\":\"\",\"spread_seconds\":0,\"urgent\":false,\"waves\":[{"
            "\"after_seconds\":0,\"groups\":[],\"percent\":100}]},\"version\":1}\n");
  EXPECT_EQ(ChannelHead::ParseLine(head.Serialize(), "head"), head);
}

TEST_F(ChannelHeadTest, WhatIsNoHeadIsRefusedWithTheReason) {
  EXPECT_EQ(WhyNot("\"format\":1", "\"format\":2"),
            "head: format: it is 2, and this version reads 1 alone: update this host's programs "
            "with imgpush channel enroll");
  EXPECT_THAT(WhyNot("\"version\":42", "\"version\":42,\"x\":1"), HasSubstr("unknown field 'x'"));
  EXPECT_THAT(WhyNot("\"hold\"", "\"holt\""), HasSubstr("the nearest known one is 'hold'"));
  EXPECT_THAT(WhyNot("\"version\":42", "\"version\":0"), HasSubstr("from 1 to 99999999"));
  EXPECT_THAT(WhyNot("\"version\":42", "\"version\":100000000"), HasSubstr("from 1 to 99999999"));
  EXPECT_THAT(WhyNot("\"version\":42", "\"version\":-1"), HasSubstr("head: version"));
  EXPECT_THAT(WhyNot("\"version\":42", "\"version\":4.2e1"), HasSubstr("head: version"));
  EXPECT_THAT(WhyNot("\"channel\":\"web\"", "\"channel\":\"../x\""), HasSubstr("head: channel"));
  EXPECT_THAT(WhyNot("{\"db\":", "{\"Db\":"), HasSubstr("application 'Db' is not possible"));
  EXPECT_THAT(WhyNot("2026-12-07T12", "2026-11-30T12"), HasSubstr("head: expires"));
  EXPECT_THAT(WhyNot("2026-12-07T12", "2027-12-07T12"), HasSubstr("at most 366 days"));
  EXPECT_THAT(WhyNot("2026-12-07T12:00:00Z", "2026-12-07T12:00:00"), HasSubstr("expected a time"));
  EXPECT_THAT(WhyNot("\"created\":\"2026-11-30", "\"created\":\"2026-11-31"),
              HasSubstr("expected a time"));
  EXPECT_THAT(WhyNot("\"percent\":100", "\"percent\":101"), HasSubstr("from 0 to 100"));
  EXPECT_THAT(WhyNot("\"spread_seconds\":0", "\"spread_seconds\":31622401"),
              HasSubstr("from 0 to 31622400"));
  EXPECT_THAT(WhyNot("\"groups\":[]", "\"groups\":[\"a\",\"a\"]"), HasSubstr("appears twice"));
  EXPECT_THAT(WhyNot("\"groups\":[]", "\"groups\":[\"a b\"]"), HasSubstr("'a b' is not possible"));
  EXPECT_THAT(WhyNot("\"salt\":\"\"", "\"salt\":\"\\u0000\""), HasSubstr("head: rollout.salt"));
  EXPECT_THAT(WhyNot("\"bytes\":5000000", "\"bytes\":1073741825"), HasSubstr("1073741824"));
  EXPECT_THAT(WhyNot("\"hold\":false", "\"hold\":1"), HasSubstr("expected true or false"));
  EXPECT_THAT(WhyNot("\"architecture\":\"x86_64\"", "\"architecture\":\"\""),
              HasSubstr("architecture"));
  EXPECT_THAT(WhyNot("{\"agent\"", " {\"agent\""), HasSubstr("not written as"));
  EXPECT_THAT(WhyNot(",\"retry\":0", ""), HasSubstr("expected a whole number"));
  EXPECT_THAT(WhyNot("\"hold\":false,", ""), HasSubstr("not written as"));
}

TEST_F(ChannelHeadTest, ContradictionsAreRefused) {
  ChannelHead head = tests::Head();
  head.rollout.hold = head.rollout.urgent = true;
  const auto why = [&] {
    return tests::MessageOf([&] { ChannelHead::ParseLine(head.Serialize(), "head"); });
  };
  EXPECT_THAT(why(), HasSubstr("a channel that is held cannot be urgent"));
  head = tests::Head();
  head.rollout.waves = {{{}, 50, std::chrono::seconds(9)}, {{}, 49, std::chrono::seconds(9)}};
  EXPECT_THAT(why(), HasSubstr("from 50 to 100"));
  head.rollout.waves = {{{}, 50, std::chrono::seconds(9)}, {{}, 50, std::chrono::seconds(8)}};
  EXPECT_THAT(why(), HasSubstr("after_seconds: expected a whole number from 9"));
  head.rollout.waves.clear();
  EXPECT_THAT(why(), HasSubstr("waves: expected 1 to 32"));
  head.rollout.waves.resize(33);
  EXPECT_THAT(why(), HasSubstr("waves: expected 1 to 32"));
  head = tests::Head();
  head.apps["web"].clear();
  EXPECT_THAT(why(), HasSubstr("1 to 16 variants"));
  head.apps["web"].resize(17, tests::Variant("x"));
  EXPECT_THAT(why(), HasSubstr("1 to 16 variants"));
  head.apps.clear();
  for (size_t i = 0; i <= kMaxChannelApps; ++i) {
    head.apps["app" + std::to_string(i)] = {tests::Variant("x")};
  }
  EXPECT_THAT(why(), HasSubstr("more than 1000 applications"));
}

TEST_F(ChannelHeadTest, OnlySignersOfThisHostCount) {
  const std::string text = tests::SignHead(*this, tests::Head(), {"alice"});
  EXPECT_THAT(Signers(text, TrustIn({"bob", "alice"})), ElementsAre("alice@x"));
  EXPECT_EQ(Why(text, TrustIn({"bob"})),
            "channel web, version 42: it is signed by nobody this host trusts: " +
                FingerprintOfFile("alice"));
  EXPECT_EQ(Why(text, TrustIn({"alice", "bob"}, 2)),
            "channel web, version 42 has 1 of 2 signatures (alice@x)");
  EXPECT_THAT(Signers(tests::SignHead(*this, tests::Head(), {"eve", "alice", "bob"}),
                      TrustIn({"alice", "bob"}, 2)),
              ElementsAre("alice@x", "bob@x"));
  TrustTexts texts = TrustIn({"alice"});
  texts.revoked = PublicKey("alice") + "\n";
  EXPECT_EQ(Why(text, texts), "channel web, version 42: alice@x's key is revoked");
  texts = TrustIn({"alice"});
  texts.signers = "alice@x valid-before=\"20261130130000Z\" " + PublicKey("alice") + "\n";
  EXPECT_THAT(Signers(text, texts), ElementsAre("alice@x"));
  EXPECT_THAT(Why(text, texts, tests::kCreated + std::chrono::hours(2)), HasSubstr("expired on"));
}

// A release is no head, and a head no release, whoever signed them.
TEST_F(ChannelHeadTest, ASignatureForSomethingElseIsNone) {
  const std::string line = tests::Head().Serialize();
  EXPECT_THAT(Why(SignAs(kReleaseNamespace, line, "alice"), TrustIn({"alice"})),
              HasSubstr("is for slipway-release, not for slipway-channel"));
  TrustTexts texts = TrustIn({"alice"});
  const std::string head = tests::SignHead(*this, tests::Head(), {"alice"});
  texts.signers = "alice@x namespaces=\"slipway-release\" " + PublicKey("alice") + "\n";
  Why(head, texts);
  texts.signers = "alice@x namespaces=\"slipway-channel\" " + PublicKey("alice") + "\n";
  EXPECT_THAT(Signers(head, texts), ElementsAre("alice@x"));
  EXPECT_EQ(tests::ErrorOf([&] { Release::Parse(head, "release"); }).code(),
            base::ExitCode::kVerification);
}

TEST_F(ChannelHeadTest, NoByteMayChange) {
  ChannelHead head = tests::Head();
  head.apps = {{"web", {tests::Variant("web")}}};
  head.agent = head.fetch = {};
  const std::string text = tests::SignHead(*this, head, {"alice"});
  const TrustTexts texts = TrustIn({"alice"});
  const Trust trust = Trust::Parse(texts, "trust");
  SshKeygenVerifier verifier(texts);
  size_t reached_ssh_keygen = 0;
  for (size_t at = 0; at < text.size(); ++at) {
    std::string changed = text;
    changed[at] = static_cast<char>(changed[at] ^ (at % 2 == 0 ? '\x01' : '\x20'));
    EXPECT_THROW(
        {
          const SignedHead parsed = SignedHead::Parse(changed, "head");
          ++reached_ssh_keygen;
          CheckHeadSigners(parsed, trust, verifier, tests::kCreated);
        },
        base::Error)
        << "byte " << at;
  }
  EXPECT_GT(reached_ssh_keygen, 100);  // the strict reading alone is not what is tested
}

// A newer publisher may sign in another way: what is wrong is the version all the same.
TEST_F(ChannelHeadTest, TheFormatIsLookedAtFirst) {
  EXPECT_THAT(tests::MessageOf([] { SignedHead::Parse("{\"format\":2}\nother\n", "head"); }),
              HasSubstr("this version reads 1 alone"));
}

TEST_F(ChannelHeadTest, NoHeadIsTooLong) {
  const std::string line = tests::Head().Serialize();
  EXPECT_THAT(
      tests::MessageOf([&] { SignedHead::Parse(line + std::string(kMaxHeadBytes, 'x'), "head"); }),
      HasSubstr("more than 1048576"));
}

TEST(ChooseVariantTest, TheFirstThatTheHostCanRun) {
  const std::vector<AppVariant> variants = {
      {base::Sha256Of("arm"), "aarch64", {"erofs-zstd"}},
      {base::Sha256Of("v"), "x86_64", {"erofs-zstd", "dm-verity"}},
      {base::Sha256Of("z"), "x86_64", {"erofs-zstd"}},
      {base::Sha256Of("l"), "x86_64", {"erofs-lz4"}}};
  const auto chosen = [&](const HostAbilities& host) {
    return ChooseVariant("web", variants, host).manifest_sha256;
  };
  EXPECT_EQ(chosen({"x86_64", {"erofs-lz4", "erofs-zstd", "dm-verity"}}), base::Sha256Of("v"));
  EXPECT_EQ(chosen({"x86_64", {"erofs-lz4", "erofs-zstd"}}), base::Sha256Of("z"));
  EXPECT_EQ(chosen({"x86_64", {"erofs-lz4"}}), base::Sha256Of("l"));
  EXPECT_EQ(chosen({"aarch64", {"erofs-zstd"}}), base::Sha256Of("arm"));
  const std::string why = tests::MessageOf([&] { chosen({"riscv64", {"erofs-zstd"}}); });
  EXPECT_THAT(why, HasSubstr("no variant of web is for this host: this host is riscv64"));
}

}  // namespace
}  // namespace images

// Whose signatures count, by ssh-keygen itself.
#include "images/release/judge.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "tests/images/release/signing.h"
#include "tests/support/errors.h"

namespace images {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const SignatureVerifier::Time kNow = *base::FromIso8601("2026-11-30T12:00:00Z");

class JudgeTest : public tests::SigningTest {
 protected:
  std::vector<std::string> Signers(const std::string& release, const TrustTexts& texts,
                                   SignatureVerifier::Time at = kNow) const {
    const Trust trust = Trust::Parse(texts, "trust");
    SshKeygenVerifier verifier(texts);
    return CheckSigners(Release::Parse(release, "release"), trust, verifier, at, "nginx 83bf");
  }
  std::string Why(const std::string& release, const TrustTexts& texts,
                  SignatureVerifier::Time at = kNow) const {
    const base::Error error = tests::ErrorOf([&] { Signers(release, texts, at); });
    EXPECT_EQ(error.code(), base::ExitCode::kVerification);
    return error.what();
  }
  TrustTexts AliceIs(const std::string& options) const {
    TrustTexts texts = TrustIn({"alice"});
    texts.signers = "alice@x " + options + " " + PublicKey("alice") + "\n";
    return texts;
  }
};

TEST_F(JudgeTest, ASignersReleaseCounts) {
  EXPECT_THAT(Signers(Sign(statement_, {"alice"}), TrustIn({"bob", "alice"})),
              ElementsAre("alice@x"));
  EXPECT_THAT(Signers(Sign(statement_, {"eve", "bob", "alice"}), TrustIn({"bob", "alice"}, 2)),
              ElementsAre("bob@x", "alice@x"));
}

TEST_F(JudgeTest, AStrangersDoesNot) {
  EXPECT_EQ(Why(Sign(statement_, {"eve"}), TrustIn({"alice"})),
            "nginx 83bf: it is signed by nobody this host trusts: " + FingerprintOfFile("eve"));
}

TEST_F(JudgeTest, OneOfTwoIsNotEnough) {
  EXPECT_EQ(Why(Sign(statement_, {"alice"}), TrustIn({"alice", "bob"}, 2)),
            "nginx 83bf has 1 of 2 signatures (alice@x)");
  EXPECT_THAT(Signers(Sign(statement_, {"alice", "eve"}), TrustIn({"alice", "bob", "eve"}, 2)),
              ElementsAre("alice@x", "eve@x"));
}

// Two keys of one person are one person, and one key under two names is one key.
TEST_F(JudgeTest, ThePeopleAreCountedNotTheKeys) {
  TrustTexts texts = TrustIn({"eve"}, 2);
  texts.signers += "alice@x " + PublicKey("alice") + "\nalice@x " + PublicKey("bob") + "\n";
  EXPECT_THAT(Why(Sign(statement_, {"alice", "bob"}), texts), HasSubstr("1 of 2 signatures"));
}

TEST_F(JudgeTest, ARevokedKeyDoesNotCount) {
  TrustTexts texts = TrustIn({"alice", "bob", "eve"});
  texts.revoked = PublicKey("alice") + "\n";
  EXPECT_EQ(Why(Sign(statement_, {"alice"}), texts), "nginx 83bf: alice@x's key is revoked");
  tests::MustRun({"ssh-keygen", "-q", "-k", "-f", At("krl"), At("alice.pub")});
  texts.revoked = Get("krl");
  EXPECT_EQ(Why(Sign(statement_, {"alice"}), texts), "nginx 83bf: alice@x's key is revoked");
  texts.policy = Policy{{"production"}, 2}.Serialize();
  EXPECT_THAT(Signers(Sign(statement_, {"alice", "bob", "eve"}), texts),
              ElementsAre("bob@x", "eve@x"));
  EXPECT_EQ(Why(Sign(statement_, {"alice", "bob"}), texts),
            "nginx 83bf has 1 of 2 signatures (bob@x); alice@x's key is revoked");
}

TEST_F(JudgeTest, ADamagedRevocationListLetsNothingThrough) {
  TrustTexts texts = TrustIn({"alice"});
  tests::MustRun({"ssh-keygen", "-q", "-k", "-f", At("krl"), At("eve.pub")});
  texts.revoked = Get("krl").substr(0, 30);
  EXPECT_EQ(tests::ErrorOf([&] { Signers(Sign(statement_, {"alice"}), texts); }).code(),
            base::ExitCode::kVerification);
}

// A failure of ssh-keygen says nothing about a signature.
TEST_F(JudgeTest, WhatFailsIsNoVerdict) {
  const std::string release = Sign(statement_, {"alice"});
  const std::string path = std::getenv("PATH");
  Put("bin/ssh-keygen", "#!/bin/sh\necho unknown option >&2\nexit 1\n");
  std::filesystem::permissions(At("bin/ssh-keygen"), std::filesystem::perms::owner_all);
  ::setenv("PATH", (At("bin") + ":" + path).c_str(), 1);
  const base::Error error = tests::ErrorOf([&] { Signers(release, TrustIn({"alice"})); });
  ::setenv("PATH", path.c_str(), 1);
  EXPECT_EQ(error.code(), base::ExitCode::kFailed);
  EXPECT_THAT(error.what(), HasSubstr("exit code 1: unknown option"));
}

TEST_F(JudgeTest, AKeyCountsInItsTimeAlone) {
  const std::string release = Sign(statement_, {"alice"});
  const TrustTexts texts = AliceIs("valid-after=\"20261001\",valid-before=\"20261130130000Z\"");
  EXPECT_THAT(Signers(release, texts), ElementsAre("alice@x"));
  EXPECT_EQ(Why(release, texts, kNow + std::chrono::seconds(3601)),
            "nginx 83bf: alice@x's key expired on 2026-11-30T13:00:00Z");
  EXPECT_EQ(Why(release, texts, *base::FromIso8601("2026-09-30T23:59:59Z")),
            "nginx 83bf: alice@x's key is valid from 2026-10-01T00:00:00Z on");
}

TEST_F(JudgeTest, AKeyForOtherNamespacesDoesNotCount) {
  EXPECT_THAT(Signers(Sign(statement_, {"alice"}), AliceIs("namespaces=\"slipway-*\"")),
              ElementsAre("alice@x"));
  Why(Sign(statement_, {"alice"}), AliceIs("namespaces=\"git\""));
}

TEST_F(JudgeTest, ACertificateCountsByItsAuthority) {
  MakeCertificate("alice", "ca", "alice@x", "20261101:20261201");
  const std::string release = SignWith(statement_, At("alice-cert.pub"));
  TrustTexts texts = TrustIn({"bob"});
  texts.signers += "alice@x cert-authority " + PublicKey("ca") + "\n";
  EXPECT_THAT(Signers(release, texts), ElementsAre("alice@x"));
  EXPECT_THAT(Why(release, texts, *base::FromIso8601("2026-12-02T00:00:00Z")),
              HasSubstr("is not valid now"));
  EXPECT_THAT(Why(release, TrustIn({"bob"})), HasSubstr("nobody this host trusts"));
  texts.revoked = PublicKey("ca") + "\n";
  EXPECT_THAT(Why(release, texts), HasSubstr("revoked"));
}

TEST_F(JudgeTest, OnlyThePolicysChannelsAreTaken) {
  CheckChannel(statement_, {{"staging", "production"}, 1}, "nginx 83bf");
  EXPECT_EQ(tests::MessageOf([&] {
              CheckChannel(statement_, {{"staging"}, 1}, "nginx 83bf");
            }),
            "nginx 83bf is released for production; this host takes staging");
}

// The whole file, each byte changed: none of them is taken.
TEST_F(JudgeTest, NoByteOfAReleaseMayChange) {
  const std::string release = Sign(statement_, {"alice"});
  const TrustTexts texts = TrustIn({"alice"});
  const Trust trust = Trust::Parse(texts, "trust");
  SshKeygenVerifier verifier(texts);
  size_t reached_ssh_keygen = 0;
  for (size_t at = 0; at < release.size(); ++at) {
    std::string changed = release;
    changed[at] = static_cast<char>(changed[at] ^ (at % 2 == 0 ? '\x01' : '\x20'));
    EXPECT_THROW(
        {
          const Release parsed = Release::Parse(changed, "release");
          ++reached_ssh_keygen;
          CheckSigners(parsed, trust, verifier, kNow, "nginx 83bf");
        },
        base::Error)
        << "byte " << at;
  }
  EXPECT_GT(reached_ssh_keygen, 100);  // the strict reading alone is not what is tested
}

// ssh-keygen alone, by hand as docs/formats/release.md says, for each signature.
TEST_F(JudgeTest, SshKeygenComesToTheSameVerdict) {
  std::mt19937 random(1);
  const auto one_of = [&](const std::vector<std::string>& choices) {
    return choices[random() % choices.size()];
  };
  for (int i = 0; i < 40; ++i) {
    const std::string signer = one_of({"alice", "bob", "eve"});
    const std::string options =
        one_of({"", "namespaces=\"slipway-release\"", "namespaces=\"other\"",
                "valid-before=\"20261130\"", "valid-before=\"20271130\"",
                "valid-after=\"20261201\"", "valid-after=\"20260101\",valid-before=\"20261201\""});
    TrustTexts texts = TrustIn({"bob"});
    texts.signers += "alice@x " + options + (options.empty() ? "" : " ") + PublicKey("alice");
    texts.revoked = one_of({"", PublicKey("bob"), PublicKey("alice")});
    const std::string release = Sign(statement_, {signer});
    const std::string line = statement_.Serialize();
    const bool other_line = random() % 4 == 0;
    Put("signers", texts.signers);
    Put("revoked", texts.revoked);
    Put("sig", release.substr(line.size()));
    tests::RunOptions by_hand;
    by_hand.env = {"TZ=UTC"};
    by_hand.input = other_line ? "other\n" : line;
    const bool theirs = tests::RunCommand({"ssh-keygen", "-Y", "verify", "-f", At("signers"), "-I",
                                           signer + "@x", "-n", "slipway-release", "-s", At("sig"),
                                           "-r", At("revoked"), "-Overify-time=20261130120000"},
                                          by_hand)
                            .exit_code == 0;
    bool ours = true;
    try {
      Release parsed = Release::Parse(release, "release");
      parsed.line = by_hand.input;
      SshKeygenVerifier verifier(texts);
      CheckSigners(parsed, Trust::Parse(texts, "trust"), verifier, kNow, "nginx 83bf");
    } catch (const base::Error&) {
      ours = false;
    }
    EXPECT_EQ(ours, theirs) << signer << " " << texts.signers << texts.revoked << other_line;
  }
}

}  // namespace
}  // namespace images

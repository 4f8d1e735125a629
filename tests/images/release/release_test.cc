// The release file: what is taken, and that nothing else is.
#include "images/release/release.h"

#include <gtest/gtest.h>

#include "base/clock.h"
#include "images/release/signature_verifier.h"
#include "tests/images/release/signing.h"
#include "tests/support/errors.h"

namespace images {
namespace {

using ::testing::HasSubstr;
using ReleaseTest = tests::SigningTest;

TEST_F(ReleaseTest, WhatWasSignedIsReadAsItWasWritten) {
  const std::string text = Sign(statement_, {"alice", "bob"});
  const Release release = Release::Parse(text, "release");
  EXPECT_EQ(release.statement, statement_);
  EXPECT_EQ(release.line, statement_.Serialize());
  EXPECT_EQ(release.signatures.size(), 2);
  EXPECT_EQ(release.Serialize(), text);
  EXPECT_EQ(release.signatures[0].fingerprint, FingerprintOfFile("alice"));
  EXPECT_TRUE(IsSignatureOf(release.signatures[1], release.line));
  EXPECT_FALSE(IsSignatureOf(release.signatures[1], "another line\n"));
}

TEST_F(ReleaseTest, EveryKindOfKeyIsRead) {
  for (const char* kind : {"ed25519", "rsa", "ecdsa", "ecdsa -b 384", "ecdsa -b 521"}) {
    MakeKey(kind, kind);
    const Release release = Release::Parse(Sign(statement_, {kind}), "release");
    EXPECT_EQ(release.signatures[0].fingerprint, FingerprintOfFile(kind)) << kind;
    EXPECT_TRUE(IsSignatureOf(release.signatures[0], release.line)) << kind;
  }
}

TEST_F(ReleaseTest, ACertificatesKeyAndAuthorityAreRead) {
  MakeCertificate("alice", "ca", "alice@x");
  const Release release = Release::Parse(SignWith(statement_, At("alice-cert.pub")), "release");
  EXPECT_EQ(release.signatures[0].fingerprint, FingerprintOfFile("alice"));
  EXPECT_EQ(FingerprintOf(release.signatures[0].key.authority), FingerprintOfFile("ca"));
}

TEST_F(ReleaseTest, WhatIsNoReleaseIsRefusedWithTheReason) {
  const std::string text = Sign(statement_, {"alice"});
  const auto why = [](const std::string& bad) {
    const base::Error error = tests::ErrorOf([&] { Release::Parse(bad, "release"); });
    EXPECT_EQ(error.code(), base::ExitCode::kVerification);
    return std::string(error.what());
  };
  const std::string line = statement_.Serialize();
  const std::string block = text.substr(line.size());
  EXPECT_THAT(why(""), HasSubstr("no signature"));
  EXPECT_THAT(why(line), HasSubstr("no signature"));
  EXPECT_THAT(why(text + "x"), HasSubstr("signature 2"));
  EXPECT_THAT(why(text + block), HasSubstr("has signed already"));
  EXPECT_THAT(why(" " + text), HasSubstr("not as imgbuild writes it"));
  EXPECT_THAT(why(line + std::string(kMaxReleaseBytes, 'x')), HasSubstr("more than 65536"));
  EXPECT_THAT(why(SignAs("file", statement_.Serialize(), "alice")), HasSubstr("is for file"));
  std::string changed = text;
  changed.replace(changed.find("\"format\":1"), 10, "\"format\":2");
  EXPECT_THAT(why(changed), HasSubstr("newer version"));
}

TEST_F(ReleaseTest, MoreThanSixteenSignaturesAreRefused) {
  std::vector<std::string> keys;
  for (int i = 0; i < 17; ++i) {
    keys.push_back("key" + std::to_string(i));
    MakeKey(keys.back(), "ed25519");
  }
  EXPECT_THAT(tests::MessageOf([&] { Release::Parse(Sign(statement_, keys), "release"); }),
              HasSubstr("more than 16 signatures"));
  keys.pop_back();
  EXPECT_EQ(Release::Parse(Sign(statement_, keys), "release").signatures.size(), 16);
}

TEST_F(ReleaseTest, ItBelongsToOneVersion) {
  CheckBelongs(statement_, "nginx", statement_.manifest_sha256, "release");
  EXPECT_THAT(tests::MessageOf([&] {
                CheckBelongs(statement_, "redis", statement_.manifest_sha256, "release");
              }),
              HasSubstr("is the release of nginx"));
  EXPECT_THAT(tests::MessageOf(
                  [&] { CheckBelongs(statement_, "nginx", base::Sha256Of("other"), "release"); }),
              HasSubstr("imgbuild sign --renew"));
}

}  // namespace
}  // namespace images

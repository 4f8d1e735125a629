// imgpush --trust looks at each key as ssh-keygen does, before a host gets it.
#include "pusher/trust_command.h"

#include <gtest/gtest.h>

#include "images/release/base64.h"
#include "tests/images/release/signing.h"
#include "tests/support/errors.h"

namespace pusher {
namespace {

class TrustCommandTest : public tests::SigningTest {
 protected:
  static void Check(const images::TrustTexts& texts) {
    CheckAsSshKeygen(images::Trust::Parse(texts, "trust"), "trust");
  }
  static std::string Why(const images::TrustTexts& texts) {
    const base::Error error = tests::ErrorOf([&] { Check(texts); });
    EXPECT_EQ(error.code(), base::ExitCode::kVerification);
    return error.what();
  }
  // Of the right length, but its point does not lie on the curve.
  std::string KeyBesideItsCurve() const {
    MakeKey("key", "ecdsa");
    const std::string key = PublicKey("key");
    const size_t at = key.find(' ') + 1;
    std::string blob = images::FromBase64(key.substr(at)).value();
    blob.back() = static_cast<char>(blob.back() ^ 1);
    return key.substr(0, at) + images::ToBase64(blob);
  }
};

TEST_F(TrustCommandTest, WhatSshKeygenReadsIsTaken) {
  images::TrustTexts texts = TrustIn({"alice", "bob"});
  std::string key = PublicKey("eve");
  key.replace(key.find(' '), 1, "\t");
  texts.signers += "eve@x\tnamespaces=\"slipway-*\"\t" + key + "\ther key\n";
  Check(texts);
  texts.revoked = "# lost\n" + key + "\n";
  Check(texts);
  tests::MustRun({"ssh-keygen", "-q", "-k", "-f", At("krl"), At("eve.pub")});
  texts.revoked = Get("krl");
  Check(texts);
}

TEST_F(TrustCommandTest, ASignerWhomSshKeygenWouldSkipIsRefused) {
  images::TrustTexts texts = TrustIn({"alice"});
  texts.signers += "key@x " + KeyBesideItsCurve() + "\n";
  EXPECT_EQ(Why(texts), "trust/signers line 2 is no key: ssh-keygen would skip it");
}

TEST_F(TrustCommandTest, ARevocationListThatWouldRevokeAllIsRefused) {
  images::TrustTexts texts = TrustIn({"alice"});
  texts.revoked = KeyBesideItsCurve() + "\n";
  EXPECT_THAT(Why(texts), testing::HasSubstr("trust/revoked is not what ssh-keygen can read"));
  tests::MustRun({"ssh-keygen", "-q", "-k", "-f", At("krl"), At("eve.pub")});
  texts.revoked = Get("krl");
  texts.revoked.resize(texts.revoked.size() - 5);
  EXPECT_THAT(Why(texts), testing::HasSubstr("trust/revoked is not what ssh-keygen can read"));
}

}  // namespace
}  // namespace pusher

// The files of ROOT/trust: what is taken is what ssh-keygen understands, and nothing is skipped.
#include "images/release/signers.h"

#include <gtest/gtest.h>

#include "tests/images/release/signing.h"
#include "tests/support/errors.h"

namespace images {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class SignersTest : public tests::SigningTest {
 protected:
  std::string Why(const std::string& text) const {
    const base::Error error = tests::ErrorOf([&] { ParseSigners(text, "trust/signers"); });
    EXPECT_EQ(error.code(), base::ExitCode::kVerification);
    return error.what();
  }
  std::string WhyRevoked(const std::string& text) const {
    return tests::MessageOf([&] { CheckRevoked(text, "trust/revoked"); });
  }
  std::string WhyTrust(TrustTexts texts) const {
    return tests::MessageOf([&] { Trust::Parse(std::move(texts), "trust"); });
  }
};

TEST_F(SignersTest, NamesOptionsAndCommentsAreRead) {
  const std::string key = PublicKey("alice");
  const std::vector<Signer> found =
      ParseSigners("# comment\n\n  alice@x,al@y " + key + " her key\n" +
                       "ca@x cert-authority,namespaces=\"a,slipway-*\",valid-after=\"20260101\","
                       "valid-before=\"20270102030405Z\" " +
                       key,
                   "signers");
  ASSERT_EQ(found.size(), 2);
  EXPECT_EQ(found[0].line, 3);
  EXPECT_THAT(found[0].principals, ElementsAre("alice@x", "al@y"));
  EXPECT_FALSE(found[0].is_authority);
  EXPECT_TRUE(found[1].is_authority);
  EXPECT_EQ(found[1].valid_after, base::FromIso8601("2026-01-01T00:00:00Z"));
  EXPECT_EQ(found[1].valid_before, base::FromIso8601("2027-01-02T03:04:05Z"));
}

TEST_F(SignersTest, EachBadLineIsAnErrorWithItsNumber) {
  const std::string key = PublicKey("alice");
  const std::string good = "alice@x " + key + "\n";
  EXPECT_EQ(Why(good + good + "bob@x ssh-ed25519 AAAA"),
            "trust/signers line 3 is no key: ssh-keygen would skip it");
  EXPECT_THAT(Why(good + "bob@x"), HasSubstr("line 2 is no key"));
  EXPECT_THAT(Why(key), HasSubstr("line 1 is no key"));
  EXPECT_THAT(Why("*@x " + key), HasSubstr("line 1 has a wildcard"));
  EXPECT_THAT(Why("a,!b " + key), HasSubstr("wildcard"));
  EXPECT_THAT(Why("a,,b " + key), HasSubstr("line 1 has no list of names"));
  EXPECT_THAT(Why("\"a b\" " + key), HasSubstr("no list of names"));
  EXPECT_THAT(Why("a no-such-option " + key), HasSubstr("no-such-option"));
  EXPECT_THAT(Why("a namespaces=open " + key), HasSubstr("namespaces=open"));
  EXPECT_THAT(Why("a valid-before=\"2026\" " + key), HasSubstr("valid-before"));
  EXPECT_THAT(Why("a valid-before=\"20261301\" " + key), HasSubstr("valid-before"));
  EXPECT_THAT(Why("a namespaces=\"a\",namespaces=\"b\" " + key), HasSubstr("namespaces twice"));
  EXPECT_THAT(Why("a namespaces=\"a\\\" " + key), HasSubstr("backslash"));
  EXPECT_THAT(Why("a valid-after=\"20271231\",valid-before=\"20261231\" " + key),
              HasSubstr("not after its valid-after"));
  EXPECT_THAT(Why("a valid-before=\"20261231\",valid-after=\"20261231000000Z\" " + key),
              HasSubstr("not after its valid-after"));
  EXPECT_THAT(Why("a " + key + "\r"), HasSubstr("control characters"));
  EXPECT_THAT(Why(""), HasSubstr("names nobody"));
  EXPECT_THAT(Why("# nobody\n"), HasSubstr("names nobody"));
  std::string other = "a " + key;
  other.replace(other.find("ssh-ed25519"), 11, "ssh-rsa");
  EXPECT_THAT(Why(other), HasSubstr("no key"));
}

TEST_F(SignersTest, TwoBadLinesAreBothNamed) {
  const base::Error error = tests::ErrorOf([] { ParseSigners("a\nb\n", "signers"); });
  EXPECT_THAT(error.detail(), ElementsAre(HasSubstr("line 1"), HasSubstr("line 2")));
}

TEST_F(SignersTest, WhatSshKeygenCannotReadIsRefusedInTheRevokedKeysToo) {
  CheckRevoked("", "revoked");
  CheckRevoked("# none\n" + PublicKey("alice") + " lost\n" + PublicKey("bob"), "revoked");
  EXPECT_EQ(WhyRevoked(PublicKey("bob") + "\n" + "ssh-ed25519 AAAAC3\n"),
            "trust/revoked line 2 is no key: ssh-keygen would skip it");
  EXPECT_THAT(WhyRevoked("serial: 1\n"), HasSubstr("line 1"));
  tests::MustRun({"ssh-keygen", "-q", "-k", "-f", At("krl"), At("eve.pub")});
  CheckRevoked(Get("krl"), "revoked");
}

TEST_F(SignersTest, APolicyIsReadStrictly) {
  TrustTexts texts = TrustIn({"alice", "bob"}, 2);
  EXPECT_EQ(Trust::Parse(texts, "trust").policy, (Policy{{"production"}, 2}));
  const auto with = [&](const std::string& policy) {
    texts.policy = policy;
    return WhyTrust(texts);
  };
  EXPECT_THAT(with(""), HasSubstr("trust/policy.json"));
  EXPECT_THAT(with(R"({"format":2,"channels":["a"],"threshold":1})"), HasSubstr("format"));
  EXPECT_THAT(with(R"({"format":1,"channels":[],"threshold":1})"), HasSubstr("at least one"));
  EXPECT_THAT(with(R"({"format":1,"channels":["a"],"threshold":0})"), HasSubstr("threshold"));
  EXPECT_THAT(with(R"({"format":1,"channels":["a"]})"), HasSubstr("threshold"));
  EXPECT_THAT(with(R"({"format":1,"channels":["a"],"threshold":1,"verity":"maybe"})"),
              HasSubstr(R"(verity: expected "as-built" or "required")"));
  for (const char* verity : {"as-built", "required"}) {
    texts.policy = fmt::format(R"({{"channels":["a"],"format":1,"threshold":1,"verity":"{}"}})"
                               "\n",
                               verity);
    const Policy policy = Trust::Parse(texts, "trust").policy;
    EXPECT_EQ(policy.requires_verity, std::string("required") == verity);
    EXPECT_EQ(policy.Serialize(), texts.policy);
  }
  EXPECT_THAT(with(R"({"format":1,"channels":["a"],"threshold":1,"x":1})"), HasSubstr("x"));
  EXPECT_THAT(with(R"({"format":1,"channels":["a"],"threshold":3})"),
              HasSubstr("has 2 keys, and policy.json wants 3"));
  const std::string signers = std::exchange(
      texts.signers, "alice@x " + PublicKey("alice") + "\nalice@x,al@x " + PublicKey("bob") + "\n");
  EXPECT_THAT(with(R"({"format":1,"channels":["a"],"threshold":2})"),
              HasSubstr("has keys of 1 signers, and policy.json wants 2"));
  texts.signers = signers;
  texts.signers += "ca@x cert-authority " + PublicKey("eve") + "\n";
  EXPECT_THAT(with(R"({"format":1,"channels":["a"],"threshold":2})"),
              HasSubstr("trust/signers line 3 has cert-authority"));
}

TEST_F(SignersTest, AFileThatCannotBeReadIsNoTrust) {
  const TrustTexts texts = TrustIn({"alice"});
  for (const char* file : kTrustFiles) {
    Put(std::string("trust/") + file, texts.Of(file));
  }
  EXPECT_EQ(ReadTrustTexts(At("trust")), texts);
  for (const char* file : kTrustFiles) {
    std::filesystem::remove(At("trust/") + file);
    const base::Error missing = tests::ErrorOf([&] { ReadTrustTexts(At("trust")); });
    EXPECT_EQ(missing.code(), base::ExitCode::kVerification);
    EXPECT_THAT(missing.what(), HasSubstr(file));
    std::filesystem::create_directory(At("trust/") + file);
    EXPECT_EQ(tests::ErrorOf([&] { ReadTrustTexts(At("trust")); }).code(),
              base::ExitCode::kVerification);
    std::filesystem::remove(At("trust/") + file);
    Put(std::string("trust/") + file, texts.Of(file));
  }
}

// What we take for a key, ssh-keygen takes for one, and finds: no line is lost on the way.
TEST_F(SignersTest, SshKeygenFindsWhomWeFind) {
  for (const char* kind : {"ed25519", "rsa", "ecdsa", "ecdsa -b 384", "ecdsa -b 521"}) {
    MakeKey("key", kind);
    const std::string line = "key@x " + PublicKey("key");
    EXPECT_EQ(ParseSigners(line, "signers").size(), 1) << kind;
    EXPECT_EQ(tests::RunCommand({"ssh-keygen", "-l", "-f", At("key.pub")}).exit_code, 0);
    // Without its last digits it is no key to both.
    const std::string blob = line.substr(line.rfind(' ') + 1);
    for (const size_t cut : {4U, 8U, 20U}) {
      const std::string broken = blob.substr(0, blob.size() - blob.size() % 4 - cut);
      const std::string type = line.substr(6, line.rfind(' ') - 6);
      Put("broken.pub", type + " " + broken + "\n");
      EXPECT_NE(tests::RunCommand({"ssh-keygen", "-l", "-f", At("broken.pub")}).exit_code, 0);
      EXPECT_THAT(Why("key@x " + type + " " + broken), HasSubstr("no key")) << kind << cut;
    }
  }
}

}  // namespace
}  // namespace images

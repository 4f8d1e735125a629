// imgbuild sign, with real keys of every kind.
#include "builder/sign_command.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "base/error.h"
#include "builder/inspect/image_release.h"
#include "images/version/image_directory.h"
#include "tests/builder/on_terminal.h"
#include "tests/images/release/signing.h"
#include "tests/support/errors.h"
#include "tests/support/synthetic_image.h"

namespace builder {
namespace {

using testing::HasSubstr;

class SignCommandTest : public tests::SigningTest {
 protected:
  void TearDown() override {
    ::setenv("PATH", path_.c_str(), 1);
    ::setenv("HOME", home_.c_str(), 1);
    ::unsetenv("SSH_AUTH_SOCK");
  }

  SignCommandTest() : image_(tests::WriteImage(At("built"), {"app", "1", {"data"}, "", {}})) {}

  // What it prints.
  std::string Sign(std::vector<std::string> arguments) const {
    const base::UniqueFd out = base::Open(At("out"), O_RDWR | O_CREAT | O_TRUNC, 0600);
    base::Io io;
    io.out = out.get();
    arguments.push_back(image_);
    RunSign(arguments, io);
    return Get("out");
  }
  std::string Why(const std::vector<std::string>& arguments) const {
    return tests::MessageOf([&] { Sign(arguments); });
  }
  std::optional<images::Release> Verified() const {
    return VerifyReleaseOf(images::ImageDirectory(image_));
  }

  static std::string Variable(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
  }

  const std::string image_;
  const std::string path_ = Variable("PATH");
  const std::string home_ = Variable("HOME");
};

TEST_F(SignCommandTest, ItSignsAndASecondSignerIsAppended) {
  EXPECT_EQ(ReleaseText(Verified()), "none: it is not signed");
  EXPECT_THAT(Sign({"--key", KeyFile("alice")}), HasSubstr("released for production at 20"));
  EXPECT_THAT(Sign({"--key", KeyFile("bob")}), HasSubstr("2 signatures"));
  EXPECT_THAT(Sign({"--key", KeyFile("bob")}), HasSubstr("2 signatures"));  // once each
  const std::optional<images::Release> release = Verified();
  ASSERT_TRUE(release);
  EXPECT_EQ(release->statement.name, "app");
  EXPECT_EQ(release->signatures[0].fingerprint, FingerprintOfFile("alice"));
  EXPECT_EQ(release->signatures[1].fingerprint, FingerprintOfFile("bob"));
}

TEST_F(SignCommandTest, EveryKindOfKeySigns) {
  for (const char* kind : {"rsa", "ecdsa", "ecdsa -b 521"}) {
    MakeKey("key", kind);
    Sign({"--key", KeyFile("key"), "--renew"});
    EXPECT_EQ(Verified()->signatures[0].fingerprint, FingerprintOfFile("key")) << kind;
  }
  MakeCertificate("alice", "ca", "alice@x");
  Sign({"--key", KeyFile("alice-cert.pub"), "--renew"});
  EXPECT_FALSE(Verified()->signatures[0].key.authority.empty());
}

TEST_F(SignCommandTest, AKeyInAnAgentSigns) {
  const std::string started = tests::MustRun({"ssh-agent", "-s", "-a", At("agent")});
  const size_t pid = started.find("SSH_AGENT_PID=") + 14;
  ::setenv("SSH_AUTH_SOCK", At("agent").c_str(), 1);
  tests::MustRun({"ssh-add", "-q", KeyFile("alice")});
  std::filesystem::rename(KeyFile("alice"), At("away"));
  Sign({"--key", KeyFile("alice.pub")});
  EXPECT_EQ(Verified()->signatures[0].fingerprint, FingerprintOfFile("alice"));
  ::unsetenv("SSH_AUTH_SOCK");
  EXPECT_THAT(Why({"--key", KeyFile("alice.pub"), "--renew"}),
              HasSubstr("ssh-keygen did not sign"));
  EXPECT_TRUE(Verified());  // it stands as it was
  tests::MustRun({"kill", started.substr(pid, started.find(';', pid) - pid)});
}

TEST_F(SignCommandTest, AnotherChannelOrProvenanceIsANewReleaseThatMustBeAskedFor) {
  Sign({"--key", KeyFile("alice"), "--channel", "staging"});
  Sign({"--key", KeyFile("bob")});  // for what it is signed for
  EXPECT_EQ(Verified()->statement.channel, "staging");
  EXPECT_THAT(Why({"--key", KeyFile("alice"), "--channel", "production"}), HasSubstr("--renew"));
  Sign({"--key", KeyFile("alice"), "--channel", "production", "--renew"});
  EXPECT_EQ(Verified()->statement.channel, "production");
  EXPECT_EQ(Verified()->signatures.size(), 1);
  Put("built/app/" + base::BaseName(image_) + "/provenance.json", "{}");
  EXPECT_THAT(tests::MessageOf([&] { Verified(); }), HasSubstr("another provenance"));
  EXPECT_THAT(Why({"--key", KeyFile("bob")}), HasSubstr("--renew"));
  Sign({"--key", KeyFile("bob"), "--renew"});
  EXPECT_TRUE(Verified());
}

TEST_F(SignCommandTest, ANewDateIsNoOtherChannel) {
  Sign({"--key", KeyFile("alice"), "--channel", "staging"});
  EXPECT_THAT(Sign({"--key", KeyFile("alice"), "--renew"}), HasSubstr("for staging"));
  EXPECT_EQ(Verified()->statement.channel, "staging");
  Put("built/app/" + base::BaseName(image_) + "/release", "damaged\n");
  const base::Error error = tests::ErrorOf([&] { Sign({"--key", KeyFile("alice"), "--renew"}); });
  EXPECT_EQ(error.code(), base::ExitCode::kUsage);
  EXPECT_THAT(error.what(), HasSubstr("say --channel"));
  Sign({"--key", KeyFile("alice"), "--renew", "--channel", "testing"});
  EXPECT_EQ(Verified()->statement.channel, "testing");
}

TEST_F(SignCommandTest, AnInterruptWhileAPassphraseIsTypedLeavesTheTerminalAsItWas) {
  tests::MustRun({"ssh-keygen", "-q", "-t", "ed25519", "-N", "secret", "-f", At("locked")});
  tests::OnTerminal sign({SLIPWAY_IMGBUILD, "sign", "--key", At("locked"), image_});
  EXPECT_THAT(sign.ReadUntil("Enter passphrase"), HasSubstr("a passphrase or a touch"));
  EXPECT_FALSE(sign.ShowsWhatIsTyped());
  ASSERT_NO_FATAL_FAILURE(sign.Signal(SIGTERM));
  sign.ReadUntil("interrupted");
  EXPECT_EQ(sign.ExitCode(), 130);
  EXPECT_TRUE(sign.ShowsWhatIsTyped());
}

TEST_F(SignCommandTest, WithoutATerminalThePassphraseIsForTheAgent) {
  tests::MustRun({"ssh-keygen", "-q", "-t", "ed25519", "-N", "secret", "-f", At("locked")});
  const tests::RunResult result = tests::RunCommand(
      {"setsid", "--wait", SLIPWAY_IMGBUILD, "sign", "--key", At("locked"), image_});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("add it to ssh-agent"));
}

TEST_F(SignCommandTest, WhatCannotBeSignedIsSaid) {
  EXPECT_THAT(Why({"--key", At("missing")}), HasSubstr("there is no " + At("missing")));
  EXPECT_THAT(Why({"--key", KeyFile("alice"), "--channel", "A B"}), HasSubstr("channel 'A B'"));
  ::setenv("HOME", scratch().c_str(), 1);
  EXPECT_THAT(Why({}), HasSubstr("say which with --key"));
  EXPECT_FALSE(Verified());
  ::setenv("PATH", "/nowhere", 1);
  EXPECT_THAT(Why({"--key", KeyFile("alice")}), HasSubstr("ssh-keygen is not installed"));
}

TEST_F(SignCommandTest, AWrongSignatureIsFound) {
  Sign({"--key", KeyFile("alice")});
  const std::string path = "built/app/" + base::BaseName(image_) + "/release";
  const std::string text = Get(path);
  const images::Statement other = [&] {
    images::Statement out = Verified()->statement;
    out.released += std::chrono::hours(1);
    return out;
  }();
  Put(path, other.Serialize() + text.substr(text.find('\n') + 1));
  EXPECT_THAT(tests::MessageOf([&] { Verified(); }), HasSubstr("is wrong"));
}

}  // namespace
}  // namespace builder

// A real host that takes signed images alone, with real keys.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/signed_scene.h"

namespace tests {
namespace {

using testing::HasSubstr;

using SignedHostTest = SignedScene;

TEST_F(SignedHostTest, SignedImagesRunAndOthersAreRefused) {
  const TestHost host("signed");
  const std::string first = BuildHello("1");
  MustPushTo(host, {first});  // before there is any trust
  MustActivate(host, "--generation 1");
  const RunResult trusted = SetTrust(host);
  ASSERT_EQ(trusted.exit_code, 0) << trusted.err;
  EXPECT_THAT(trusted.err, HasSubstr("+ alice@x ssh-ed25519"));
  EXPECT_THAT(SetTrust(host).out, HasSubstr("already"));
  EXPECT_THAT(Activate(host, "status").out, HasSubstr("from before this host took signed images"));

  const std::string second = BuildHello("2");
  const Push refused = PushTo(host, {second});
  EXPECT_EQ(refused.result.exit_code, 6);
  EXPECT_THAT(refused.result.err, HasSubstr("is not signed, and this host takes signed images"));
  Sign(second, "alice");
  MustPushTo(host, {second});
  MustActivate(host, "--latest");
  EXPECT_THAT(Activate(host, "status").out, HasSubstr("signed by alice@x for production at"));
  EXPECT_THAT(Activate(host, "verify").out, HasSubstr("signed by alice@x for production at"));

  // What ran before is not signed, so there is no way back to it; signed anew there is.
  const RunResult unsigned_before = Activate(host, "--rollback");
  EXPECT_EQ(unsigned_before.exit_code, 6);
  EXPECT_THAT(unsigned_before.err, HasSubstr("is not signed"));
  Sign(first, "bob");
  MustPushTo(host, {first});
  MustActivate(host, "--latest");
  EXPECT_THAT(Activate(host, "status --json").out, HasSubstr("\"bob@x\""));

  // Alice's key is lost: what she signed is neither taken nor gone back to, and what runs runs on.
  Write("trust/revoked", PublicKey("alice"));
  ASSERT_EQ(SetTrust(host).exit_code, 0);
  const RunResult revoked = Activate(host, "--rollback");
  EXPECT_EQ(revoked.exit_code, 6);
  EXPECT_THAT(revoked.err, HasSubstr("alice@x's key is revoked"));
  EXPECT_THAT(PushTo(host, {second}).result.err, HasSubstr("alice@x's key is revoked"));
  const RunResult verified = Activate(host, "verify");
  EXPECT_EQ(verified.exit_code, 0);  // nothing is damaged, and what is active is not refused
  EXPECT_THAT(verified.out, HasSubstr("REFUSED here"));
  EXPECT_EQ(host.MustRun("systemctl is-active hello"), "active\n");

  // Trust that is broken takes nothing, and a boot starts what was activated all the same.
  host.MustRun("rm /var/lib/images/trust/signers");
  EXPECT_EQ(PushTo(host, {first}).result.exit_code, 6);
  EXPECT_THAT(Activate(host, "status").out, HasSubstr("takes NO IMAGE"));
  host.Reboot();
  EXPECT_EQ(host.MustRun("systemctl is-active hello"), "active\n");
}

}  // namespace
}  // namespace tests

// imgpush publishes into a folder, and nginx serves it by TLS.
#include "tests/pusher/publish/publish_scene.h"
#include "tests/support/run.h"
#include "tests/support/servers.h"

namespace pusher {
namespace {

using testing::AllOf;
using testing::HasSubstr;

TEST_F(PublishTest, WhatIsPublishedIntoAFolderIsServedByNginx) {
  BuildSigned("web", "1");
  const std::vector<std::string> publish = {TEST_IMGPUSH, "publish",        "--images",
                                            At("images"), "--key",          KeyFile("alice"),
                                            folder(),     "production-web", "web"};
  EXPECT_THAT(tests::MustRun(publish), HasSubstr("channel production-web, version 1: published"));
  const tests::WebHost host(folder(), At("certificate"));
  const auto channel = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {TEST_IMGPUSH, "channel", "--ca-file", At("certificate")});
    return tests::RunCommand(words);
  };
  const std::string& there = host.Tls();
  const tests::RunResult shown =
      channel({"show", "--key", KeyFile("alice"), there, "production-web"});
  EXPECT_EQ(shown.exit_code, 0) << shown.err;
  EXPECT_THAT(shown.out, AllOf(HasSubstr("version 1"), HasSubstr("web")));
  EXPECT_EQ(channel({"show", there, "none"}).exit_code, 2);
  const tests::RunResult held =
      channel({"hold", "--key", KeyFile("alice"), there, "production-web"});
  EXPECT_EQ(held.exit_code, 2);
  EXPECT_THAT(held.err, HasSubstr("can only be read"));
  // Nobody vouches for that certificate.
  const tests::RunResult untrusted =
      tests::RunCommand({TEST_IMGPUSH, "channel", "show", there, "production-web"});
  EXPECT_EQ(untrusted.exit_code, 7) << untrusted.err;
}

}  // namespace
}  // namespace pusher

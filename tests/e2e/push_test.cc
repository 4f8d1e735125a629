// imgpush to a real host by ssh, and to a folder.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/atomic_file.h"
#include "images/version/image_directory.h"
#include "tests/e2e/scene.h"

namespace tests {
namespace {

using testing::HasSubstr;

TEST(PushTest, SendsWhatIsMissingAndNothingTwice) {
  Workshop workshop;
  const std::string v1 = workshop.Build("nginx", "v1");
  const std::string v2 = workshop.Build("nginx", "v2");
  const TestHost host("push");

  const Push first = MustPushTo(host, {v1});
  EXPECT_GT(first.agent_bytes, 0U);
  EXPECT_LE(first.sent_bytes, first.image_bytes + first.image_bytes / 50);
  const RunResult plan =
      Imgpush(host.SshConfig(), {"--plan", "--json", host.Name(), v2});  // is exact
  ASSERT_EQ(plan.exit_code, 0) << plan.err;
  const std::string agent = "$(readlink -f /var/lib/images/bin/activate)";
  host.MustRun("touch -d @1000000 " + agent);
  const Push update = MustPushTo(host, {v2});
  EXPECT_NE(host.MustRun("stat -c %Y " + agent), "1000000\n") << "prune goes by it";
  EXPECT_EQ(nlohmann::json::parse(plan.out).at(0).at("plan").at("send_bytes"), update.sent_bytes);
  const nlohmann::json chunks = nlohmann::json::parse(update.result.out).at(0).at("chunks");
  EXPECT_GT(chunks.at("as_delta"), 0);
  EXPECT_EQ(chunks.at("failed"), 0);
  EXPECT_EQ(update.agent_bytes, 0U);
  EXPECT_LE(update.sent_bytes, update.image_bytes * 60 / 100);
  const Push again = MustPushTo(host, {v2});
  EXPECT_LT(again.sent_bytes, 20'000U);
  EXPECT_EQ(again.generation, update.generation);
  host.MustRun("printf x | dd of=" + agent + " bs=1 seek=1000000 conv=notrunc status=none");
  EXPECT_GT(MustPushTo(host, {v2}).agent_bytes, 0U) << "a damaged agent is replaced";

  for (const std::string& image : {v1, v2}) {  // what arrived is what was built
    const images::ImageDirectory built(image);
    EXPECT_EQ(
        host.MustRun("sha256sum < /var/lib/images/nginx/" + built.id().text() + "/image.erofs")
            .substr(0, 64),
        built.manifest().image.sha256.ToHex());
  }
  EXPECT_EQ(host.MustRun("ls -A /var/lib/images/incoming"), "");
}

TEST(PushTest, AFolderIsAHostToo) {
  Workshop workshop;
  const std::string v1 = workshop.Build("nginx", "v1");
  const std::string root = workshop.folder() + "/host";
  const RunResult pushed = Imgpush("", {"dir:" + root, v1});
  ASSERT_EQ(pushed.exit_code, 0) << pushed.err;
  EXPECT_THAT(pushed.out, HasSubstr("sent "));
  const images::ImageDirectory built(v1);
  EXPECT_EQ(base::Sha256OfFile(root + "/nginx/" + built.id().text() + "/image.erofs").ToHex(),
            built.manifest().image.sha256.ToHex());
  const std::string agent = SLIPWAY_BIN "/activate";
  EXPECT_EQ(RunCommand({agent, "--root", root, "--generation", "1"}).exit_code, 0);
  EXPECT_EQ(base::ReadLinkIfThere(root + "/current"), "generations/1");
}

TEST(PushTest, AnInterruptedPushGoesOnWhereItStopped) {
  Workshop workshop;
  const std::string v1 = workshop.Build("nginx", "v1");
  const TestHost host("resume");
  MustPushTo(host, {workshop.Build("hello", "hello")});  // the agent is there
  // The link dies after 3 MB of what is sent. dd passes on what it reads at once; head would not.
  const std::string cut = workshop.folder() + "/cut-ssh";
  base::WriteFileAtomically(cut,
                            "#!/bin/sh\ndd bs=4096 iflag=count_bytes count=3000000 status=none | "
                            "ssh -F " +
                                host.SshConfig() + " \"$@\"\n",
                            0755);
  const std::string imgpush = SLIPWAY_BIN "/imgpush";
  const RunResult broken =
      RunCommand({imgpush, "--ssh", cut, host.Name(), v1}, {.timeout = std::chrono::seconds(60)});
  EXPECT_EQ(broken.exit_code, 7) << broken.err;
  EXPECT_EQ(host.Run("ls -d /var/lib/images/nginx/*").exit_code, 2);
  EXPECT_NE(host.MustRun("ls -A /var/lib/images/incoming"), "");
  const Push resumed = MustPushTo(host, {v1});
  EXPECT_LT(resumed.sent_bytes, resumed.image_bytes);
  EXPECT_EQ(host.MustRun("ls -A /var/lib/images/incoming"), "");
}

TEST(PushTest, ADamagedImageIsNotSent) {
  Workshop workshop;
  const std::string v1 = workshop.Build("nginx", "v1");
  std::string bytes = base::ReadFile(v1 + "/image.erofs");
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  base::WriteFileAtomically(v1 + "/image.erofs", bytes);
  const std::string root = workshop.folder() + "/host";
  const RunResult pushed = Imgpush("", {"dir:" + root, v1});
  EXPECT_EQ(pushed.exit_code, 6) << pushed.err;
  EXPECT_TRUE(base::ListDirectory(root + "/nginx").empty());
}

}  // namespace
}  // namespace tests

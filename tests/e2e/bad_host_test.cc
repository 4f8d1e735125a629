// Hosts that cannot take an image: one clear line each, the documented exit code, nothing
// half-written.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/atomic_file.h"
#include "images/version/image_directory.h"
#include "tests/e2e/scene.h"

namespace tests {
namespace {

using testing::HasSubstr;

class BadHostTest : public testing::Test {
 protected:
  void SetUp() override { image_ = workshop_.Build("hello", "hello"); }

  static void ExpectRefused(const RunResult& result, int exit_code, const std::string& text) {
    EXPECT_EQ(result.exit_code, exit_code) << result.err;
    EXPECT_THAT(result.err, HasSubstr(text));
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
  }

  Workshop workshop_;
  std::string image_;
};

TEST_F(BadHostTest, AHostThatIsNotThere) {
  ExpectRefused(Imgpush("/dev/null", {"no-such-host.invalid", image_}), 7, "no-such-host.invalid");
}

TEST_F(BadHostTest, ANameThatWasNotBuilt) {
  ExpectRefused(
      Imgpush("", {"dir:" + workshop_.folder() + "/host", "--images", workshop_.images(), "ngimx"}),
      2, "ngimx");
}

TEST_F(BadHostTest, AHostWithoutSystemd) {
  const TestHost host("plain");
  host.MustRun("mount -t tmpfs tmpfs /run/systemd");  // hides the directory that tells
  const Push push = PushTo(host, {image_});
  ExpectRefused(push.result, 1, "systemd");
  EXPECT_EQ(host.Run("ls /var/lib/images/hello").exit_code, 2);
}

TEST_F(BadHostTest, ARootThatSomebodyElseCanWrite) {
  const TestHost host("shared");
  host.MustRun("mkdir -p /srv/shared && chmod 777 /srv/shared");
  const RunResult result =
      Imgpush(host.SshConfig(), {"--root", "/srv/shared/images", host.Name(), image_});
  ExpectRefused(result, 1, "/srv/shared");
  EXPECT_EQ(host.Run("ls /srv/shared/images").exit_code, 2);
}

TEST_F(BadHostTest, AFullDisk) {
  const std::string nginx = workshop_.Build("nginx", "v1");
  const TestHost host("full", {.suite = "", .disk = "16M"});
  const Push push = PushTo(host, {nginx});
  ExpectRefused(push.result, 1, "free");
  EXPECT_EQ(host.Run("ls /var/lib/images/nginx").exit_code, 2);
  EXPECT_EQ(host.MustRun("ls -A /var/lib/images/incoming"), "");
}

// A file system with room, and no more files.
TEST_F(BadHostTest, NoInodeLeft) {
  const TestHost host("inodes", {.suite = "", .disk = "64M"});
  host.MustRun(
      "cd /var/lib/images && mkdir fill && for i in $(seq 100000); do : >fill/$i || break; done "
      "2>/dev/null; for i in $(seq 5); do rm fill/$i; done; df -i . >&2");
  RunResult pushed = Imgpush(host.SshConfig(), {"--plan", host.Name(), image_});
  EXPECT_EQ(pushed.exit_code, 1);  // beside the line that the agent was installed
  EXPECT_THAT(pushed.err, HasSubstr("inodes free"));
  pushed = Imgpush(host.SshConfig(), {host.Name(), image_});
  ExpectRefused(pushed, 1, "inodes free");
  EXPECT_EQ(host.MustRun("ls -A /var/lib/images/generations"), "");
}

TEST_F(BadHostTest, ALimitOnTheSizeOfFiles) {
  const TestHost host("limit");
  const std::string nginx = workshop_.Build("nginx", "v1");
  const std::string small = "ulimit -f 2000\n";  // of 1024 bytes, for bash
  host.MustRun("cp .bashrc old && cat - old >.bashrc", {.input = small});
  const Push push = PushTo(host, {nginx});
  ExpectRefused(push.result, 1, "ulimit -f");
  host.MustRun("cp old .bashrc");
  MustPushTo(host, {image_});
  host.MustRun("cat - old >.bashrc", {.input = small});
  ExpectRefused(PushTo(host, {nginx}).result, 1, "ulimit -f");
}

// One that was built for another machine, or copied by half.
TEST_F(BadHostTest, AnAgentThatDoesNotRunThere) {
  const TestHost host("agent");
  MustPushTo(host, {image_});
  MustActivate(host, "--generation 1");
  const std::string before = host.MustRun("readlink /var/lib/images/bin/activate");
  const std::string whole = base::ReadFile(SLIPWAY_BIN "/activate");
  const std::string path = workshop_.folder() + "/activate";
  std::string foreign = whole;
  foreign[18] = static_cast<char>(243);  // RISC-V
  for (const std::string& content :
       {std::string(), whole.substr(0, 4096), whole.substr(0, whole.size() / 2), foreign}) {
    base::WriteFileAtomically(path, content, 0755);
    ExpectRefused(Imgpush(host.SshConfig(), {"--plan", host.Name(), image_}, path), 1, "activate");
    ExpectRefused(Imgpush(host.SshConfig(), {host.Name(), image_}, path), 1, "activate");
    EXPECT_EQ(host.MustRun("readlink /var/lib/images/bin/activate"), before);
    EXPECT_EQ(Activate(host, "status").exit_code, 0);
  }
  // A plan by an agent that does run changes no link either.
  base::WriteFileAtomically(path, whole + "more", 0755);
  EXPECT_EQ(Imgpush(host.SshConfig(), {"--plan", host.Name(), image_}, path).exit_code, 0);
  EXPECT_EQ(host.MustRun("readlink /var/lib/images/bin/activate"), before);
  EXPECT_EQ(Imgpush(host.SshConfig(), {host.Name(), image_}, path).exit_code, 0);
  EXPECT_NE(host.MustRun("readlink /var/lib/images/bin/activate"), before);
  host.Reboot();
  EXPECT_THAT(Activate(host, "status").out, HasSubstr("Generation 1 is active"));
}

// As chown -R by somebody who means well, or a backup that was put back.
TEST_F(BadHostTest, WhatOthersCanChangeBelowTheRoot) {
  const TestHost host("foreign");
  MustPushTo(host, {image_});
  MustActivate(host, "--generation 1");
  const std::string nginx = workshop_.Build("nginx", "v1");
  host.MustRun("useradd eve; echo secret >/etc/secret; mkdir -m 700 /root/private");
  const auto expect = [&](const std::string& change, const std::string& back,
                          const std::string& text) {
    host.MustRun("cd /var/lib/images && " + change);
    ExpectRefused(PushTo(host, {nginx}).result, 1, text);
    ExpectRefused(Imgpush(host.SshConfig(), {"--plan", host.Name(), nginx}), 1, text);
    EXPECT_EQ(host.MustRun("cat /etc/secret; ls -A /root/private"), "secret\n");
    host.MustRun("cd /var/lib/images && " + back);
  };
  for (const char* path : {"incoming", "generations", "generations/1/units", "hello", "bin"}) {
    const std::string absolute = std::string("/var/lib/images/") + path;
    expect("chown -R eve " + absolute, "chown -R root: " + absolute,
           path == std::string("bin") ? "belongs to user" : "chown -R root: " + absolute);
    expect("chmod g+w " + absolute, "chmod g-w " + absolute, absolute);
  }
  expect("chown eve hello/*/image.erofs", "chown root: hello/*/image.erofs", "image.erofs");
  expect("chown eve history.jsonl", "chown root: history.jsonl", "history.jsonl");
  const std::string id = base::BaseName(nginx);
  expect("mkdir incoming/" + id + " && ln -s /etc/secret incoming/" + id + "/lock",
         "rm -r incoming/*", "is a link");
  expect("ln -s /root/private incoming/" + id, "rm -r incoming/*", "is a link");
  expect("ln -s /root/private nginx", "rm nginx", "is a link");
  expect("ln -s /etc/secret .version-locks.new && mv .version-locks.new .version-locks",
         "rm .version-locks", "is a link");
  const std::string transfer = "/var/lib/images/incoming/" + id;
  for (const char* file : {"image.erofs", "lock", "manifest.json", "index.bin"}) {
    expect("mkdir incoming/" + id + " && mkfifo incoming/" + id + "/" + file, "rm -r incoming/*",
           file);
  }
  host.MustRun("mkdir -p " + transfer + "/lock");
  ExpectRefused(PushTo(host, {nginx}).result, 1, transfer + "/lock");
  host.MustRun("rmdir " + transfer + "/lock && mkdir " + transfer + "/image.erofs");
  EXPECT_EQ(PushTo(host, {nginx}).result.exit_code, 0);
  host.Reboot();
  EXPECT_THAT(Activate(host, "status").out, HasSubstr("Generation 1 is active"));
}

// No kernel here lacks both codecs, so the manifest asks for one that none has.
TEST_F(BadHostTest, AKernelThatCannotMountTheImage) {
  images::Manifest manifest = images::ImageDirectory(image_).manifest();
  manifest.image.required_features = {"erofs-future"};
  const std::string text = manifest.Serialize();
  const std::string future =
      base::ParentOf(image_) + "/" + images::ImageId::Of(base::Sha256Of(text)).text();
  MustRun({"cp", "-r", image_, future});
  MustRun({"tee", future + "/manifest.json"}, {.input = text});
  const TestHost host("old");
  const Push push = PushTo(host, {future});
  ExpectRefused(push.result, 1, "lz4");
  EXPECT_EQ(host.Run("ls /var/lib/images/hello").exit_code, 2);
}

}  // namespace
}  // namespace tests

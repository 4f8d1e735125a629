#include "tests/support/test_host.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

namespace tests {
namespace {

namespace fs = std::filesystem;

// A folder of the test's own, removed with it.
class ScratchFolder {
 public:
  ScratchFolder() : path_((fs::temp_directory_path() / "slipway-test.XXXXXX").string()) {
    if (mkdtemp(path_.data()) == nullptr) throw std::runtime_error("mkdtemp " + path_);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const std::string& Path() const { return path_; }

 private:
  std::string path_;
};

// An EROFS image whose one program never ends; returns its path.
std::string IdleImage(const ScratchFolder& scratch, const std::string& name) {
  const fs::path root = fs::path(scratch.Path()) / "root";
  for (const char* folder : {"bin", "dev", "proc", "run", "sys", "tmp", "var/tmp"}) {
    fs::create_directories(root / folder);
  }
  fs::copy_file(SLIPWAY_IDLE_PROGRAM, root / "bin/idle", fs::copy_options::overwrite_existing);
  std::string image = scratch.Path() + "/" + name;
  MustRun({SLIPWAY_DEPS_BIN "/mkfs.erofs", "-zlz4", image, root.string()});
  return image;
}

void StartIdleService(const TestHost& host, const std::string& image) {
  RunOptions unit;
  unit.input = "[Service]\nType=exec\nExecStart=/bin/idle\nRootImage=" + image +
               "\nDynamicUser=yes\nProtectSystem=strict\nPrivateTmp=yes\n";
  host.MustRun("cat > /etc/systemd/system/idle.service && systemctl daemon-reload", unit);
  host.MustRun("systemctl start idle.service");
}

bool AnyProcessMentions(const std::string& text, const char* file) {
  for (const fs::directory_entry& process : fs::directory_iterator("/proc")) {
    std::ifstream stream(process.path() / file);
    std::ostringstream content;
    content << stream.rdbuf();  // of a process that ends meanwhile: what was read
    if (content.str().find(text) != std::string::npos) return true;
  }
  return false;
}

TEST(TestHost, TwoAtOnceEachWithItsOwnNameAndNetwork) {
  const TestHost first("first");
  const TestHost second("second");
  EXPECT_EQ(first.MustRun("hostname"), "first\n");
  EXPECT_EQ(second.MustRun("hostname"), "second\n");
  EXPECT_NE(first.MustRun("readlink /proc/self/ns/net"),
            second.MustRun("readlink /proc/self/ns/net"));
  EXPECT_EQ(first.MustRun("systemctl is-system-running"), "running\n");
}

TEST(TestHost, ImagesFolderAndItsParentsBelongToRootAlone) {
  const TestHost host("owned");
  EXPECT_EQ(host.MustRun("stat -c '%u %a' / /var /var/lib /var/lib/images"),
            "0 755\n0 755\n0 755\n0 755\n");
}

TEST(TestHost, ReportsFailuresWithTheirOutput) {
  const TestHost host("failing");
  const RunResult result = host.Run("echo why >&2; exit 7");
  EXPECT_EQ(result.exit_code, 7);
  EXPECT_NE(result.err.find("why"), std::string::npos);
  EXPECT_EQ(host.Get("http://127.0.0.1:9/").status, 0);
}

TEST(TestHost, RunsAServiceFromAnImage) {
  const ScratchFolder scratch;
  const TestHost host("rootimage");
  host.Copy(IdleImage(scratch, "idle.erofs"), "/var/lib/images/idle.erofs");
  StartIdleService(host, "/var/lib/images/idle.erofs");
  EXPECT_EQ(host.MustRun("systemctl is-active idle.service"), "active\n");
  host.MustRun("mkdir /srv/images && cp /var/lib/images/idle.erofs /srv/images");  // on the overlay
  host.MustRun("systemctl stop idle.service");
  StartIdleService(host, "/srv/images/idle.erofs");
  EXPECT_EQ(host.MustRun("systemctl is-active idle.service"), "active\n");
}

TEST(TestHost, RebootChangesTheBootIdAndKeepsFiles) {
  const TestHost host("rebooting");
  const std::string before = host.BootId();
  host.MustRun("echo kept > /root/kept; echo kept > /var/lib/images/kept; echo gone > /run/gone");
  host.Reboot();
  EXPECT_NE(host.BootId(), before);
  EXPECT_EQ(host.MustRun("cat /root/kept /var/lib/images/kept; ls /run/gone 2>&1 | wc -l"),
            "kept\nkept\n1\n");
  EXPECT_NE(host.Run("test -e /run/gone").exit_code, 0);
}

TEST(TestHost, ComesBackFromACrashWithItsDisk) {
  TestHostOptions options;
  options.disk = "32M";
  const TestHost host("crashing", options);
  const std::string before = host.BootId();
  host.MustRun("echo kept > /var/lib/images/kept && sync");
  EXPECT_NE(host.Run("head -c 64M /dev/zero > /var/lib/images/full").exit_code, 0);
  host.Crash();
  EXPECT_NE(host.Run("true").exit_code, 0);
  host.Start();
  EXPECT_NE(host.BootId(), before);
  EXPECT_EQ(host.MustRun("cat /var/lib/images/kept"), "kept\n");
}

TEST(TestHost, DownLeavesNothingBehind) {
  const ScratchFolder scratch;
  std::string dir;
  std::string network;
  std::string cgroup;
  {
    TestHostOptions options;
    options.disk = "32M";
    const TestHost host("vanishing", options);
    dir = host.Dir();
    const std::string image = fs::path(dir).parent_path().filename().string() + ".erofs";
    host.Copy(IdleImage(scratch, image), "/var/lib/images/" + image);
    StartIdleService(host, "/var/lib/images/" + image);
    network = host.MustRun("readlink /proc/self/ns/net | tr -dc 0-9");
    std::ifstream(dir + "/prefix") >> cgroup;
    EXPECT_NE(MustRun({"losetup", "--all"}).find(image), std::string::npos);
    EXPECT_TRUE(AnyProcessMentions(dir, "cmdline"));
    EXPECT_TRUE(AnyProcessMentions(cgroup, "cgroup"));
  }
  const std::string folder = fs::path(dir).parent_path().filename();
  EXPECT_FALSE(fs::exists(dir));
  EXPECT_EQ(MustRun({"losetup", "--all"}).find(folder), std::string::npos);
  EXPECT_FALSE(AnyProcessMentions(dir, "cmdline"));
  EXPECT_FALSE(AnyProcessMentions(dir, "mountinfo"));
  EXPECT_FALSE(AnyProcessMentions(cgroup, "cgroup"));
  EXPECT_EQ(MustRun({"lsns", "--noheadings", "--type", "net", "--output", "NS"}).find(network),
            std::string::npos);
  EXPECT_EQ(MustRun({"find", "/sys/fs/cgroup", "-name", cgroup + "*"}), "");
}

TEST(TestHost, GoesDownWithTheProcessThatOwnsIt) {
  const ScratchFolder scratch;
  const pid_t owner = fork();
  if (owner == 0) {
    for (;;) pause();
  }
  ASSERT_GT(owner, 0);
  RunOptions options;
  options.env = {"SLIPWAY_TESTHOST_DIR=" + scratch.Path() + "/hosts"};
  options.timeout = std::chrono::minutes(5);
  const RunResult up = RunCommand(
      {SLIPWAY_TESTHOST_SCRIPT, "up", "orphan", "--owner", std::to_string(owner)}, options);
  kill(owner, SIGKILL);
  waitpid(owner, nullptr, 0);
  ASSERT_EQ(up.exit_code, 0) << up.err;
  for (int tries = 0; tries < 100 && fs::exists(scratch.Path() + "/hosts"); ++tries) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  EXPECT_FALSE(fs::exists(scratch.Path() + "/hosts"));
  EXPECT_FALSE(AnyProcessMentions(scratch.Path(), "mountinfo"));
}

}  // namespace
}  // namespace tests

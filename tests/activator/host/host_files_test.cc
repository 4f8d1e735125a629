#include "activator/host/host_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/atomic_file.h"
#include "base/file.h"
#include "tests/activator/host_fixture.h"

namespace activator {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

class HostFilesTest : public HostTest {
 protected:
  void Put(const std::string& path, const std::string& text) {
    base::MakeDirectories(base::ParentOf(etc_ + path));
    base::WriteFileAtomically(etc_ + path, text);
  }
  std::string Copy(const std::string& name) {
    CopyHostFiles(etc_, folder_);
    return base::ReadFile(folder_ + "/" + name);
  }

  const std::string etc_ = root + "/etc";
  const std::string folder_ = root + "/run/copies";
};

// A bind holds the file itself: another file of the same name would not be seen.
TEST_F(HostFilesTest, AreCopiedIntoTheSameFileWhateverTheHostDoes) {
  Put("/resolv.conf", "nameserver 192.0.2.1\nsearch example.org\n");
  EXPECT_EQ(Copy("resolv.conf"), "nameserver 192.0.2.1\nsearch example.org\n");
  const ino_t inode = base::StatIfThere(folder_ + "/resolv.conf")->st_ino;
  Put("/resolv.conf", "nameserver 192.0.2.2\n");  // by rename
  EXPECT_EQ(Copy("resolv.conf"), "nameserver 192.0.2.2\n");
  base::Unlink(etc_ + "/resolv.conf");
  EXPECT_EQ(Copy("resolv.conf"), "nameserver 192.0.2.2\n");  // between two of a manager's
  base::ReplaceSymlink("../run/later.conf", etc_ + "/resolv.conf");
  EXPECT_EQ(Copy("resolv.conf"), "nameserver 192.0.2.2\n");
  Write(root + "/run/later.conf", "nameserver 192.0.2.3\nnameserver 192.0.2.4\n");
  EXPECT_EQ(Copy("resolv.conf"), "nameserver 192.0.2.3\nnameserver 192.0.2.4\n");
  EXPECT_EQ(base::StatIfThere(folder_ + "/resolv.conf")->st_ino, inode);
}

TEST_F(HostFilesTest, AreThereWhereTheHostHasNone) {
  EXPECT_EQ(Copy("resolv.conf"), "");
  EXPECT_EQ(Copy("hosts"), "");
  EXPECT_FALSE(base::LstatIfThere(folder_ + "/certificates.crt"));
}

TEST_F(HostFilesTest, LinkToTheCertificatesWhereverTheHostHasThem) {
  Put("/pki/tls/certs/ca-bundle.crt", "fedora");
  EXPECT_EQ(Copy("certificates.crt"), "fedora");
  Put("/ssl/certs/ca-certificates.crt", "debian");
  EXPECT_EQ(Copy("certificates.crt"), "debian");
}

TEST_F(HostFilesTest, AreWatchedWhereverALinkLeads) {
  constexpr std::chrono::hours kForever{1};
  const auto sees = [&](const std::string& text) {
    return base::ReadFile(folder_ + "/resolv.conf") == text;
  };
  const std::string target = root + "/run/manager/deep/resolv.conf";
  Put("/hosts", "");
  base::ReplaceSymlink("../run/manager/deep/resolv.conf", etc_ + "/resolv.conf");
  for (const std::string& made : {root + "/run/manager", root + "/run/manager/deep"}) {
    HostFilesWatch watch(etc_, folder_);
    base::MakeDirectories(made);
    watch.Await(kForever);
  }
  for (const char* text : {"one", "two", "three"}) {
    HostFilesWatch watch(etc_, folder_);
    base::WriteFileAtomically(target, text);
    watch.Await(kForever);
    HostFilesWatch next(etc_, folder_);
    EXPECT_TRUE(sees(text));
  }
  HostFilesWatch watch(etc_, folder_);
  Put("/resolv.conf", "four");
  watch.Await(kForever);
  HostFilesWatch next(etc_, folder_);
  EXPECT_TRUE(sees("four"));
}

TEST_F(HostFilesTest, AreFollowedByAUnitThatIsMadeOnce) {
  base::MakeDirectories(host.task_directory);
  Write(host.task_directory + "/slipway-host-files.service", "[Service]\nExecStart=/bin/old\n");
  systemd.DaemonReload();
  FollowHostFiles(host, folder_);
  EXPECT_THAT(base::ReadFile(host.task_directory + "/slipway-host-files.service"),
              HasSubstr("ExecStart=" + layout.root() + "/bin/activate --root " + layout.root() +
                        " host-files\n"));
  EXPECT_THAT(systemd.calls, Contains("restart slipway-host-files.service"));
  EXPECT_TRUE(base::Exists(folder_ + "/resolv.conf"));
  systemd.calls.clear();
  FollowHostFiles(host, folder_);
  EXPECT_THAT(systemd.calls, Not(Contains("reload")));
}

// It would run the old code until the next boot.
TEST_F(HostFilesTest, AreFollowedByTheAgentThatAPushBrought) {
  base::ReplaceSymlink("/proc/self/exe", layout.Bin() + "/activate");
  systemd.touch_up = [](UnitState& state) { state.main_pid = static_cast<uint64_t>(::getpid()); };
  base::MakeDirectories(host.task_directory);
  FollowHostFiles(host, folder_);
  systemd.calls.clear();
  FollowHostFiles(host, folder_);
  EXPECT_THAT(systemd.calls, Not(Contains("restart slipway-host-files.service")));
  Write(root + "/newer", "an agent");
  base::ReplaceSymlink(root + "/newer", layout.Bin() + "/activate");
  FollowHostFiles(host, folder_);
  EXPECT_THAT(systemd.calls, Contains("restart slipway-host-files.service"));
}

}  // namespace
}  // namespace activator

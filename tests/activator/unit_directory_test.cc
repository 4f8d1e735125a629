#include "activator/unit_directory.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/atomic_file.h"
#include "base/file.h"
#include "tests/support/scratch.h"

namespace activator {
namespace {

constexpr const char* kRun = "/run/systemd/system";

class UnitDirectoryTest : public tests::ScratchTest {
 protected:
  UnitDirectoryTest() {
    base::MakeDirectories(units_);
    EXPECT_EQ(::chmod(scratch().c_str(), 0755), 0);  // for nobody, too
  }
  std::string Path() { return FindUnitDirectory(units_).path; }

  const std::string units_ = At("etc/systemd/system");
};

TEST_F(UnitDirectoryTest, IsTheConfiguredOneWhereThatCanBeWritten) {
  EXPECT_EQ(Path(), units_);
  EXPECT_EQ(FindUnitDirectory(units_).configured, units_);
  EXPECT_TRUE(base::ListDirectory(units_).empty());
  EXPECT_EQ(FindUnitDirectory(At("etc/none/system")).path, At("etc/none/system"));
}

TEST_F(UnitDirectoryTest, IsAnotherWhereTheConfiguredOneIsALink) {
  base::MakeDirectories(At("store/units"));
  base::RemoveTree(units_);
  base::ReplaceSymlink(At("store/units"), units_);
  EXPECT_EQ(Path(), kRun);
}

// In a child with mounts of its own: a mount that is read-only although its file system is not, and
// a file system that is.
int MountedReadOnly(const std::string& units, bool overlay, bool as_nobody) {
  const pid_t child = ::fork();
  if (child == 0) {
    const bool is_mounted =
        ::unshare(CLONE_NEWNS) == 0 &&
        ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
        (overlay ? ::mount("none", units.c_str(), "overlay", MS_RDONLY,
                           ("lowerdir=" + units + ":" + base::ParentOf(units)).c_str()) == 0
                 : ::mount(units.c_str(), units.c_str(), nullptr, MS_BIND, nullptr) == 0 &&
                       ::mount("none", units.c_str(), nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY,
                               nullptr) == 0);
    if (!is_mounted || (as_nobody && ::seteuid(65534) != 0)) {
      ::_exit(2);
    }
    ::_exit(FindUnitDirectory(units).path == kRun ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WEXITSTATUS(status);
}

TEST_F(UnitDirectoryTest, IsAnotherWhereTheConfiguredOneIsReadOnly) {
  for (const bool overlay : {false, true}) {
    for (const bool as_nobody : {false, true}) {
      const int result = MountedReadOnly(units_, overlay, as_nobody);
      if (result == 2) {
        GTEST_SKIP() << "cannot mount here";
      }
      EXPECT_EQ(result, 0) << overlay << as_nobody;
    }
  }
}

}  // namespace
}  // namespace activator

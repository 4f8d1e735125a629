#include "activator/host/unit_directory.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <optional>
#include <string>

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

// In a child with mounts of its own. nullopt: it may not mount.
std::optional<std::string> PathWhereMounted(const std::string& units, const std::string& overlay,
                                            bool as_nobody) {
  const pid_t child = ::fork();
  if (child == 0) {
    const bool is_mounted =
        ::unshare(CLONE_NEWNS) == 0 &&
        ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
        (overlay.empty() ? ::mount(units.c_str(), units.c_str(), nullptr, MS_BIND, nullptr) == 0 &&
                               ::mount("none", units.c_str(), nullptr,
                                       MS_BIND | MS_REMOUNT | MS_RDONLY, nullptr) == 0
                         : ::mount("none", units.c_str(), "overlay", 0, overlay.c_str()) == 0);
    if (!is_mounted || (as_nobody && ::seteuid(65534) != 0)) {
      ::_exit(2);
    }
    ::_exit(FindUnitDirectory(units).path == units ? 1 : 0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WEXITSTATUS(status) == 2 ? std::nullopt
                                  : std::optional(WEXITSTATUS(status) == 0 ? kRun : units);
}

// A mount that is read-only although its file system is not, and a file system that is.
TEST_F(UnitDirectoryTest, IsAnotherWhereTheConfiguredOneIsReadOnly) {
  base::MakeDirectories(At("one"));
  base::MakeDirectories(At("two"));
  for (const std::string& overlay : {std::string(), "lowerdir=" + At("one") + ":" + At("two")}) {
    for (const bool as_nobody : {false, true}) {
      const auto path = PathWhereMounted(units_, overlay, as_nobody);
      if (!path) {
        GTEST_SKIP() << "cannot mount " << (overlay.empty() ? "here" : "an overlay here");
      }
      EXPECT_EQ(*path, kRun) << overlay << as_nobody;
    }
  }
}

}  // namespace
}  // namespace activator

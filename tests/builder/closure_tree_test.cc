#include "builder/closure_tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/file.h"

namespace builder {
namespace {

class ClosureTreeTest : public testing::Test {
 protected:
  void SetUp() override {
    base::MakeDirectories(store_path_ + "/bin");
    base::WriteFileAtomically(store_path_ + "/bin/app", "program", 0755);
    base::WriteFileAtomically(store_path_ + "/bin/data", "data", 0644);
    closure_.main_path = store_path_;
    closure_.packages = {{{store_path_, "", 0, {}, "app", "1.2"}, {store_path_}}};
    closure_.fill = [this](Tree& tree) { tree.AddFromDisk(store_path_, store_path_); };
    definition_.name = "app";
    definition_.services["app"].exec = {store_path_ + "/bin/app"};
  }

  std::string ErrorOf() {
    try {
      MakeTree(definition_, closure_);
    } catch (const base::Error& error) {
      return error.what();
    }
    return "";
  }

  base::TemporaryDirectory folder_{testing::TempDir(), "slipway-closure-"};
  const std::string store_path_ = folder_.path() + "/0123456789abcdfghijklmnpqrsvwxyz-app-1.2";
  Closure closure_;
  images::Definition definition_;
};

TEST_F(ClosureTreeTest, HoldsTheClosureWithLinksAndMountPoints) {
  definition_.contents.symlinks = {{"/usr/bin/app", "{out}/bin/app"}};
  definition_.contents.directories = {"/srv/data"};
  definition_.services["app"].exec = {"/usr/bin/app"};
  const Tree tree = MakeTree(definition_, closure_);
  EXPECT_EQ(closure_.packages[0].entry.size_bytes, 11U);
  EXPECT_EQ(tree.Resolve("/usr/bin/app"), tree.Find(store_path_ + "/bin/app"));
  for (const char* path :
       {"/proc", "/sys", "/dev", "/run", "/tmp", "/var/tmp", "/srv/data", "/etc/resolv.conf",
        "/etc/machine-id", "/etc/passwd", "/etc/os-release"}) {
    EXPECT_NE(tree.Find(path), nullptr) << path;
  }
}

TEST_F(ClosureTreeTest, RefusesAProgramThatIsNotInTheImage) {
  definition_.services["app"].exec = {"/usr/bin/missing"};
  EXPECT_THAT(ErrorOf(),
              testing::HasSubstr("services.app.exec: /usr/bin/missing is not in the image"));
}

TEST_F(ClosureTreeTest, RefusesAProgramThatIsNotExecutable) {
  definition_.services["app"].exec_start_pre = {{store_path_ + "/bin/data"}};
  EXPECT_THAT(ErrorOf(), testing::HasSubstr("not executable"));
}

TEST_F(ClosureTreeTest, RefusesAFileOfThisMachineThatDoesNotExist) {
  definition_.contents.files = {{"/etc/app.conf", "/nowhere/app.conf"}};
  EXPECT_THAT(ErrorOf(), testing::HasSubstr("/nowhere/app.conf does not exist"));
}

TEST_F(ClosureTreeTest, RefusesAStorePathThatIsMissingOnDisk) {
  base::RemoveTree(store_path_);
  EXPECT_THAT(ErrorOf(), testing::HasSubstr("is missing"));
}

}  // namespace
}  // namespace builder

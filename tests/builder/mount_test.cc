// The kernel's own EROFS driver and upstream's fsck read what we write. Needs root and loop
// devices. Where the running kernel lacks a codec, that target's mount is left out, and said.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

#include "builder/tree.h"
#include "tests/builder/sample_trees.h"
#include "tests/support/run.h"

namespace builder {
namespace {

// A tree on disk, since diff needs one to compare with.
void WriteToDisk(const Node& node, const std::string& path) {
  if (node.kind == Node::Kind::kSymlink) {
    ASSERT_EQ(::symlink(node.target.c_str(), path.c_str()), 0) << path;
    return;
  }
  if (node.kind == Node::Kind::kFile) {
    const base::UniqueFd fd = base::Open(path, O_WRONLY | O_CREAT, 0644);
    base::WriteAll(fd.get(), base::AsBytes(*node.literal), path);
    return;
  }
  base::MakeDirectories(path);
  for (const auto& [name, child] : node.children) {
    WriteToDisk(*child, path + "/" + name);
  }
}

class MountTest : public testing::TestWithParam<images::Target> {
 protected:
  void SetUp() override {
    base::MakeDirectories(mount_);
    WriteToDisk(tree_.root(), disk_);
    tests::WriteImage(tree_, image_, GetParam());
  }

  // False where this kernel lacks zstd, the one codec that a kernel in use may lack.
  bool Mount() const {
    const tests::RunResult mounted =
        tests::RunCommand({"mount", "-t", "erofs", "-o", "loop,ro", image_, mount_});
    if (mounted.exit_code != 0 && GetParam() == images::Target::kZstd) {
      std::fprintf(
          stderr, "this kernel cannot mount EROFS zstd; the lz4 target shows the layout here: %s\n",
          mounted.err.c_str());
      return false;
    }
    EXPECT_EQ(mounted.exit_code, 0) << mounted.err;
    return mounted.exit_code == 0;
  }

  const Tree tree_ = tests::LimitsTree();
  base::TemporaryDirectory folder_{testing::TempDir(), "slipway-mount-"};
  const std::string image_ = folder_.path() + "/image.erofs";
  const std::string mount_ = folder_.path() + "/mount";
  const std::string disk_ = folder_.path() + "/disk";
};

TEST_P(MountTest, FsckFindsNothingWrong) {
  const tests::RunResult result =
      tests::RunCommand({SLIPWAY_DEPS_BIN "/fsck.erofs", "--extract", image_});
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
}

TEST_P(MountTest, TheKernelReadsTheSameTree) {
  if (!Mount()) {
    return;
  }
  const tests::RunResult diff =
      tests::RunCommand({"diff", "-r", "--no-dereference", disk_, mount_});
  const std::string modes = tests::MustRun({"find", mount_, "-printf", "%u:%g %Ts %m %P\n"});
  tests::MustRun({"umount", mount_});
  EXPECT_EQ(diff.exit_code, 0) << diff.out.substr(0, 2000) << diff.err.substr(0, 2000);
  EXPECT_EQ(modes.find("root:root 1 755 \n"), 0U) << modes.substr(0, 200);
  EXPECT_NE(modes.find("root:root 1 555 noise/4097\n"), std::string::npos);
}

// A tree's few small files share one packed inode, so its end falls anywhere.
TEST_P(MountTest, TheKernelReadsRandomTrees) {
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE(seed);
    const Tree tree = tests::RandomTree(seed);
    const std::string disk = folder_.path() + "/random" + std::to_string(seed);
    WriteToDisk(tree.root(), disk);
    tests::WriteImage(tree, image_, GetParam());
    if (!Mount()) {
      return;
    }
    const tests::RunResult diff =
        tests::RunCommand({"diff", "-r", "--no-dereference", disk, mount_});
    tests::MustRun({"umount", mount_});
    EXPECT_EQ(diff.exit_code, 0) << diff.out.substr(0, 2000) << diff.err.substr(0, 2000);
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, MountTest,
                         testing::Values(images::Target::kZstd, images::Target::kLz4),
                         [](const auto& target) {
                           return target.param == images::Target::kZstd ? "zstd" : "lz4";
                         });

}  // namespace
}  // namespace builder

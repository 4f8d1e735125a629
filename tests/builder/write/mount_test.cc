// The kernel's own EROFS driver and upstream's fsck read what we write. Needs root and loop
// devices. Where the running kernel lacks a codec, that target's mount is left out, and said; the
// test builder_mount_in_vm runs them under one that has it.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cstdlib>

#include "base/atomic_file.h"
#include "builder/tree/tree.h"
#include "tests/builder/sample_trees.h"
#include "tests/builder/write/kernel_view.h"
#include "tests/builder/write/kind_trees.h"
#include "tests/support/run.h"

namespace builder {
namespace {

class MountedImage {
 public:
  MountedImage() { base::MakeDirectories(mount_); }

  // Writes the image, lets fsck look at all of it, mounts it and compares what the kernel shows.
  void Check(const Tree& tree, const std::string& target, uint64_t level,
             uint64_t tail_reach_bytes = uint64_t{1} << 32) const {
    tests::WriteImage(tree, image_, target, 2, level, tail_reach_bytes);
    const tests::RunResult fsck =
        tests::RunCommand({SLIPWAY_DEPS_BIN "/fsck.erofs", "--extract", image_});
    ASSERT_EQ(fsck.exit_code, 0) << fsck.out << fsck.err;
    const tests::RunResult mounted =
        tests::RunCommand({"mount", "-t", "erofs", "-o", "loop,ro", image_, mount_});
    if (mounted.exit_code != 0 && target == "zstd" &&
        std::getenv("SLIPWAY_KERNEL_HAS_ZSTD") == nullptr) {
      std::fprintf(stderr, "this kernel cannot mount EROFS zstd; builder_mount_in_vm does: %s\n",
                   mounted.err.c_str());
      return;
    }
    ASSERT_EQ(mounted.exit_code, 0) << mounted.err;
    const std::string difference = tests::DifferenceFromKernel(tree, mount_);
    tests::MustRun({"umount", mount_});
    ASSERT_EQ(difference, "");
  }

  const std::string& folder() const { return folder_.path(); }

 private:
  base::TemporaryDirectory folder_{testing::TempDir(), "slipway-mount-"};
  const std::string image_ = folder_.path() + "/image.erofs";
  const std::string mount_ = folder_.path() + "/mount";
};

class MountTest : public testing::TestWithParam<std::string> {
 protected:
  MountedImage mounted_;
};

TEST_P(MountTest, TheKernelReadsEveryLengthThatTheFormatTreatsDifferently) {
  mounted_.Check(tests::LimitsTree(), GetParam(), 9);
}

TEST_P(MountTest, TheKernelReadsTailsThatStandByThemselves) {
  mounted_.Check(tests::TailsTree(), GetParam(), 2);
  mounted_.Check(tests::TailsTree(), GetParam(), 2, /*tail_reach_bytes=*/0);
}

// A tree's few small files share one packed inode, so its end falls anywhere.
TEST_P(MountTest, TheKernelReadsRandomTrees) {
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE(seed);
    ASSERT_NO_FATAL_FAILURE(mounted_.Check(tests::RandomTree(seed), GetParam(), 9));
  }
}

TEST_P(MountTest, TheKernelReadsRandomTreesOfEveryKind) {
  const uint64_t first = tests::FirstSeed();
  for (uint64_t seed = first; seed < first + 20; ++seed) {
    SCOPED_TRACE(fmt::format("again with SLIPWAY_TEST_SEED={}", seed));
    ASSERT_NO_FATAL_FAILURE(mounted_.Check(tests::RandomKindsTree(seed), GetParam(), 2));
  }
}

TEST_P(MountTest, TheKernelReadsAFileOfMoreThan4GiB) {
  const std::string source = mounted_.folder() + "/sparse";
  tests::WriteSparseFile(source, (uint64_t{4} << 30U) + 12345);
  Tree tree;
  tree.AddFromDisk(source, "/sparse", /*preserve=*/true);
  mounted_.Check(tree, GetParam(), 2);
}

TEST_P(MountTest, TheKernelReadsADirectoryOf100000Entries) {
  Tree tree;
  for (int i = 0; i < 100000; ++i) {
    tree.AddLiteral(fmt::format("/many/{:0>255}", i), "");
  }
  mounted_.Check(tree, GetParam(), 2);
}

void MakeSocket(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  ASSERT_LT(path.size(), sizeof address.sun_path);
  path.copy(address.sun_path, path.size());
  const base::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
}

// What a root directory may hold, as a file system keeps it.
void MakeOnDisk(const std::string& folder) {
  base::MakeDirectories(folder + "/dir", 0755);
  base::WriteFileAtomically(folder + "/dir/file", std::string(5000, 'x'));
  ASSERT_EQ(::chown((folder + "/dir/file").c_str(), 70000, 80000), 0);
  ASSERT_EQ(::chmod((folder + "/dir/file").c_str(), 06751), 0);
  ASSERT_EQ(::link((folder + "/dir/file").c_str(), (folder + "/hard").c_str()), 0);
  ASSERT_EQ(::symlink("dir/file", (folder + "/link").c_str()), 0);
  ASSERT_EQ(::lchown((folder + "/link").c_str(), 5, 6), 0);
  ASSERT_EQ(::mknod((folder + "/null").c_str(), S_IFCHR | 0666, makedev(1, 3)), 0);
  ASSERT_EQ(::mknod((folder + "/disk").c_str(), S_IFBLK | 0660, makedev(259, 1000)), 0);
  ASSERT_EQ(::mkfifo((folder + "/fifo").c_str(), 0600), 0);
  ASSERT_NO_FATAL_FAILURE(MakeSocket(folder + "/socket"));
  tests::WriteSparseFile(folder + "/sparse", 3000000);
  ASSERT_EQ(::chmod((folder + "/dir").c_str(), 01777), 0);
  const auto set = [&](const std::string& name, const char* xattr, const std::string& value) {
    return ::lsetxattr((folder + name).c_str(), xattr, value.data(), value.size(), 0);
  };
  ASSERT_EQ(set("/dir/file", "user.x", std::string("a\0b", 3)), 0);
  ASSERT_EQ(set("/sparse", "user.x", std::string("a\0b", 3)), 0);
  ASSERT_EQ(set("/link", "trusted.x", "link"), 0);
  ASSERT_EQ(set("/null", "security.x", ""), 0);
  ASSERT_EQ(set("/sparse", "system.posix_acl_access", tests::Acl(1000, 6, 0640)), 0);
  ASSERT_EQ(set("/dir", "system.posix_acl_default", tests::Acl(1000, 7, 0750)), 0);
  const std::array<timespec, 2> times = {{{0, 0}, {-12345, 678}}};
  ASSERT_EQ(::utimensat(AT_FDCWD, (folder + "/link").c_str(), times.data(), AT_SYMLINK_NOFOLLOW),
            0);
}

// Both sides by the test's own system calls: the folder says what the tree should be.
TEST_P(MountTest, ATreeOfADiskIsPreserved) {
  const std::string disk = mounted_.folder() + "/root";
  ASSERT_NO_FATAL_FAILURE(MakeOnDisk(disk));
  Tree tree;
  tree.AddFromDisk(disk, "/", /*preserve=*/true);
  ASSERT_EQ(tests::DifferenceFromKernel(tree, disk), "");
  mounted_.Check(tree, GetParam(), 2);
}

INSTANTIATE_TEST_SUITE_P(Targets, MountTest, testing::Values("zstd", "lz4"),
                         [](const auto& target) { return target.param; });

class KindMountTest : public testing::TestWithParam<std::tuple<tests::KindTree, std::string>> {
 protected:
  MountedImage mounted_;
};

TEST_P(KindMountTest, TheKernelReadsTheTree) {
  const auto& [kind, target] = GetParam();
  mounted_.Check(kind.make(mounted_.folder()), target, 2);
}

INSTANTIATE_TEST_SUITE_P(Kinds, KindMountTest,
                         testing::Combine(testing::ValuesIn(tests::KindTrees()),
                                          testing::Values("zstd", "lz4")),
                         [](const auto& test) {
                           return std::string(std::get<0>(test.param).name) + "_" +
                                  std::get<1>(test.param);
                         });

}  // namespace
}  // namespace builder

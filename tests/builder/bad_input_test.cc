// Whole builds of what cannot be read, does not hold still, or leads out of the tree: one line that
// names the path, and nothing is published.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <random>
#include <thread>

#include "builder/contents/closure_tree.h"
#include "builder/imgbuild.h"
#include "builder/source/root_source.h"
#include "images/version/image_directory.h"
#include "tests/builder/sample_trees.h"
#include "tests/support/as_nobody.h"
#include "tests/support/errors.h"
#include "tests/support/scratch.h"

namespace builder {
namespace {

using testing::HasSubstr;

class BadInputTest : public tests::ScratchTest {
 protected:
  void SetUp() override {
    Put("root/bin/app", "program");
    std::filesystem::permissions(At("root/bin/app"), std::filesystem::perms(0755));
  }
  // Of the root directory, without a cache, which would be another user's.
  void Build() const {
    const base::UniqueFd out = base::Open(At("out"), O_WRONLY | O_CREAT | O_TRUNC, 0666);
    RunImgbuild({"--output", At("built"), "--name", "app", "--root", At("root"), "--exec",
                 "/bin/app", "--level", "1", "--no-cache"},
                base::Io{0, out.get(), out.get(), false});
  }
  std::vector<std::string> Published() const { return base::ListDirectory(At("built/app")); }
};

TEST_F(BadInputTest, WhatTheBuilderMayNotReadIsNamed) {
  ASSERT_EQ(::chmod(scratch().c_str(), 0777), 0);
  Put("root/etc/secret", "x");
  ASSERT_EQ(::chmod(At("root/etc/secret").c_str(), 0), 0);
  EXPECT_EXIT(tests::ExitAsNobody([&] { Build(); }), ::testing::ExitedWithCode(1),
              "cannot open " + At("root/etc/secret") + ": Permission denied");
  std::filesystem::remove(At("root/etc/secret"));
  ASSERT_EQ(::chmod(At("root/etc").c_str(), 0), 0);
  EXPECT_EXIT(tests::ExitAsNobody([&] { Build(); }), ::testing::ExitedWithCode(1),
              "cannot list " + At("root/etc") + ": Permission denied");
  EXPECT_TRUE(Published().empty());
}

// The tree is made, then the file changes, then it is read.
TEST_F(BadInputTest, AFileThatChangesOrGoesIsNamed) {
  Put("root/data", std::string(100000, 'x'));
  Tree tree;
  ResolveRoot({At("root"), false}, {}).fill(tree);
  const auto time = std::filesystem::last_write_time(At("root/data"));
  std::filesystem::last_write_time(At("root/data"), time + std::chrono::nanoseconds(1));
  EXPECT_THAT(tests::MessageOf([&] { tests::WriteImage(tree, At("image"), "zstd"); }),
              HasSubstr(At("root/data") + " changed while it was read; build again"));
  std::filesystem::resize_file(At("root/data"), 50000);
  std::filesystem::last_write_time(At("root/data"), time);
  EXPECT_THAT(tests::MessageOf([&] { tests::WriteImage(tree, At("image"), "zstd"); }),
              HasSubstr(At("root/data") + " changed while it was read; build again"));
  std::filesystem::remove(At("root/data"));
  EXPECT_THAT(tests::MessageOf([&] { tests::WriteImage(tree, At("image"), "zstd"); }),
              HasSubstr("cannot open " + At("root/data")));
}

// A writer at work all the time: an image is only ever published whole, and what is not says why.
TEST_F(BadInputTest, AFileThatIsBeingWrittenIsEitherWholeOrAnError) {
  std::mt19937_64 random(1);
  Put("root/data", tests::RandomText(random, 3000000));
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    const base::UniqueFd fd = base::Open(At("root/data"), O_WRONLY);
    for (uint64_t at = 0; !stop; at = (at + 65537) % 3000000) {
      base::PWriteAll(fd.get(), base::AsBytes(std::to_string(at)), at, At("root/data"));
    }
  });
  for (int i = 0; i < 3; ++i) {
    try {
      Build();
    } catch (const base::Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("/data"));
    }
  }
  stop = true;
  writer.join();
  for (const std::string& name : Published()) {
    if (name != "latest") {
      const images::ImageDirectory image(At("built/app/" + name));
      EXPECT_EQ(base::Sha256OfFile(image.image_path()), image.manifest().image.sha256);
    }
  }
}

TEST_F(BadInputTest, ALinkOfTheSourceNeverLeadsToThisMachinesFiles) {
  Put("host/app", "the machine's own");
  std::filesystem::permissions(At("host/app"), std::filesystem::perms(0755));
  for (const std::string& target :
       {At("host/app"), std::string("../../host/app"), std::string("/../host/app")}) {
    std::filesystem::remove(At("root/bin/app"));
    std::filesystem::create_symlink(target, At("root/bin/app"));
    EXPECT_THAT(tests::MessageOf([&] { Build(); }),
                HasSubstr("services.app.exec: /bin/app is not in the image"))
        << target;
  }
  std::filesystem::remove(At("root/bin/app"));
  std::filesystem::create_symlink("/../lib/app", At("root/bin/app"));  // above / is /
  Put("root/lib/app", "the image's own");
  std::filesystem::permissions(At("root/lib/app"), std::filesystem::perms(0755));
  Build();
}

TEST_F(BadInputTest, LinksInContentsAreKeptAsLinks) {
  Put("host/secret", "the machine's own");
  Put("folder/file", "x");
  std::filesystem::create_symlink(At("host/secret"), At("folder/absolute"));
  std::filesystem::create_symlink("../host/secret", At("folder/relative"));
  Closure closure = ResolveRoot({At("root"), false}, {});
  images::Definition definition;
  definition.name = "app";
  definition.contents.files = {{"/srv", At("folder")}};
  const Tree tree = MakeTree(definition, closure);
  EXPECT_EQ(tree.Find("/srv/absolute")->text(), At("host/secret"));
  EXPECT_EQ(tree.Find("/srv/relative")->text(), "../host/secret");
  EXPECT_EQ(tree.Resolve("/srv/absolute"), nullptr);
}

TEST_F(BadInputTest, AReadOnlyDiskIsASourceAndNoOutput) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "needs root, to mount";
  }
  ASSERT_EQ(::mount(At("root").c_str(), At("root").c_str(), nullptr, MS_BIND, nullptr), 0);
  ASSERT_EQ(
      ::mount(nullptr, At("root").c_str(), nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY, nullptr), 0);
  Build();
  EXPECT_EQ(Published().size(), 2U);
  std::filesystem::create_symlink(At("root"), At("read-only"));
  const std::string error = tests::MessageOf([&] {
    RunImgbuild({"--output", At("read-only/built"), "--name", "app", "--root", At("root"), "--exec",
                 "/bin/app"},
                base::Io());
  });
  ::umount2(At("root").c_str(), MNT_DETACH);
  EXPECT_THAT(error, HasSubstr("read-only/built: Read-only file system"));
}

}  // namespace
}  // namespace builder

// Root directories and OCI images, the latter made here by tar in each form that is read.
#include "builder/source/root_source.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "tests/builder/source/oci_fixture.h"
#include "tests/support/errors.h"
#include "tests/support/scratch.h"

namespace builder {
namespace {

using nlohmann::json;

using OciSourceTest = tests::OciFixture;
using testing::HasSubstr;

using RootSourceTest = tests::ScratchTest;

TEST_F(RootSourceTest, IsNormalisedUnlessItsAttributesAreToBeKept) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "needs root, to make owners and devices";
  }
  Put("root/bin/app", "program");
  ASSERT_EQ(::chmod(At("root/bin/app").c_str(), 04750), 0);
  ASSERT_EQ(::chown(At("root/bin/app").c_str(), 7, 8), 0);
  ASSERT_EQ(::chmod(At("root/bin/app").c_str(), 04750), 0);
  ASSERT_EQ(::mknod(At("root/null").c_str(), S_IFCHR | 0666, makedev(1, 3)), 0);
  ASSERT_EQ(::mkfifo(At("root/bin/fifo").c_str(), 0644), 0);
  const base::UniqueFd fd = base::Open(At("said"), O_WRONLY | O_CREAT, 0644);
  const base::Io io{0, 1, fd.get(), false};
  Tree normal;
  ResolveRoot({At("root"), false}, io).fill(normal);
  EXPECT_EQ(
      Get("said"),
      "note: 2 devices, fifos and sockets are left out, the first /bin/fifo; --preserve keeps "
      "them\n");
  EXPECT_EQ(normal.Find("/bin/app")->permissions, 0555U);
  EXPECT_EQ(normal.Find("/bin/app")->uid, 0U);
  EXPECT_EQ(normal.Find("/bin/app")->mtime_seconds, normal.time_seconds());
  EXPECT_EQ(normal.Find("/null"), nullptr);
  Tree kept;
  ResolveRoot({At("root"), true}, io).fill(kept);
  EXPECT_EQ(kept.Find("/bin/app")->permissions, 04750U);
  EXPECT_EQ(kept.Find("/bin/app")->gid, 8U);
  EXPECT_EQ(kept.Find("/null")->device, makedev(1, 3));
  EXPECT_EQ(kept.Find("/bin/fifo")->kind, Node::Kind::kFifo);
}

TEST_F(RootSourceTest, WhatIsMountedBelowItIsLeftOutUnlessAskedFor) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "needs root, to mount";
  }
  Put("root/bin/app", "program");
  std::filesystem::create_directories(At("root/mnt/inner"));
  ASSERT_EQ(::mount("tmpfs", At("root/mnt").c_str(), "tmpfs", 0, "size=1m"), 0);
  Put("root/mnt/file", "x");
  const base::UniqueFd fd = base::Open(At("said"), O_WRONLY | O_CREAT, 0644);
  const base::Io io{0, 1, fd.get(), false};
  Tree own;
  ResolveRoot({At("root"), false}, io).fill(own);
  Tree all;
  ResolveRoot({At("root"), false, true}, io).fill(all);
  ::umount2(At("root/mnt").c_str(), MNT_DETACH);
  EXPECT_EQ(Get("said"), "note: other file systems are mounted below " + At("root") +
                             " and left out: " + At("root/mnt") + "; --mounts takes them\n");
  EXPECT_TRUE(own.Find("/mnt")->children.empty());
  EXPECT_NE(own.Find("/bin/app"), nullptr);
  EXPECT_NE(all.Find("/mnt/file"), nullptr);
}

TEST_F(RootSourceTest, MustBeADirectory) {
  EXPECT_THAT(tests::MessageOf([&] {
                ResolveRoot({At("none"), false}, {});
              }),
              HasSubstr("the root directory " + At("none") + " does not exist"));
  EXPECT_THAT(tests::MessageOf([&] {
                ResolveRoot({Put("file", ""), false}, {});
              }),
              HasSubstr("is no directory"));
}

TEST_F(OciSourceTest, EveryFormIsTheSameImage) {
  Put("a/bin/app", "program");
  AddLayer("a");
  const std::string layout = Layout();
  const std::string docker = DockerSave();
  const std::string id = Resolve(layout).packages[0].entry.nar_hash;
  EXPECT_EQ(id, "sha256:" + base::Sha256Of(config_.dump()).ToHex());
  for (const std::string& path :
       {layout, Tar(layout, "-z", "a.tar.gz"), Tar(layout, "--zstd", "a.tar.zst"), docker,
        Tar(docker, "--format=pax", "docker.tar")}) {
    const Closure closure = Resolve(path);
    EXPECT_EQ(closure.packages[0].entry.nar_hash, id) << path;
    EXPECT_EQ(closure.packages[0].entry.name, "app") << path;
    EXPECT_EQ(closure.version, "1.2") << path;
    Tree tree;
    closure.fill(tree);
    const std::vector<uint8_t> content = tree.Find("/bin/app")->Read(0, 7);
    EXPECT_EQ(std::string(content.begin(), content.end()), "program") << path;
    EXPECT_EQ(tree.Find("/bin/app")->uid, 3U) << path;
  }
}

TEST_F(OciSourceTest, LayersCoverOneAnother) {
  Put("a/keep", "1");
  Put("a/gone", "1");
  Put("a/changed", "1");
  Put("a/opaque/old", "1");
  Put("a/dir/inside", "1");
  Put("a/file-to-dir", "1");
  AddLayer("a");
  Put("b/.wh.gone", "");
  Put("b/changed", "22");
  Put("b/opaque/new", "1");
  Put("b/opaque/.wh..wh..opq", "");
  Put("b/.wh.never-there", "");
  Put("b/dir/more", "1");
  Put("b/file-to-dir/x", "1");
  std::filesystem::create_hard_link(At("b/changed"), At("b/linked"));
  AddLayer("b", {"-c", "--sort=name"});
  const Tree tree = TreeOf(Layout());
  EXPECT_NE(tree.Find("/keep"), nullptr);
  EXPECT_EQ(tree.Find("/gone"), nullptr);
  EXPECT_EQ(tree.Find("/.wh.gone"), nullptr);
  EXPECT_EQ(tree.Find("/changed")->size_bytes, 2U);
  EXPECT_EQ(tree.Find("/linked"), tree.Find("/changed"));
  EXPECT_EQ(tree.Find("/opaque/old"), nullptr);
  EXPECT_NE(tree.Find("/opaque/new"), nullptr);
  EXPECT_NE(tree.Find("/dir/inside"), nullptr);
  EXPECT_NE(tree.Find("/dir/more"), nullptr);
  EXPECT_NE(tree.Find("/file-to-dir/x"), nullptr);
}

TEST_F(OciSourceTest, AnEntryThatLeadsOutIsRefusedByItsName) {
  EXPECT_THAT(ErrorOfEntry("s,^./entry,../../etc/x,"),
              HasSubstr("layer 2: the entry '../../etc/x' leads out of the archive"));
  EXPECT_THAT(ErrorOfEntry("s,^./entry,/../etc/x,"), HasSubstr("the entry '/../etc/x' leads out"));
  EXPECT_FALSE(base::Exists("/etc/x"));
}

TEST_F(OciSourceTest, SaysHowItRuns) {
  Put("a/bin/app", "program");
  AddLayer("a");
  base::UniqueFd fd = base::Open(At("said"), O_WRONLY | O_CREAT, 0644);
  const Closure closure = Resolve(Layout(), base::Io{0, 1, fd.get(), false});
  EXPECT_EQ(closure.service.exec, (images::Command{"/bin/app", "-v"}));
  EXPECT_EQ(closure.service.environment,
            (std::map<std::string, std::string>{{"PATH", "/bin"}, {"A", "b=c"}}));
  EXPECT_EQ(closure.service.working_directory, "/srv");
  EXPECT_THAT(Get("said"), HasSubstr("BAD-NAME"));
  EXPECT_EQ(closure.service.user, "redis");
}

TEST_F(OciSourceTest, ADamagedBlobIsRefused) {
  Put("a/file", "x");
  AddLayer("a");
  const std::string hex = base::Sha256OfFile(layers_[0]).ToHex();
  const std::string layout = Layout();
  const std::string docker = DockerSave();
  Put("layout/blobs/sha256/" + hex, Get("layout/blobs/sha256/" + hex) + "more");
  Put("docker/0/layer.tar", Get("docker/0/layer.tar") + "more");
  for (const std::string& path : {layout, docker}) {
    const base::Error error = tests::ErrorOf([&] { Resolve(path); });
    EXPECT_EQ(error.code(), base::ExitCode::kVerification);
    EXPECT_THAT(error.what(), HasSubstr("is damaged: its"));
  }
  std::filesystem::remove(At("layout/blobs/sha256/" + hex));
  EXPECT_THAT(ErrorOf(layout), HasSubstr("lacks blobs/sha256/" + hex));
}

TEST_F(OciSourceTest, TheArchitectureMustBeThisOne) {
  Put("a/file", "x");
  AddLayer("a");
  json ours = Manifest();
  ours["platform"] = {{"architecture", "amd64"}, {"os", "linux"}};
  config_["architecture"] = "s390x";
  EXPECT_THAT(ErrorOf(Layout()), HasSubstr("has no image for linux/amd64; it has: linux/s390x"));
  json other = Manifest();
  other["platform"] = {{"architecture", "s390x"}, {"os", "linux"}};
  Put("layout/index.json", json{{"manifests", {other, ours}}}.dump());
  EXPECT_NE(TreeOf(At("layout")).Find("/file"), nullptr);
  Put("layout/index.json", json{{"manifests", {other}}}.dump());
  EXPECT_THAT(ErrorOf(At("layout")),
              HasSubstr("has no image for linux/amd64; it has: linux/s390x"));
}

TEST_F(OciSourceTest, WhatIsNoImageIsRefusedInOneLine) {
  EXPECT_THAT(ErrorOf(At("none")), HasSubstr("the OCI image " + At("none") + " does not exist"));
  EXPECT_THAT(ErrorOf(At("tmp")), HasSubstr("has neither index.json nor manifest.json"));
  EXPECT_THAT(ErrorOf(Put("text", "this is no archive, whatever its name says")),
              HasSubstr("text is no tar archive"));
  Put("bad/index.json", "{");
  EXPECT_THAT(ErrorOf(At("bad")), HasSubstr("index.json: line 1"));
  Put("bad/index.json", R"({"manifests": [{"digest": 5}]})");
  EXPECT_THAT(ErrorOf(At("bad")), HasSubstr("is no OCI image that can be read"));
  Put("bad/index.json", R"({"manifests": [{"digest": "md5:../../x"}]})");
  EXPECT_THAT(ErrorOf(At("bad")), HasSubstr("'md5:../../x' is no SHA-256"));
}

TEST_F(OciSourceTest, AFullDiskForItsFilesLeavesNothing) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "needs root, to mount";
  }
  Put("a/file", std::string(3000000, 'x'));
  AddLayer("a");
  const std::string layout = Layout();
  const std::string archive = Tar(layout, "--gzip", "a.tar.gz");
  ASSERT_EQ(::mount("tmpfs", At("tmp").c_str(), "tmpfs", 0, "size=1m"), 0);
  const std::string unpacked = ErrorOf(layout);
  const std::string opened = ErrorOf(archive);
  const std::vector<std::string> left = base::ListDirectory(At("tmp"));
  ::umount2(At("tmp").c_str(), MNT_DETACH);
  EXPECT_THAT(unpacked, HasSubstr("No space left on device"));
  EXPECT_THAT(opened, HasSubstr("No space left on device"));
  EXPECT_TRUE(left.empty()) << testing::PrintToString(left);
}

TEST_F(OciSourceTest, ALayerThatEndsEarlyIsRefused) {
  Put("a/file", std::string(100000, 'x'));
  AddLayer("a");
  Put("layer.tar0", Get("layer.tar0").substr(0, 50000));
  EXPECT_THAT(ErrorOf(Layout()), HasSubstr("layer 1 is no tar archive, or a damaged one"));
}

}  // namespace
}  // namespace builder

#include "builder/inspect/extract.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>

#include "tests/builder/inspect/image_commands_fixture.h"
#include "tests/support/as_nobody.h"

namespace builder {
namespace {

using ExtractTest = ImageCommandsFixture;

TEST_F(ExtractTest, GivesTheTreeBack) {
  Build(kLib, "1.0");
  const std::string folder = folder_.path() + "/unpacked";
  ASSERT_EQ(Run({"extract", "app", folder}).code, 0);
  const Tree tree = SampleTree(kLib);
  const Node* page = tree.Find(std::string(kApp) + "/page.html");
  EXPECT_EQ(base::ReadFile(folder + kApp + "/page.html"), page->text());
  EXPECT_EQ(base::ReadLinkIfThere(folder + "/bin/run"), std::string(kApp) + "/run");
  const struct stat run = base::LstatIfThere(folder + kApp + "/run").value();
  EXPECT_EQ(run.st_mode & 07777U, 0555U);
  EXPECT_EQ(run.st_mtim.tv_sec, 1);
  EXPECT_TRUE(base::ListDirectory(folder + "/empty").empty());
  EXPECT_EQ(Run({"extract", "app", folder}).code, 1);  // it is there already
}

// As root, who alone may set them all.
TEST_F(ExtractTest, GivesExtendedAttributesBack) {
  const std::string probe = folder_.path() + "/probe";
  base::WriteFileAtomically(probe, "");
  if (::geteuid() != 0 || ::setxattr(probe.c_str(), "user.x", "x", 1, 0) != 0) {
    GTEST_SKIP() << "needs root and a file system with extended attributes";
  }
  base::Unlink(probe);
  const std::string capability = std::string("\x01\0\0\x02\0\x04", 6) + std::string(14, '\0');
  const std::string nobody(4, '\xff');
  const std::string acl = std::string("\x02\0\0\0\x01\0\x06\0", 8) + nobody +
                          std::string("\x02\0\x04\0\x07\0\0\0\x04\0\x04\0", 12) + nobody +
                          std::string("\x10\0\x04\0", 4) + nobody + std::string("\x20\0\x04\0", 4) +
                          nobody;
  Build(kLib, "1.0", [&](Tree& tree) {
    Node& node = *tree.Find(std::string(kApp) + "/run");
    node.uid = 7;
    node.xattrs = {{"security.capability", capability}, {"user.note", std::string("a\0b", 3)}};
    Node& page = *tree.Find(std::string(kApp) + "/page.html");
    page.permissions = 0644;
    page.xattrs = {{"system.posix_acl_access", acl}};
    tree.Find("/empty")->xattrs = {{"user.dir", ""}};
  });
  const std::string folder = folder_.path() + "/unpacked";
  const CommandResult result = Run({"extract", "app", folder});
  ASSERT_EQ(result.code, 0) << result.error;
  const auto value = [&](const std::string& path, const char* name) {
    std::string out(100, '?');
    const ssize_t size = ::lgetxattr((folder + path).c_str(), name, out.data(), out.size());
    return size < 0 ? "(none)" : out.substr(0, static_cast<size_t>(size));
  };
  const std::string run = std::string(kApp) + "/run";
  EXPECT_EQ(value(run, "security.capability"), capability);
  EXPECT_EQ(value(run, "user.note"), std::string("a\0b", 3));
  EXPECT_EQ(value(std::string(kApp) + "/page.html", "system.posix_acl_access"), acl);
  EXPECT_EQ(value("/empty", "user.dir"), "");
  ASSERT_EQ(Run({"extract", "app", folder + "2", "--no-xattrs"}).code, 0);
  EXPECT_EQ(::lgetxattr((folder + "2" + run).c_str(), "user.note", nullptr, 0), -1);
}

TEST_F(ExtractTest, ToWhereAttributesCannotBeSaysSo) {
  Build(kLib, "1.0", [&](Tree& tree) {
    tree.Find(std::string(kApp) + "/run")->xattrs = {{"trusted.x", "x"}};
  });
  ASSERT_EQ(::chmod(folder_.path().c_str(), 0777), 0);
  EXPECT_EXIT(tests::ExitAsNobody([&] {
                RunImageCommand({"extract", "app", folder_.path() + "/x", "--images", built()}, {});
              }),
              ::testing::ExitedWithCode(1), "cannot give .*/run the extended attribute trusted.x");
  EXPECT_FALSE(base::Exists(folder_.path() + "/x"));
}

TEST_F(ExtractTest, LeavesNothingOfADamagedImage) {
  const images::ImageDirectory image(Build(kLib, "1.0"));
  std::string bytes = base::ReadFile(image.image_path());
  std::fill(bytes.begin() + 4096, bytes.begin() + 40960, '\0');
  base::WriteFileAtomically(image.image_path(), bytes);
  EXPECT_EQ(Run({"extract", "app", folder_.path() + "/unpacked"}).code, 6);
  EXPECT_THAT(base::ListDirectory(folder_.path()), testing::UnorderedElementsAre("built", "out"));
}

}  // namespace
}  // namespace builder

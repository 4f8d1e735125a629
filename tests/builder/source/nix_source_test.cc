#include "builder/source/nix_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "base/error.h"
#include "base/file.h"
#include "tests/support/scratch.h"

namespace builder {
namespace {

constexpr const char* kNarHash = "sha256-I79ABM/MuMklSzsTwQ5m1xiPdq97No4hi6vpgVmYnw8=";

std::string ErrorOf(const images::NixSource& source) {
  try {
    ResolveNix(source, {});
  } catch (const base::Error& error) {
    return error.what();
  }
  return "";
}

TEST(PackageNameTest, TheVersionStartsAtTheFirstDashBeforeADigit) {
  const std::string hash = "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-";
  EXPECT_EQ(PackageNameOf(hash + "nginx-1.22.1").name, "nginx");
  EXPECT_EQ(PackageNameOf(hash + "nginx-1.22.1").version, "1.22.1");
  EXPECT_EQ(PackageNameOf(hash + "libpcre2-8-0-10.42").name, "libpcre2");
  EXPECT_EQ(PackageNameOf(hash + "source").name, "source");
  EXPECT_EQ(PackageNameOf(hash + "source").version, "");
  EXPECT_EQ(PackageNameOf(hash + "trailing-").name, "trailing-");
}

TEST(NixSourceTest, SaysThatAPathDoesNotExist) {
  images::NixSource source;
  source.path = "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-none";
  EXPECT_THAT(ErrorOf(source), testing::HasSubstr("does not exist"));
}

TEST(NixSourceTest, SaysThatAPathIsOutsideTheStore) {
  images::NixSource source;
  source.path = "/tmp";
  EXPECT_THAT(ErrorOf(source), testing::HasSubstr("is not in /nix/store/"));
}

TEST(NixSourceTest, SaysThatNixIsNotInstalled) {
  const base::TemporaryDirectory folder(testing::TempDir(), "slipway-nix-");
  images::NixSource source;
  source.file = "/dev/null";
  source.attr = "x";
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", folder.path().c_str(), 1);
  const std::string error = ErrorOf(source);
  ::setenv("PATH", path.c_str(), 1);
  EXPECT_THAT(error, testing::HasSubstr("nix-build is not installed"));
  EXPECT_THAT(error, testing::HasSubstr("apt install nix-bin"));
}

// Programs of the names `nix` and `nix-store` that answer as a version would. What they name is in
// no store here, so that a question is answered when the missing path is named.
class NixVersionTest : public tests::ScratchTest {
 protected:
  void SetUp() override {
    source_.drv = Put("app.drv", "");
    PutProgram("nix-store", "echo /nix/store/zq5grhji9v3ys3zgwi5snags2wfmn743-app-2.0-rc1");
    ::setenv("PATH", (At("bin") + ":" + path_).c_str(), 1);
  }
  void TearDown() override { ::setenv("PATH", path_.c_str(), 1); }
  void PutProgram(const std::string& name, const std::string& script) const {
    Put("bin/" + name, "#!/bin/sh\n" + script + "\n");
    std::filesystem::permissions(At("bin/" + name), std::filesystem::perms(0755));
  }
  static std::string Answer(const std::string& name) {
    return std::string("cat '") + SLIPWAY_NIX_ANSWERS + "/" + name + ".json'";
  }

  const std::string path_ = std::getenv("PATH");
  images::NixSource source_;
};

TEST_F(NixVersionTest, EachIsAskedInItsOwnWay) {
  const std::string missing =
      "/nix/store/acqyv87i57yh8dzi6r2c7rg4rb0c6sq4-lib-1.2 belongs to the closure but is missing";
  const std::string refuses =
      "case \"$*\" in *--json-format*) echo \"error: unrecognised flag '--json-format'\" >&2; exit "
      "1; "
      "esac; ";
  PutProgram("nix", refuses + Answer("nix-2.8"));
  EXPECT_THAT(ErrorOf(source_), testing::HasSubstr(missing));
  PutProgram("nix", refuses + Answer("nix-2.26"));
  EXPECT_THAT(ErrorOf(source_), testing::HasSubstr(missing));
  PutProgram("nix", "case \"$*\" in *'--json --json-format 2 /nix/store/'*) ;; *) exit 1; esac; " +
                        Answer("nix-2.34"));
  EXPECT_THAT(ErrorOf(source_), testing::HasSubstr(missing));
}

TEST_F(NixVersionTest, ItsOwnWordsAreShownAndAnAnswerWithoutTheRootIsRefused) {
  PutProgram("nix", "echo 'error: path is not valid' >&2; exit 1");
  EXPECT_EQ(ErrorOf(source_),
            "asking for the closure failed: nix exited with 1:\nerror: path is not valid");
  PutProgram("nix", "echo '[]'");
  EXPECT_EQ(ErrorOf(source_),
            "nix was asked for the closure of "
            "/nix/store/zq5grhji9v3ys3zgwi5snags2wfmn743-app-2.0-rc1 and left it out");
}

// In a mount namespace with a store of its own.
TEST_F(NixVersionTest, AStorePathThatIsALinkIsTheOneThatWasNamedHoweverItIsWritten) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "needs root, to mount";
  }
  const std::string hash = "zq5grhji9v3ys3zgwi5snags2wfmn743";
  const std::string link = "/nix/store/" + hash + "-link-1";
  const std::string real = "/nix/store/" + hash + "-real-1";
  PutProgram("nix", "echo '[{\"path\":\"" + link + "\",\"narHash\":\"" + kNarHash +
                        "\",\"references\":[\"" + real + "\"]},{\"path\":\"" + real +
                        "\",\"narHash\":\"" + kNarHash + "\",\"references\":[]}]'");
  const bool is_ours = ::mkdir("/nix", 0755) == 0;
  EXPECT_EXIT(
      {
        ::unshare(CLONE_NEWNS);
        ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
        ::mount("tmpfs", "/nix", "tmpfs", 0, "size=1m");
        std::filesystem::create_directories(real + "/bin");
        std::filesystem::create_symlink(real, link);
        std::filesystem::create_symlink(link, At("result"));
        images::NixSource source;
        source.path = At("result");
        Closure closure = ResolveNix(source, {});
        Tree tree;
        closure.fill(tree);
        bool right = closure.main_path == link && tree.Resolve(link + "/bin") != nullptr &&
                     tree.Find(link)->kind == Node::Kind::kSymlink;
        std::filesystem::create_symlink("//nix/store/../store/" + hash + "-link-1/", At("other"));
        for (const std::string& other :
             {At("other"), "//nix/store//" + hash + "-link-1/", "/nix/./store/" + hash + "-link-1",
              "/nix/store/../store/" + hash + "-link-1", link + "/bin/../../" + hash + "-link-1"}) {
          source.path = other;
          right = ResolveNix(source, {}).main_path == link && right;
        }
        ::_exit(right ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "");
  if (is_ours) {
    ::rmdir("/nix");
  }
}

}  // namespace
}  // namespace builder

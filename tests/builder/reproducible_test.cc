// The same input is the same bytes, whoever builds it, where, when and how; and which bytes, for
// each target and level.
#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "builder/imgbuild.h"
#include "tests/builder/sample_trees.h"
#include "tests/builder/write/kind_trees.h"
#include "tests/support/as_nobody.h"
#include "tests/support/scratch.h"

namespace builder {
namespace {

// The whole tool on a root directory. An image directory's name is the digest of its manifest,
// which has the digests of all that a host gets.
class ReproducibleTest : public tests::ScratchTest {
 protected:
  ReproducibleTest() {
    ::unsetenv("SOURCE_DATE_EPOCH");
    ::chmod(scratch().c_str(), 0777);
  }

  // The same files each time, made one after another; their times differ.
  std::string MakeRoot(const std::string& name) const {
    FillRoot(At(name), /*reversed=*/false);
    return At(name);
  }
  static void FillRoot(const std::string& root, bool reversed) {
    std::mt19937_64 random(1);
    std::vector<std::pair<std::string, std::string>> files;
    for (int i = 0; i < 40; ++i) {
      files.emplace_back(fmt::format("{}/d{}/f{}", root, i % 7, i),
                         tests::RandomText(random, static_cast<size_t>(i) * 3000));
    }
    files.emplace_back(root + "/bin/app", "program");
    if (reversed) {
      std::reverse(files.begin(), files.end());
    }
    for (const auto& [path, content] : files) {
      std::filesystem::create_directories(std::filesystem::path(path).parent_path());
      std::ofstream(path) << content;
      ::chmod(path.c_str(), path.ends_with("/app") ? 0755 : 0644);
    }
  }

  std::string Build(const std::string& root, const std::string& output) const {
    const base::UniqueFd out = base::Open(At(output + ".out"), O_WRONLY | O_CREAT | O_EXCL, 0666);
    const base::UniqueFd err = base::Open("/dev/null", O_WRONLY);
    RunImgbuild({"--name", "app", "--root", root, "--exec", "/bin/app", "--output", At(output),
                 "--level", "3", "--no-cache"},
                base::Io{0, out.get(), err.get(), false});
    return IdIn(output);
  }
  std::string IdIn(const std::string& output) const {
    return std::filesystem::path(Get(output + ".out")).filename();
  }
};

TEST_F(ReproducibleTest, AnotherFolder) {
  const std::string id = Build(MakeRoot("one"), "first");
  EXPECT_EQ(id.size(), 17U) << id;  // a digest and the line's end
  EXPECT_EQ(Build(MakeRoot("a-longer/path/to/it"), "second"), id);
}

// A tmpfs lists what was made last first, or last; other file systems have an order of their own.
TEST_F(ReproducibleTest, AnotherOrderOfDirectories) {
  const base::TemporaryDirectory tmpfs("/dev/shm", "slipway-order-");
  FillRoot(tmpfs.path() + "/one", /*reversed=*/false);
  FillRoot(tmpfs.path() + "/two", /*reversed=*/true);
  EXPECT_EQ(Build(tmpfs.path() + "/one", "first"), Build(tmpfs.path() + "/two", "second"));
}

TEST_F(ReproducibleTest, AnotherDay) {
  const std::string root = MakeRoot("one");
  const std::string id = Build(root, "first");
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));  // no file system's time is coarser
  EXPECT_EQ(Build(MakeRoot("again"), "second"), id);
  ::setenv("SOURCE_DATE_EPOCH", "86400", 1);
  EXPECT_NE(Build(root, "third"), id);
  ::unsetenv("SOURCE_DATE_EPOCH");
}

TEST_F(ReproducibleTest, AnotherUserWithAnotherUmaskAndAnotherPlaceInTheWorld) {
  const std::string root = MakeRoot("one");
  const std::string id = Build(root, "first");
  EXPECT_EXIT(tests::ExitAsNobody([&] {
                ::umask(077);
                ::setenv("TZ", "Pacific/Auckland", 1);
                ::setenv("LC_ALL", "tr_TR.UTF-8", 1);
                ::setenv("HOME", "/nonexistent", 1);
                std::filesystem::current_path("/");
                Build(root, "second");
              }),
              testing::ExitedWithCode(0), "");
  EXPECT_EQ(IdIn("second"), id);
  ::chmod((root + "/d1/f1").c_str(), 0755);  // what may be executed does matter
  EXPECT_NE(Build(root, "third"), id);
}

class BytesTest : public testing::TestWithParam<std::string> {
 protected:
  std::string DigestOf(const Tree& tree, unsigned threads, uint64_t level) const {
    return tests::WriteImage(tree, image_, GetParam(), threads, level).sha256.ToHex();
  }
  std::string SuperblockOf(const Tree& tree, const std::string& label) const {
    const base::UniqueFd fd = base::Open(image_, O_RDWR | O_CREAT | O_TRUNC, 0644);
    WriteOptions options;
    options.codec = chunker::CodecFor(GetParam(), 2);
    options.label = label;
    WriteErofs(tree, fd.get(), image_, options, base::Io());
    return base::ReadFile(image_).substr(1024, 128);
  }

  base::TemporaryDirectory folder_{testing::TempDir(), "slipway-bytes-"};
  const std::string image_ = folder_.path() + "/image.erofs";
};

TEST_P(BytesTest, RandomTreesAreTheSameForAnyNumberOfThreads) {
  const uint64_t first = tests::FirstSeed();
  for (uint64_t seed = first; seed < first + 10; ++seed) {
    const std::string one = DigestOf(tests::RandomKindsTree(seed), 1, 2);
    ASSERT_EQ(DigestOf(tests::RandomKindsTree(seed), 5, 2), one)
        << "again with SLIPWAY_TEST_SEED=" << seed;
  }
}

TEST_P(BytesTest, LabelAndUuidAreWhatTheSuperblockSays) {
  Tree tree;
  tree.AddLiteral("/file", "x");
  Tree other;
  other.AddLiteral("/file", "y");
  const auto uuid = [](const std::string& superblock) { return superblock.substr(48, 16); };
  const auto label = [](const std::string& superblock) { return superblock.substr(64, 16); };
  const std::string superblock = SuperblockOf(tree, "nginx");
  EXPECT_EQ(label(superblock), "nginx" + std::string(11, '\0'));
  EXPECT_EQ(label(SuperblockOf(tree, "sixteen-and-more")), std::string("sixteen-and-mor\0", 16));
  EXPECT_EQ(uuid(SuperblockOf(tree, "nginx")), uuid(superblock));
  EXPECT_NE(uuid(SuperblockOf(other, "nginx")), uuid(superblock));
  EXPECT_EQ(uuid(superblock)[6] & 0xF0, 0x80);  // version 8
  EXPECT_EQ(uuid(superblock)[8] & 0xC0, 0x80);  // RFC 9562's variant
}

// Text, noise and zeros, in files with blocks of their own and in packed ones, and a node of each
// other kind.
Tree SmallTree() {
  std::mt19937_64 random(13);
  Tree tree;
  tree.AddLiteral("/bin/app", tests::RandomText(random, 400000), 0755);
  tree.AddLiteral("/lib/noise", tests::RandomBytes(random, 70000));
  tree.AddLiteral("/lib/zeros", std::string(100000, '\0'));
  for (size_t i = 0; i < 20; ++i) {
    tree.AddLiteral(fmt::format("/etc/{}", i), tests::RandomText(random, i * i * 40));
  }
  tree.AddSymlink("/link", "bin/app");
  tree.AddHardLink("/hard", "/etc/19");
  tree.AddSpecial("/null", Node::Kind::kCharDevice, 0666, 259);
  tree.Find("/bin")->xattrs = {{"user.x", "y"}};
  return tree;
}

constexpr const char* kZstdDigests = R"(
1 bcaa0bc90ad9c645
2 023360f57f9591dc
3 5b07581d4482dba3
4 8cafb6ab2aebefa9
5 7e69dbd0cb9f158b
6 6c70f3a4d68e2535
7 e4e311bce6a33615
8 a10e11bfa1c952c6
9 a10e11bfa1c952c6
10 68fcf3bf429bb82a
11 d2250a7a867fe1ae
12 f72e1252e58ca02f
13 53250955d7aee09c
14 a6b83774cdfd2080
15 16726d33d1af0f27
16 91db4891f5089618
17 91db4891f5089618
18 9595ac30bd3a8d79
19 9595ac30bd3a8d79
)";
constexpr const char* kLz4Digests = R"(
2 98e470d75c6c0564
3 42b8b839ce34485b
4 8fce877044620ed9
5 8b02b78abb925827
6 874ae82a7131aabe
7 6687ecd773c02c20
8 e58851c02c48d082
9 b08ba1834ade46e6
10 8009e1c50ab5c42e
11 a3b5ea024536fa47
12 96d4b1e4e849227a
)";

// The bytes are part of the format: a change of any of these is a new version of it.
TEST_P(BytesTest, GoldenDigestsOfEveryLevel) {
  ::unsetenv("SOURCE_DATE_EPOCH");
  const bool zstd = GetParam() == "zstd";
  const Tree tree = SmallTree();
  std::string digests = "\n";
  for (uint64_t level = zstd ? 1 : 2; level <= (zstd ? 19U : 12U); ++level) {
    digests += fmt::format("{} {}\n", level, DigestOf(tree, 2, level).substr(0, 16));
  }
  EXPECT_EQ(digests, zstd ? kZstdDigests : kLz4Digests);
}

INSTANTIATE_TEST_SUITE_P(Targets, BytesTest, testing::Values("zstd", "lz4"),
                         [](const auto& target) { return target.param; });

}  // namespace
}  // namespace builder

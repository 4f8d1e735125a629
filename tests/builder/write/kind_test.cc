// Every kind of inode through the writer and back by upstream's reader. builder_mount_test shows
// the same trees to the kernel.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <random>

#include "base/error.h"
#include "builder/read/read_back.h"
#include "tests/builder/sample_trees.h"
#include "tests/builder/write/kind_trees.h"

namespace builder {
namespace {

constexpr uint64_t kQuickLevel = 2;  // of both codecs

class KindTest : public testing::TestWithParam<std::tuple<tests::KindTree, std::string>> {
 protected:
  base::TemporaryDirectory folder_{testing::TempDir(), "slipway-kind-"};
  const std::string image_ = folder_.path() + "/image.erofs";
};

TEST_P(KindTest, UpstreamsReaderFindsTheTree) {
  const auto& [kind, target] = GetParam();
  const Tree tree = kind.make(folder_.path());
  tests::WriteImage(tree, image_, target, 2, kQuickLevel);
  ReadBack(image_, tree, base::Io());
}

TEST_P(KindTest, TheNumberOfThreadsDoesNotChangeAByte) {
  const auto& [kind, target] = GetParam();
  const Tree tree = kind.make(folder_.path());
  const std::string one = tests::WriteImage(tree, image_, target, 1, kQuickLevel).sha256.ToHex();
  for (const unsigned threads : {2U, 4U, 8U}) {
    EXPECT_EQ(tests::WriteImage(tree, image_, target, threads, kQuickLevel).sha256.ToHex(), one)
        << threads;
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, KindTest,
                         testing::Combine(testing::ValuesIn(tests::KindTrees()),
                                          testing::Values("zstd", "lz4")),
                         [](const auto& test) {
                           return std::string(std::get<0>(test.param).name) + "_" +
                                  std::get<1>(test.param);
                         });

class WholeImageTest : public testing::TestWithParam<std::string> {
 protected:
  std::string DigestOf(const Tree& tree) const {
    return tests::WriteImage(tree, image_, GetParam(), 2, kQuickLevel).sha256.ToHex();
  }
  void ExpectReadsBack(const Tree& tree) const {
    DigestOf(tree);
    ASSERT_NO_THROW(ReadBack(image_, tree, base::Io()));
  }

  base::TemporaryDirectory folder_{testing::TempDir(), "slipway-kinds-"};
  const std::string image_ = folder_.path() + "/image.erofs";
};

TEST_P(WholeImageTest, RandomTreesReadBack) {
  const uint64_t first = tests::FirstSeed();
  for (uint64_t seed = first; seed < first + 20; ++seed) {
    SCOPED_TRACE(fmt::format("again with SLIPWAY_TEST_SEED={}", seed));
    ExpectReadsBack(tests::RandomKindsTree(seed));
    if (HasFailure()) {
      return;
    }
  }
}

TEST_P(WholeImageTest, TheOrderOfInsertionDoesNotChangeAByte) {
  const auto digest = [this](bool reversed) {
    std::vector<std::string> names = {"/a", "/b/c", "/b/d", "/e"};
    if (reversed) {
      std::reverse(names.begin(), names.end());
    }
    Tree tree;
    tree.AddLiteral(names.front() + "/linked", std::string(100000, 'x')).xattrs = {
        {"user.x", "shared"}};
    for (const std::string& name : names) {
      tree.AddLiteral(name + "/file", name).xattrs = {{"user.x", "shared"}, {"user.y", name}};
      tree.AddSymlink(name + "/link", name);
      if (name != names.front()) {
        tree.AddHardLink(name + "/linked", names.front() + "/linked");
      }
    }
    return DigestOf(tree);
  };
  EXPECT_EQ(digest(false), digest(true));
}

TEST_P(WholeImageTest, AFileOfMoreThan4GiB) {
  const std::string source = folder_.path() + "/sparse";
  tests::WriteSparseFile(source, (uint64_t{4} << 30U) + 12345);
  Tree tree;
  tree.AddFromDisk(source, "/sparse");
  ExpectReadsBack(tree);
}

TEST_P(WholeImageTest, TailsThatTheirOffsetCannotReachStandByThemselves) {
  const Tree tree = tests::TailsTree();
  const std::string within_reach = DigestOf(tree);
  for (const uint64_t reach : {0UL, 100000UL}) {
    const tests::Image image = tests::WriteImage(tree, image_, GetParam(), 2, kQuickLevel, reach);
    EXPECT_NE(image.sha256.ToHex(), within_reach);
    ReadBack(image_, tree, base::Io());
  }
}

TEST_P(WholeImageTest, ADirectoryOf100000Entries) {
  Tree tree;
  for (int i = 0; i < 100000; ++i) {
    tree.AddLiteral(fmt::format("/many/{:0>255}", i), "");
  }
  ExpectReadsBack(tree);
}

TEST_P(WholeImageTest, WhatEqualInodesShareIsStoredOnce) {
  const auto size_with = [this](int files) {
    std::mt19937_64 random(9);
    const std::string value = tests::RandomBytes(random, 60000);
    Tree tree;
    for (int i = 0; i < files; ++i) {
      tree.AddLiteral(fmt::format("/{}", i), "x").xattrs = {{"user.large", value}};
    }
    return tests::WriteImage(tree, image_, GetParam(), 2, kQuickLevel).size_bytes;
  };
  EXPECT_EQ(size_with(40), size_with(2));
}

TEST_P(WholeImageTest, TimesComeFromSourceDateEpoch) {
  ::setenv("SOURCE_DATE_EPOCH", "1700000000", 1);
  Tree tree;
  tree.AddLiteral("/dir/file", "x");
  ::unsetenv("SOURCE_DATE_EPOCH");
  EXPECT_EQ(tree.Find("/dir/file")->mtime_seconds, 1700000000);
  tree.AddLiteral("/own", "x").mtime_seconds = 5;
  ExpectReadsBack(tree);
}

TEST_P(WholeImageTest, RefusesWhatErofsHasNoPlaceFor) {
  const auto error_for = [this](const std::function<void(Node&)>& change) -> std::string {
    Tree tree;
    change(tree.AddSpecial("/dir/node", Node::Kind::kCharDevice, 0600));
    try {
      DigestOf(tree);
    } catch (const base::Error& error) {
      return error.what();
    }
    return "";
  };
  using testing::AllOf;
  using testing::HasSubstr;
  EXPECT_THAT(error_for([](Node& node) { node.xattrs["system.nfs4_acl"] = "x"; }),
              AllOf(HasSubstr("/dir/node: "), HasSubstr("system.nfs4_acl"), HasSubstr("remove")));
  EXPECT_THAT(error_for([](Node& node) { node.xattrs["user."] = "x"; }), HasSubstr("user."));
  EXPECT_THAT(error_for([](Node& node) { node.xattrs["user.x"] = std::string(65536, 'x'); }),
              AllOf(HasSubstr("/dir/node: "), HasSubstr("65535")));
  EXPECT_THAT(error_for([](Node& node) {
                for (int i = 0; i < 5; ++i) {
                  node.xattrs[fmt::format("user.{}", i)] = std::string(65535, 'x');
                }
              }),
              AllOf(HasSubstr("/dir/node: "), HasSubstr("262148")));
  EXPECT_THAT(error_for([](Node& node) { node.device = makedev(4096, 0); }),
              AllOf(HasSubstr("/dir/node: "), HasSubstr("4096:0")));
}

INSTANTIATE_TEST_SUITE_P(Targets, WholeImageTest, testing::Values("zstd", "lz4"),
                         [](const auto& target) { return target.param; });

}  // namespace
}  // namespace builder

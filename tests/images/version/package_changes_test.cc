#include "images/version/package_changes.h"

#include <gtest/gtest.h>

namespace images {
namespace {

using ChangeKind = PackageChange::Kind;

// A Debian package keeps its path, which is that of its first file, from version to version.
TEST(PackageChangesTest, AnUpdateAtTheSamePathIsAChange) {
  Manifest from;
  from.closure = {{"/usr/bin/app", "sha256:1", 5, {}, "app", ""},
                  {"/usr/lib/libssl.so.3", "sha256:2", 7, {}, "libssl3", "3.0.15"},
                  {"/usr/lib/libz.so.1", "sha256:3", 1, {}, "zlib1g", "1.2"}};
  Manifest to = from;
  EXPECT_TRUE(ComparePackages(from, to).empty());
  to.closure[0].nar_hash = "sha256:4";
  to.closure[1].nar_hash = "sha256:5";
  to.closure[1].version = "3.0.17";
  EXPECT_EQ(
      ComparePackages(from, to),
      (std::vector<PackageChange>{{ChangeKind::kRebuilt, "app", "", "", 5, 5},
                                  {ChangeKind::kChanged, "libssl3", "3.0.15", "3.0.17", 7, 7}}));
}

}  // namespace
}  // namespace images

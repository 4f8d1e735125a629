// Layers as tools really write them: sparse files, links in the way, missing ends, odd names.
#include "builder/source/oci_layer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "tests/builder/source/oci_fixture.h"

namespace builder {
namespace {

using testing::HasSubstr;

class OciLayerTest : public tests::OciFixture {
 protected:
  void Clear() {
    layers_.clear();
    config_["rootfs"]["diff_ids"].clear();
  }
  // A file of `size` bytes with a few bytes of content at each of `places`.
  void PutSparse(const std::string& name, uint64_t size, const std::vector<uint64_t>& places) {
    Put(name, "");
    std::filesystem::resize_file(At(name), size);
    const base::UniqueFd fd = base::Open(At(name), O_WRONLY);
    for (const uint64_t place : places) {
      base::PWriteAll(fd.get(), base::AsBytes("content"), place, name);
    }
  }
  void AddLink(const std::string& name, const std::string& target) {
    Put(name, "");
    std::filesystem::remove(At(name));
    std::filesystem::create_symlink(target, At(name));
  }
};

TEST_F(OciLayerTest, SparseFilesHaveTheirSizeAndContent) {
  PutSparse("a/holes", 32 << 20, {});
  PutSparse("a/log", 292292, {0});
  PutSparse("a/end", 500007, {500000});
  PutSparse("a/small", 5000, {4096});
  std::vector<uint64_t> many;
  for (uint64_t i = 0; i < 100; ++i) {  // more than a header and its extension hold
    many.push_back(i * 40960);
  }
  PutSparse("a/many", 5000001, many);
  for (const char* how : {"--format=oldgnu", "--format=gnu", "--sparse-version=0.0",
                          "--sparse-version=0.1", "--sparse-version=1.0"}) {
    Clear();
    AddLayer("a", {"-c", "-S", how});
    const Closure closure = Resolve(Layout());
    Tree tree;
    closure.fill(tree);
    for (const char* name : {"holes", "log", "end", "small", "many"}) {
      EXPECT_TRUE(ContentOf(tree, std::string("/") + name) == Get(std::string("a/") + name))
          << how << " " << name;
    }
  }
}

// With a map of one part in its header: 512 bytes at 4096.
TEST_F(OciLayerTest, ASparseFileAsStarWritesItIsRefusedByItsName) {
  Put("a/hole", std::string(512, 'A'));
  AddLayer("a", {"-c", "--format=ustar", "-b", "1"});
  std::string tar = Get("layer.tar0");
  const size_t header = tar.find("./hole");
  tar[header + 156] = 'S';
  tar.replace(header + 356, 24,
              std::string("00000010000\0"
                          "00000001000\0",
                          24));
  tar.replace(header + 452, 12, std::string("00000011000\0", 12));
  tar.replace(header + 508, 4, std::string("tar\0", 4));
  tar.replace(header + 148, 8, std::string(8, ' '));
  unsigned sum = 0;
  for (size_t i = 0; i < 512; ++i) {
    sum += static_cast<unsigned char>(tar[header + i]);
  }
  tar.replace(header + 148, 7, fmt::format("{:06o}", sum) + std::string(1, '\0'));
  Put("layer.tar0", tar);
  EXPECT_THAT(ErrorOf(Layout()), HasSubstr("the entry './hole' is a sparse file as star writes"));
}

TEST_F(OciLayerTest, ADirectoryTakesALinksPlaceAndLeavesItsTargetAlone) {
  Put("a/releases/1/app", "one");
  AddLink("a/current", "releases/1");
  AddLink("a/gone", "/releases/1");
  AddLayer("a");
  Put("b/current/new", "two");
  Put("b/current/.wh..wh..opq", "");
  Put("b/gone/.wh.app", "");
  AddLayer("b", {"-c", "--sort=name"});
  const Closure closure = Resolve(Layout());
  Tree tree;
  closure.fill(tree);
  EXPECT_EQ(tree.Find("/current")->kind, Node::Kind::kDirectory);
  EXPECT_EQ(tree.Find("/gone")->kind, Node::Kind::kDirectory);
  EXPECT_EQ(ContentOf(tree, "/current/new"), "two");
  EXPECT_EQ(ContentOf(tree, "/releases/1/app"), "one");
  EXPECT_EQ(tree.Find("/current")->children.size(), 1U);
}

TEST_F(OciLayerTest, AnEntryBelowALinkIsPutWhereItLeadsInTheImage) {
  Put("a/usr/bin/app", "one");
  Put("a/usr/bin/old", "one");
  AddLink("a/bin", "usr/bin");
  AddLink("a/far", "/usr/../../../../opt/far");
  AddLink("a/opt/far", "../usr/bin");
  AddLayer("a");
  Put("b/bin/tool", "tool");
  Put("b/bin/.wh.old", "");
  Put("b/bin/sub/x", "x");
  Put("b/far/more", "more");
  AddFiles("b", {"bin/tool", "bin/.wh.old", "bin/sub/x", "far/more"});
  const Closure closure = Resolve(Layout());
  Tree tree;
  closure.fill(tree);
  EXPECT_EQ(tree.Find("/bin")->kind, Node::Kind::kSymlink);
  EXPECT_EQ(ContentOf(tree, "/usr/bin/tool"), "tool");
  EXPECT_EQ(ContentOf(tree, "/usr/bin/sub/x"), "x");
  EXPECT_EQ(ContentOf(tree, "/usr/bin/more"), "more");
  EXPECT_EQ(ContentOf(tree, "/usr/bin/app"), "one");
  EXPECT_EQ(tree.Find("/usr/bin/old"), nullptr);
}

TEST_F(OciLayerTest, ALinkOutOfTheImageStaysInsideAndACircleIsRefused) {
  AddLink("a/out", "../../../../../etc/slipway-none");
  AddLink("a/round", "round");
  AddLayer("a");
  Put("b/out/x", "x");
  Put("b/round/x", "x");
  AddFiles("b", {"out/x"});
  const std::string layout = Layout();
  const Closure closure = Resolve(layout);
  Tree tree;
  closure.fill(tree);
  EXPECT_EQ(ContentOf(tree, "/etc/slipway-none/x"), "x");
  EXPECT_FALSE(base::Exists("/etc/slipway-none"));
  AddFiles("b", {"round/x"});
  EXPECT_THAT(ErrorOf(Layout()), HasSubstr("layer 3: cannot put /round/x into the image: links"));
}

TEST_F(OciLayerTest, SlashesAtTheStartOfANameDoNotCount) {
  Put("a/nix/store/a/app", "app");
  std::filesystem::create_hard_link(At("a/nix/store/a/app"), At("a/nix/store/a/same"));
  for (const char* with : {"s,^./,/,", "s,^./,//,", "s,^./,/./,"}) {
    Clear();
    AddLayer("a", {"-c", "--sort=name", "--transform", with});
    const Closure closure = Resolve(Layout());
    Tree tree;
    closure.fill(tree);
    EXPECT_EQ(ContentOf(tree, "/nix/store/a/same"), "app") << with;
  }
}

TEST_F(OciLayerTest, AnArchiveWithoutItsEndIsReadWithANote) {
  Put("a/file", std::string(1000, 'x'));  // 1000 bytes: 24 to the block's end
  AddLayer("a", {"-c", "--sort=name", "-b", "1"});
  const std::string whole = Get("layer.tar0");
  const size_t end = whole.find(std::string(1000, 'x')) + 1000;
  for (const size_t size : {end, end + 10, end + 24, end + 24 + 512, end + 24 + 700}) {
    Put("layer.tar0", whole.substr(0, size));
    const std::string layout = Layout();
    if (size <= end + 24) {
      EXPECT_THAT(SaidOf(layout), HasSubstr("layer 1 stops without the blocks that end a tar"))
          << size;
    }
    const Closure closure = Resolve(layout);
    Tree tree;
    closure.fill(tree);
    EXPECT_EQ(ContentOf(tree, "/file"), std::string(1000, 'x')) << size;
  }
  for (const size_t size : {end - 1, end - 488, end - 489, end - 1000 - 1, end - 1000 - 300}) {
    Put("layer.tar0", whole.substr(0, size));
    EXPECT_THAT(ErrorOf(Layout()), HasSubstr("layer 1 is ")) << size;
  }
  Put("layer.tar0", whole);
  EXPECT_EQ(SaidOf(Layout()).find("stops without"), std::string::npos);
}

TEST_F(OciLayerTest, AnArchiveThatEndsWithinALongNameIsRefused) {
  Put("a/file", "x");
  Put("z/" + std::string(200, 'n'), "y");
  const std::vector<std::string> pax = {
      "-c", "--format=pax", "-b", "1", "--mtime=@1", "--pax-option=delete=atime,delete=ctime"};
  for (const std::vector<std::string>& flags :
       {pax, std::vector<std::string>{"-c", "--format=gnu", "-b", "1"}}) {
    Clear();
    AddLayer("a", flags);
    const std::string first = Get("layer.tar0").substr(0, 3 * 512);
    AddLayer("z", flags);
    const std::string second = Get("layer.tar1").substr(512);
    layers_.pop_back();
    for (const size_t size : {512U, 600U, 1024U, 1100U}) {
      Put("layer.tar0", first + second.substr(0, size));
      EXPECT_THAT(ErrorOf(Layout()), HasSubstr("layer 1 is ")) << flags[1] << size;
    }
  }
}

TEST_F(OciLayerTest, AnOwnerThatLinuxHasNotIsRefused) {
  Put("a/file", "x");
  for (const char* owner : {"uid:=4294967296", "gid:=4294967301", "uid:=4294967295"}) {
    Clear();
    AddLayer("a", {"-c", "--format=pax", std::string("--pax-option=") + owner});
    EXPECT_THAT(ErrorOf(Layout()), HasSubstr("Linux has those of 0 to 4294967294")) << owner;
  }
  Clear();
  AddLayer("a", {"-c", "--format=pax", "--pax-option=uid:=4294967294"});
  EXPECT_EQ(TreeOf(Layout()).Find("/file")->uid, 4294967294U);
}

}  // namespace
}  // namespace builder

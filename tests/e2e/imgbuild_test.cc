// imgbuild on the real nginx closure: what it makes is read by the kernel, by fsck and by desync,
// and bad input leaves nothing behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/atomic_file.h"
#include "images/version/image_directory.h"
#include "tests/e2e/scene.h"

namespace tests {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class ImgbuildTest : public testing::Test {
 protected:
  // What a failed build may leave: nothing under the image's name but what was there.
  std::vector<std::string> Left() const {
    return base::ListDirectory(workshop_.images() + "/nginx");
  }

  void ExpectError(const RunResult& result, int exit_code, const std::string& text) const {
    EXPECT_EQ(result.exit_code, exit_code) << result.err;
    EXPECT_THAT(result.err, HasSubstr(text));
    EXPECT_EQ(result.out, "");
    EXPECT_TRUE(Left().empty()) << testing::PrintToString(Left());
  }

  Workshop workshop_;
};

TEST_F(ImgbuildTest, TheKernelFindsTheClosureByteForByte) {
  const images::ImageDirectory image(workshop_.Build("nginx", "v1"));
  const std::string mount = workshop_.folder() + "/mount";
  base::MakeDirectories(mount);
  MustRun({"mount", "-t", "erofs", "-o", "loop,ro", image.image_path(), mount});
  std::string differences;
  for (const images::ClosurePath& path : image.manifest().closure) {
    const RunResult diff =
        RunCommand({"diff", "-r", "--no-dereference", path.path, mount + path.path});
    differences += diff.out + diff.err;
  }
  const std::string stored = MustRun({"ls", mount + "/nix/store"});
  MustRun({"umount", mount});
  EXPECT_EQ(differences, "");
  EXPECT_EQ(std::count(stored.begin(), stored.end(), '\n'),
            static_cast<std::ptrdiff_t>(image.manifest().closure.size()));
}

TEST_F(ImgbuildTest, FsckAndDesyncReadIt) {
  const images::ImageDirectory image(workshop_.Build("nginx", "v1"));
  MustRun({SLIPWAY_DEPS_BIN "/fsck.erofs", "--extract", image.image_path()});
  const std::string store = workshop_.folder() + "/store";
  const std::string copy = workshop_.folder() + "/copy.erofs";
  base::MakeDirectories(store);
  MustRun({SLIPWAY_DEPS_BIN "/desync", "chop", "--digest", "sha256", "-s", store,
           image.index_path(), image.image_path()});
  MustRun({SLIPWAY_DEPS_BIN "/desync", "extract", "--digest", "sha256", "-s", store,
           image.index_path(), copy});
  EXPECT_EQ(base::Sha256OfFile(copy).ToHex(), image.manifest().image.sha256.ToHex());
}

TEST_F(ImgbuildTest, ScannersFindTheClosuresPackages) {
  const images::ImageDirectory image(workshop_.Build("nginx", "v1"));
  const std::string file = workshop_.folder() + "/sbom.json";
  base::WriteFileAtomically(file, MustRun({SLIPWAY_BIN "/imgbuild", "sbom", image.path()}));
  const std::string urls = MustRun({SLIPWAY_CHECK_SBOM, SLIPWAY_DEPS_BIN "/../share", file});
  std::set<std::string> paths;
  const json sbom = json::parse(base::ReadFile(file));
  for (const json& component : sbom.at("components")) {
    paths.insert(component.at("evidence").at("occurrences")[0].at("location"));
  }
  for (const images::ClosurePath& path : image.manifest().closure) {
    EXPECT_THAT(urls, HasSubstr("nix\tnixpkgs\t" + path.name + "\t"));
    EXPECT_TRUE(paths.contains(path.path)) << path.path;
  }
}

TEST_F(ImgbuildTest, BothTargetsAreBuiltAndTheSameAgainIsTheSame) {
  const std::string image = workshop_.Build("nginx", "v1");
  const std::string digest = base::Sha256OfFile(image + "/image.erofs").ToHex();
  for (const std::string target : {"zstd", "lz4"}) {
    const RunResult once = workshop_.Imgbuild({"--target", target, "--threads", "1", "nginx"});
    base::RemoveTree(workshop_.images());
    const RunResult again = workshop_.Imgbuild({"--target", target, "--threads", "4", "nginx"});
    EXPECT_EQ(once.exit_code, 0) << once.err;
    EXPECT_EQ(once.out, again.out);  // the directory's name is the digest of all that matters
  }
}

TEST_F(ImgbuildTest, AStorePathAndAResultLinkAreSourcesToo) {
  const std::string image = workshop_.Build("nginx", "v1");
  const std::string path = MustRun({SLIPWAY_NIX_FIXTURE_SOURCE "/build", "v1"});
  const std::string store_path = path.substr(0, path.find('\n'));
  const std::string result = workshop_.folder() + "/images/result";
  base::ReplaceSymlink(store_path, result);
  for (const std::string& source : {store_path, std::string("./result")}) {
    nlohmann::json definition = Workshop::Definition("nginx", "v1");
    definition["source"]["nix"] = {{"path", source}};
    workshop_.WriteDefinition("nginx", definition.dump());
    const RunResult built = workshop_.Imgbuild({"nginx"});
    EXPECT_EQ(built.out, image + "\n") << built.err;
  }
}

TEST_F(ImgbuildTest, EveryNixFormIsTheSameImage) {
  const std::string image = workshop_.Build("nginx", "v1");
  const std::string path = MustRun({SLIPWAY_NIX_FIXTURE_SOURCE "/build", "v1"});
  std::string drv =
      workshop_.Nix({"nix-store", "-q", "--deriver", path.substr(0, path.size() - 1)}).out;
  drv.pop_back();
  const json provenance = json::parse(base::ReadFile(image + "/provenance.json"));
  EXPECT_EQ(provenance.at("main_path"), path.substr(0, path.size() - 1));
  EXPECT_EQ(provenance.at("derivers").at(path.substr(0, path.size() - 1)), drv);
  for (const std::string& source : {drv, drv + "^out", drv + "^*", drv + "!out"}) {
    const RunResult built = workshop_.Imgbuild({"nginx", "--source", source});
    EXPECT_EQ(built.out, image + "\n") << source << ": " << built.err;
  }
  nlohmann::json definition = Workshop::Definition("nginx", "v1");
  definition["source"]["nix"] = {{"drv", drv + "^out"}};
  workshop_.WriteDefinition("nginx", definition.dump());
  EXPECT_EQ(workshop_.Imgbuild({"nginx"}).out, image + "\n");
  const std::string file = SLIPWAY_NIX_FIXTURE_SOURCE "/default.nix";
  const RunResult by_attribute =
      workshop_.Imgbuild({"--name", "web", "--exec", path.substr(0, path.size() - 1) + "/bin/nginx",
                          "-f", file, "v1"});
  EXPECT_EQ(by_attribute.exit_code, 0) << by_attribute.err;
  EXPECT_THAT(workshop_.Imgbuild({"nginx", "--source", drv + "!none"}).err,
              HasSubstr("does not have wanted outputs"));
  EXPECT_THAT(workshop_.Imgbuild({"nginx", "--source", "/nix/store/none.drv^out"}).err,
              HasSubstr("the derivation /nix/store/none.drv does not exist"));
}

// A derivation of its own with two outputs, as a flake and as links that `nix build` makes.
class OutputsTest : public ImgbuildTest {
 protected:
  void SetUp() override {
    base::MakeDirectories(flake_);
    base::WriteFileAtomically(flake_ + "/flake.nix", R"({
  outputs = { self }: { packages.x86_64-linux = rec {
    web = derivation {
      name = "web-1.0"; system = "x86_64-linux"; outputs = [ "out" "dev" ]; builder = "/bin/sh";
      args = [ "-c" "echo one > $out; echo two > $dev" ];
    };
    broken = derivation {
      name = "broken"; system = "x86_64-linux"; builder = "/bin/sh";
      args = [ "-c" "echo the last words; exit 3" ];
    };
  }; };
}
)");
    nlohmann::json definition = {{"name", "web"},
                                 {"source", {{"nix", {{"flake", "path:" + flake_ + "#web"}}}}},
                                 {"target", Target()},
                                 {"services", nlohmann::json::object()}};
    workshop_.WriteDefinition("web", definition.dump());
  }

  const std::string flake_ = workshop_.folder() + "/flake";
};

TEST_F(OutputsTest, AFlakeAndTheLinksOfItsOutputs) {
  const RunResult by_flake = workshop_.Imgbuild({"web"});
  ASSERT_EQ(by_flake.exit_code, 0) << by_flake.err;
  const std::string result = workshop_.folder() + "/result";
  const std::string drv =
      workshop_.Nix({"nix", "eval", "--raw", "path:" + flake_ + "#web.drvPath"}).out;
  for (const char* output : {"!out", "!dev"}) {
    const RunResult made =
        workshop_.Nix({"nix-store", "--realise", drv + output, "--add-root", result});
    ASSERT_EQ(made.exit_code, 0) << made.err;
  }
  const RunResult out = workshop_.Imgbuild({"web", "--source", result});
  EXPECT_EQ(out.out, by_flake.out) << out.err;
  const RunResult dev = workshop_.Imgbuild({"web", "--source", result + "-dev"});
  EXPECT_EQ(dev.exit_code, 0) << dev.err;
  EXPECT_NE(dev.out, by_flake.out);
}

TEST_F(OutputsTest, ABuilderThatFailsHasTheLastWord) {
  const RunResult built = workshop_.Imgbuild({"web", "--source", "path:" + flake_ + "#broken"});
  EXPECT_EQ(built.exit_code, 1);
  EXPECT_THAT(built.err, HasSubstr("the last words"));
  const RunResult unknown = workshop_.Imgbuild({"web", "--source", "path:" + flake_ + "#none"});
  EXPECT_EQ(unknown.exit_code, 1);
  EXPECT_THAT(unknown.err, HasSubstr("does not provide attribute"));
}

TEST_F(ImgbuildTest, AnUnknownNameListsWhatThereIs) {
  workshop_.WriteDefinition("nginx", "{}");
  workshop_.WriteDefinition("redis", "{}");
  ExpectError(workshop_.Imgbuild({"ngimx"}), 2, "there are: nginx, redis");
}

TEST_F(ImgbuildTest, AStorePathThatDoesNotExist) {
  nlohmann::json definition = Workshop::Definition("nginx", "v1");
  definition["source"]["nix"] = {{"path", "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-none-1"}};
  workshop_.WriteDefinition("nginx", definition.dump());
  ExpectError(workshop_.Imgbuild({"nginx"}), 1,
              "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-none-1 does not exist");
}

TEST_F(ImgbuildTest, ABuildThatFailsShowsNixsOwnWords) {
  nlohmann::json definition = Workshop::Definition("nginx", "no-such-attribute");
  workshop_.WriteDefinition("nginx", definition.dump());
  ExpectError(workshop_.Imgbuild({"nginx"}), 1, "no-such-attribute");
}

TEST_F(ImgbuildTest, NixIsNotInstalled) {
  workshop_.WriteDefinition("nginx", Workshop::Definition("nginx", "v1").dump());
  const RunResult result =
      RunCommand({"env", "PATH=/nonexistent", SLIPWAY_BIN "/imgbuild", "--definitions",
                  workshop_.folder() + "/images", "--output", workshop_.images(), "nginx"});
  ExpectError(result, 1, "nix-build is not installed");
}

TEST_F(ImgbuildTest, AProgramThatIsNotInTheClosure) {
  nlohmann::json definition = Workshop::Definition("nginx", "v1");
  definition["services"]["nginx"]["exec"] = {"/usr/bin/ngimx"};
  workshop_.WriteDefinition("nginx", definition.dump());
  ExpectError(workshop_.Imgbuild({"nginx"}), 2,
              "services.nginx.exec: /usr/bin/ngimx is not in the image");
}

// A path that Nix's database knows and the disk lacks: one of the test's own, so that no other is
// harmed.
TEST_F(ImgbuildTest, AClosureWithAMissingPath) {
  const std::string file = workshop_.folder() + "/precious-" + base::BaseName(workshop_.folder());
  base::WriteFileAtomically(file, file);
  std::string path = workshop_.Nix({"nix-store", "--add", file}).out;
  path.resize(path.find('\n'));
  nlohmann::json definition = Workshop::Definition("nginx", "v1");
  definition["contents"]["add"] = {path};
  workshop_.WriteDefinition("nginx", definition.dump());
  base::ReplaceSymlink(path, workshop_.folder() + "/images/result");
  MustRun({"rm", "-rf", path});
  const RunResult added = workshop_.Imgbuild({"nginx"});
  workshop_.Nix({"nix-store", "--delete", "--ignore-liveness", path});
  ExpectError(added, 1, path + " does not exist");
}

TEST_F(ImgbuildTest, AFullDiskLeavesNothing) {
  workshop_.WriteDefinition("nginx", Workshop::Definition("nginx", "v1").dump());
  base::MakeDirectories(workshop_.images());
  MustRun({"mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", workshop_.images()});
  const RunResult result = workshop_.Imgbuild({"nginx"});
  const std::vector<std::string> left = Left();
  MustRun({"umount", workshop_.images()});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("No space left on device"));
  EXPECT_TRUE(left.empty()) << testing::PrintToString(left);
}

}  // namespace
}  // namespace tests

#include "builder/inspect/image_commands.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/file.h"
#include "base/progress.h"
#include "builder/image_publisher.h"
#include "builder/inspect/image_difference.h"
#include "builder/inspect/image_report.h"
#include "images/version/image_directory.h"
#include "tests/builder/inspect/image_commands_fixture.h"

namespace builder {
namespace {

using testing::HasSubstr;

// "NAME FILES CONTENT_BYTES" of each package, as inspect says.
std::vector<std::string> PackagesIn(const std::string& json) {
  std::vector<std::string> out;
  const auto report = nlohmann::json::parse(json);
  for (const auto& package : report.at("packages")) {
    out.push_back(fmt::format("{} {} {}", package.at("name").get<std::string>(),
                              package.at("files").get<int>(),
                              package.at("content_bytes").get<int>()));
  }
  return out;
}

class ImageCommandsTest : public ImageCommandsFixture {
 protected:
  // An image of a version that has another codec.
  std::string WithCodec(const std::string& codec) {
    const images::ImageDirectory image(Build(kLib, "1.0"));
    images::Manifest manifest = image.manifest();
    manifest.image.codec.name = codec;
    ImagePublisher publisher(built(), "app");
    for (const char* file : {images::kImageFile, images::kIndexFile}) {
      std::filesystem::copy_file(image.path() + "/" + file, publisher.folder() + "/" + file);
    }
    return publisher.Publish(manifest);
  }

  using Files = std::map<std::string, std::string>;  // path -> content

  std::vector<std::string> PackagesOfRoot(const Files& files) const {
    Tree tree;
    for (const auto& [path, content] : files) {
      tree.AddLiteral(path, content);
    }
    Publish(tree, {{"/", "", 0, {}, "root", ""}});
    const CommandResult result = Run({"inspect", "app", "--json"});
    EXPECT_EQ(result.error, "");
    return result.code == 0 ? PackagesIn(result.out) : std::vector<std::string>();
  }
};

TEST_F(ImageCommandsTest, AReportAccountsForEveryByte) {
  const images::ImageDirectory image(Build(kLib, "1.0"));
  const ImageReport report = ReportOf(image);
  EXPECT_EQ(report.files, 4U);
  EXPECT_EQ(report.content_bytes, SampleTree(kLib).root().ContentBytes());
  EXPECT_GT(report.dedupe_saved_bytes, 50000U);  // copy.html is page.html
  uint64_t packages = 0;
  for (const auto& [path, share] : report.by_package) {
    packages += share.image_bytes;
  }
  const uint64_t size = image.manifest().image.size_bytes;
  EXPECT_NEAR(static_cast<double>(packages + report.metadata_bytes), static_cast<double>(size), 8);
  EXPECT_GT(report.by_package.at(kLib).image_bytes, 100000U);  // noise
  EXPECT_EQ(report.by_file_type.at("ELF").files, 1U);
  EXPECT_EQ(report.by_file_type.at("script").files, 1U);
  EXPECT_EQ(report.by_file_type.at(".html").files, 2U);
}

TEST_F(ImageCommandsTest, APackageHasAllFilesThatTheProvenanceLists) {
  Tree tree;
  tree.AddLiteral("/usr/lib/libc.so.6", std::string(1000, 'c'));
  tree.AddLiteral("/usr/lib/gconv/a.so", std::string(200, 'a'));
  tree.AddLiteral("/usr/lib/lone.so", std::string(30, 'l'));
  tree.AddLiteral("/usr/local/lib/python3.12/os.py", "12345");
  tree.AddLiteral("/usr/local/lib/python3.12/json/x.py", "123");
  tree.AddLiteral("/etc/passwd", "1");
  std::vector<images::ClosurePath> closure = {
      {"/usr/lib/gconv/a.so", "", 1200, {}, "libc6", "2.36"},
      {"/usr/lib/lone.so", "", 30, {}, "lone", "1"},
      {"/usr/local/lib/python3.12/json/x.py", "", 8, {}, "python3.12", ""}};
  Publish(tree, closure,
          R"({"/usr/lib/gconv/a.so": ["/usr/lib/gconv/a.so", "/usr/lib/libc.so.6"],)"
          R"( "/usr/local/lib/python3.12/json/x.py": ["/usr/local/lib/python3.12"]})");
  EXPECT_THAT(
      PackagesIn(Run({"inspect", "app", "--json"}).out),
      testing::ElementsAre("/etc 1 1", "libc6 2.36 2 1200", "lone 1 1 30", "python3.12 2 8"));
  // Of images whose provenance has no list: nothing that is not so.
  closure[0].nar_hash = "another";
  Publish(tree, closure, "[7]");
  EXPECT_THAT(PackagesIn(Run({"inspect", "app", "--json"}).out),
              testing::ElementsAre("/etc 1 1", "/usr 4 1208", "lone 1 1 30"));
}

TEST_F(ImageCommandsTest, ADamagedReleaseIsToldAndHidesNothingElse) {
  const std::string path = Build(kLib, "1.0");
  EXPECT_EQ(nlohmann::json::parse(Run({"inspect", "app", "--json"}).out).at("release_problem"),
            nullptr);
  base::WriteFileAtomically(path + "/release", "damaged\n");
  const std::string file = base::BaseName(path) + "/release: ";
  const CommandResult text = Run({"inspect", "app"});
  EXPECT_EQ(text.code, 0);
  EXPECT_THAT(text.out, HasSubstr(file));
  EXPECT_THAT(text.out, HasSubstr("By package:"));
  const auto json = nlohmann::json::parse(Run({"inspect", "app", "--json"}).out);
  EXPECT_EQ(json.at("release"), nullptr);
  EXPECT_THAT(json.at("release_problem").get<std::string>(), HasSubstr(file));
  EXPECT_EQ(Run({"verify", "app"}).code, 6);
}

TEST_F(ImageCommandsTest, AWholeRootIsToldByItsPackageDatabase) {
  const auto packages = [&](const Files& files) { return PackagesOfRoot(files); };
  EXPECT_THAT(packages({{"/usr/lib/libc.so.6", "1234"},
                        {"/usr/bin/python3", "12"},
                        {"/usr/lib/python3/os.py", "1"},
                        {"/usr/lib/python3/__pycache__/os.cpython-311.pyc", "123"},
                        {"/srv/app/main", "12345"},
                        {"/init", "1"},
                        {"/var/lib/dpkg/info/libc6:amd64.list", "/.\n/lib\n/lib/libc.so.6\n"},
                        {"/var/lib/dpkg/info/python3.list",
                         "/.\n/usr/bin/python3\n/usr/lib/python3\n/usr/lib/python3/os.py\n"},
                        {"/var/lib/dpkg/status",
                         "Package: libc6\nArchitecture: amd64\nDescription: C\n Version: 0\n"
                         "Version: 2.36-9\n\nPackage: python3\nVersion: 3.11\n"}}),
              testing::ElementsAre("/ 1 1", "/srv 1 5", "/var 3 193", "libc6 2.36-9 1 4",
                                   "python3 3.11 3 6"));
  EXPECT_THAT(packages({{"/usr/lib/libc.so.6", "1234"},
                        {"/var/lib/dpkg/status.d/libc6", "Package: libc6\nVersion: 2.41\n"},
                        {"/var/lib/dpkg/status.d/libc6.md5sums", "0123  usr/lib/libc.so.6\n"}}),
              testing::ElementsAre("/var 2 53", "libc6 2.41 1 4"));
  EXPECT_THAT(packages({{"/bin/busybox", "1234"},
                        {"/lib/ld-musl.so.1", "12"},
                        {"/lib/apk/db/installed",
                         "C:Q1\nP:musl\nV:1.2.4-r2\nF:lib\nR:ld-musl.so.1\n\nP:busybox\n"
                         "V:1.36\nF:\nF:bin\nR:busybox\n\n"}}),
              testing::ElementsAre("/lib 1 82", "busybox 1.36 1 4", "musl 1.2.4-r2 1 2"));
  EXPECT_THAT(packages({{"/bin/sh", "1234"},
                        {"/usr/lib/apk/db/installed", "P:dash\nV:1\nF:bin\nR:sh\n"},
                        {"/opt/x/lib/apk/db/installed", "P:ash\nV:2\nF:bin\nR:sh\n"}}),
              testing::ElementsAre("/opt 1 21", "/usr 1 22", "dash 1 1 4"));
  EXPECT_THAT(packages({{"/usr/lib/x", "1234"}, {"/opt/y", "12"}}),
              testing::ElementsAre("/opt 1 2", "/usr 1 4"));
}

TEST_F(ImageCommandsTest, APackageDatabaseThatIsTooLargeIsNotRead) {
  std::string list = "/usr/bin/sh\n";
  list.resize((64 << 20) + 1, '\n');
  const std::string status = "Package: dash\nVersion: 1\n";
  EXPECT_THAT(
      PackagesOfRoot({{"/usr/bin/sh", "1234"},
                      {"/var/lib/dpkg/status", status},
                      {"/var/lib/dpkg/info/dash.list", list}}),
      testing::ElementsAre("/usr 1 4", fmt::format("/var 2 {}", list.size() + status.size())));
}

// A small one may name more than memory holds: here 8 GB.
TEST_F(ImageCommandsTest, NamesInAPackageDatabaseThatAreTooLongAreNotRead) {
  std::string installed = "P:dash\nV:1\nF:bin\nR:sh\nF:" + std::string(2 << 20, 'f') + "\n";
  for (int i = 0; i < 4000; ++i) {
    installed += fmt::format("R:{}\n", i);
  }
  EXPECT_THAT(PackagesOfRoot({{"/bin/sh", "1234"}, {"/lib/apk/db/installed", installed}}),
              testing::ElementsAre(fmt::format("/lib 1 {}", installed.size()), "dash 1 1 4"));
}

TEST_F(ImageCommandsTest, InspectSaysThatItDoesNotKnowTheCodec) {
  const std::string path = WithCodec("lzma");
  const CommandResult result = Run({"inspect", path});
  EXPECT_EQ(result.code, 6);
  EXPECT_THAT(result.error,
              HasSubstr(base::BaseName(path) +
                        ": there is no codec 'lzma': this version of Slipway has zstd, lz4hc; "
                        "inspect it with the version that built it"));
}

TEST_F(ImageCommandsTest, InspectIsTextOrJson) {
  Build(kLib, "1.0");
  EXPECT_THAT(Run({"inspect", "app"}).out, HasSubstr("lib 1.0"));
  EXPECT_THAT(Run({"inspect", "app"}).out, HasSubstr("needs Linux 6.10"));
  const auto json = nlohmann::json::parse(Run({"inspect", "app", "--json"}).out);
  EXPECT_EQ(json.at("packages").size(), 2U);
  const auto miniserver = nlohmann::json::parse(Run({"inspect", "app", "--miniserver"}).out);
  EXPECT_EQ(miniserver.at("nix_store_path"), "/nix/store/main");
}

TEST_F(ImageCommandsTest, DiffNamesPackagesAndWhatAPushWouldSend) {
  const images::ImageDirectory old(Build(kLib, "1.0"));
  const images::ImageDirectory now(Build(kNewLib, "1.1"));
  const ImageDifference difference = Compare(old, now);
  ASSERT_EQ(difference.packages.size(), 1U);
  EXPECT_EQ(difference.packages[0].kind, images::PackageChange::Kind::kChanged);
  EXPECT_GT(difference.missing_chunks, 0U);  // the metadata at least
  EXPECT_LT(difference.missing_bytes, now.manifest().image.size_bytes / 4);
  EXPECT_THAT(Run({"diff", old.path(), "app"}).out, HasSubstr("changed  lib 1.0 -> 1.1"));
  EXPECT_EQ(Compare(old, old).missing_chunks, 0U);
  ASSERT_TRUE(difference.bytes_with_deltas);
  EXPECT_LT(*difference.bytes_with_deltas, difference.missing_bytes / 4);
  EXPECT_THAT(Run({"diff", old.path(), "app"}).out,
              HasSubstr(base::HumanBytes(*difference.bytes_with_deltas) + " ("));
  const nlohmann::json json = nlohmann::json::parse(Run({"diff", old.path(), "app", "--json"}).out);
  EXPECT_EQ(json["bytes_with_deltas"], *difference.bytes_with_deltas);
}

TEST_F(ImageCommandsTest, NamesOfAnImageSteerNoTerminal) {
  Build(kLib, "1.0", [](Tree& tree) { tree.AddLiteral("/b\x1b]0;x/f", "1"); });
  const std::string text = Run({"inspect", "app"}).out;
  EXPECT_THAT(text, HasSubstr("/b ]0;x"));
  EXPECT_THAT(text, testing::Not(HasSubstr("\x1b")));
}

TEST_F(ImageCommandsTest, DiffOfACodecThatIsNotHereLeavesTheDeltasOut) {
  const std::string path = WithCodec("lzma");
  EXPECT_FALSE(
      Compare(images::ImageDirectory(path), images::ImageDirectory(path)).bytes_with_deltas);
  EXPECT_EQ(Run({"diff", path, path}).code, 0);
}

TEST_F(ImageCommandsTest, VerifyFindsAChangedByte) {
  const images::ImageDirectory image(Build(kLib, "1.0"));
  EXPECT_EQ(Run({"verify", "app"}).code, 0);
  std::string bytes = base::ReadFile(image.image_path());
  bytes[5000] = static_cast<char>(bytes[5000] ^ 1);
  base::WriteFileAtomically(image.image_path(), bytes);
  const CommandResult result = Run({"verify", "app"});
  EXPECT_EQ(result.code, 6);
  EXPECT_THAT(result.error, HasSubstr("damaged between bytes"));
  EXPECT_EQ(result.out, "");
}

TEST_F(ImageCommandsTest, PreviewPrintsTheUnits) {
  const images::ImageDirectory image(Build(kLib, "1.0"));
  const CommandResult result = Run({"preview", "app", "--root", "/srv/images"});
  EXPECT_THAT(result.out, HasSubstr("RootImage=/srv/images/app/" + image.id().text()));
}

TEST_F(ImageCommandsTest, SaysWhatIsMissing) {
  EXPECT_EQ(Run({"inspect", "none"}).code, 2);
  EXPECT_EQ(Run({"inspect"}).code, 2);
  EXPECT_THAT(Run({"diff", "app"}).error, HasSubstr("OTHER is required"));
  EXPECT_FALSE(IsImageCommand("nginx"));
}

TEST_F(ImageCommandsTest, SbomOfANixImageNeedsItsManifestAlone) {
  const std::string path = Build(kLib, "1.0-dev");
  base::WriteFileAtomically(path + "/provenance.json", R"({"format": 1})");
  const CommandResult result = Run({"sbom", "app"});
  EXPECT_EQ(result.error, "");
  const auto document = nlohmann::json::parse(result.out);
  ASSERT_EQ(document.at("components").size(), 2U);
  const auto& lib = document.at("components")[0];
  EXPECT_EQ(lib.at("bom-ref"), std::string(kLib) + "#lib");
  EXPECT_EQ(lib.at("purl"), "pkg:nix/nixpkgs/lib@1.0");
  EXPECT_EQ(lib.at("cpe"), "cpe:2.3:a:lib:lib:1.0:*:*:*:*:*:*:*");
  std::filesystem::remove(path + "/provenance.json");
  EXPECT_EQ(Run({"sbom", "app"}).out, result.out);
}

}  // namespace
}  // namespace builder

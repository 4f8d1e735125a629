// imgbuild sbom, as CycloneDX's schema and a parser of package URLs read it: of a Debian root that
// dpkg itself made, of OCI images, of an ELF closure of this machine, and of older versions.
#include "builder/inspect/sbom.h"

#include <fcntl.h>
#include <gmock/gmock.h>

#include <set>

#include "base/error.h"
#include "builder/imgbuild.h"
#include "builder/inspect/package_url.h"
#include "tests/builder/source/oci_fixture.h"

namespace builder {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::UnorderedElementsAre;

class SbomTest : public tests::OciFixture {
 protected:
  // What imgbuild prints.
  std::string Run(std::vector<std::string> arguments) const {
    const base::UniqueFd out = base::Open(At("out"), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    const base::UniqueFd err = base::Open(At("err"), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    RunImgbuild(arguments, base::Io{0, out.get(), err.get(), false});
    return Get("out");
  }
  // The folder of the version that is built.
  std::string Build(std::vector<std::string> arguments, const std::string& output = "built") const {
    arguments.insert(arguments.begin(),
                     {"--output", At(output), "--definitions", At("images"), "--level", "1"});
    const std::string printed = Run(arguments);
    return printed.substr(0, printed.find('\n'));
  }
  // What a parser makes of each package URL in the document: "TYPE NAMESPACE NAME VERSION
  // QUALIFIERS".
  std::vector<std::string> PackagesIn(const std::string& document) const {
    const std::string file = Put("sbom.json", document);
    std::istringstream lines(tests::MustRun({SLIPWAY_CHECK_SBOM, SLIPWAY_DEPS_SHARE, file}));
    std::vector<std::string> out;
    for (std::string line; std::getline(lines, line);) {
      std::replace(line.begin(), line.end(), '\t', ' ');
      out.push_back(line);
    }
    return out;
  }
  // Packs the files below `folder`, as dpkg wants a package, and unpacks that into `root`.
  void Install(const std::string& folder, const std::string& control) const {
    Put(folder + "/DEBIAN/control", control +
                                        "Maintainer: nobody <nobody@example.org>\n"
                                        "Description: for a test\n");
    tests::MustRun({"dpkg-deb", "--build", "-Znone", At(folder), At(folder + ".deb")});
    tests::MustRun({"dpkg", "--root=" + At("root"), "--force-not-root,bad-path", "--install",
                    At(folder + ".deb")},
                   {.env = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}});
  }
  // A Debian whose dpkg and pip were at work.
  void MakeDebian() const {
    Put("root/etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n");
    Put("root/var/lib/dpkg/status", "");
    std::filesystem::create_directories(At("root/var/lib/dpkg/updates"));
    std::filesystem::create_directories(At("root/usr/lib"));
    std::filesystem::create_symlink("usr/lib", At("root/lib"));
    Put("x/lib/libx.so.1", "library");
    Put("x/usr/share/doc/libx1/copyright", "text");
    Install("x", "Package: libx1\nSource: x (1:2.0-3)\nVersion: 1:2.0-3+b1\nArchitecture: all\n");
    Put("doc/usr/share/doc/x-doc/index.html", "text");
    Install("doc", "Package: x-doc\nSource: x\nVersion: 1:2.0-3\nArchitecture: all\n");
    Put("root/usr/local/lib/python3.11/dist-packages/My_App-1.0.dist-info/METADATA",
        "Name: My_App\nVersion: 1.0\n");
    Put("root/bin/app", "program");
    std::filesystem::permissions(At("root/bin/app"), std::filesystem::perms(0755));
    Put("images/app.json", R"({"name": "app", "source": {"root": "../root"},
      "contents": {"exclude": ["/usr/share/doc"]}, "services": {"app": {"exec": ["/bin/app"]}}})");
  }
};

nlohmann::json ComponentNamed(const std::string& document, const std::string& name) {
  const auto json = nlohmann::json::parse(document);
  for (const auto& component : json.at("components")) {
    if (component.at("name") == name) {
      return component;
    }
  }
  return nullptr;
}

std::string PropertyOf(const nlohmann::json& component, const std::string& name) {
  for (const auto& property : component.at("properties")) {
    if (property.at("name") == name) {
      return property.at("value");
    }
  }
  return "(none)";
}

TEST_F(SbomTest, OfADebianRoot) {
  MakeDebian();
  const std::string document = Run({"sbom", Build({"app"})});
  EXPECT_THAT(PackagesIn(document),
              ElementsAre("deb debian libx1 1:2.0-3+b1 arch=all distro=debian-12 "
                          "upstream=x@1:2.0-3",
                          "pypi  my-app 1.0 "));
  const auto system = ComponentNamed(document, "debian");
  EXPECT_EQ(system.at("type"), "operating-system");
  EXPECT_EQ(system.at("version"), "12");
  const auto library = ComponentNamed(document, "libx1");
  EXPECT_EQ(PropertyOf(library, "aquasecurity:trivy:SrcName"), "x");
  EXPECT_EQ(PropertyOf(library, "aquasecurity:trivy:SrcVersion"), "1:2.0-3");
  EXPECT_EQ(PropertyOf(library, "slipway:files"), "1");
  EXPECT_EQ(PropertyOf(library, "slipway:files_left_out"), "1");
}

TEST_F(SbomTest, OfOneImageIsTheSameEverywhere) {
  MakeDebian();
  const std::string path = Build({"app"});
  const std::string document = Run({"sbom", path});
  EXPECT_EQ(Run({"sbom", "app", "--json", "--images", At("built")}), document);
  // Built again, labelled, and moved to where nothing is that it was built from.
  const std::string again = Build({"app", "--version-label", "1.4.0"}, "again");
  std::filesystem::create_directories(At("elsewhere/app"));
  std::filesystem::rename(again, At("elsewhere/app/" + base::BaseName(again)));
  std::filesystem::remove_all(At("root"));
  std::filesystem::remove_all(At("images"));
  EXPECT_EQ(Run({"sbom", At("elsewhere/app/" + base::BaseName(again))}), document);
}

TEST_F(SbomTest, OfAnAlpineImage) {
  Put("base/bin/app", "program");
  Put("base/etc/os-release", "ID=alpine\nVERSION_ID=3.19.1\n");
  Put("base/lib/apk/db/installed",
      "P:libssl3\nV:3.1.4-r5\nA:x86_64\no:openssl\nF:lib\nR:libssl.so.3\n\n"
      "P:gone\nV:1-r0\nA:x86_64\nF:lib\nR:gone\n");
  Put("base/lib/libssl.so.3", "library");
  Put("base/app/node_modules/@s/b/package.json", R"({"name": "@s/b", "version": "2.0.0+x"})");
  std::filesystem::permissions(At("base/bin/app"), std::filesystem::perms(0755));
  config_["config"]["User"] = "";
  AddLayer("base");
  const std::string document = Run({"sbom", Build({"--name", "app", "--oci", Layout()})});
  EXPECT_THAT(PackagesIn(document),
              ElementsAre("apk alpine libssl3 3.1.4-r5 arch=x86_64 distro=alpine-3.19.1 "
                          "upstream=openssl",
                          "npm @s b 2.0.0+x "));
  EXPECT_EQ(nlohmann::json::parse(document).at("metadata").at("component").at("version"), "1.2");
}

TEST_F(SbomTest, OfADatabaseThatIsNotReadSaysSo) {
  Put("root/bin/app", "program");
  Put("root/var/lib/rpm/rpmdb.sqlite", "x");
  std::filesystem::permissions(At("root/bin/app"), std::filesystem::perms(0755));
  const std::string path = Build({"--name", "app", "--root", At("root"), "--exec", "/bin/app"});
  const std::string document = Run({"sbom", path});
  EXPECT_THAT(Get("err"), HasSubstr("/var/lib/rpm"));
  PackagesIn(document);
  EXPECT_THAT(document, HasSubstr("incomplete"));
}

TEST_F(SbomTest, OfAnElfClosureOfThisMachine) {
  if (!base::Exists("/var/lib/dpkg/status")) {
    GTEST_SKIP() << "no dpkg here";
  }
  const std::string document = Run({"sbom", Build({"--name", "app", "--elf", "/usr/bin/env"})});
  const std::string version =
      tests::MustRun({"dpkg-query", "-W", "-f", "${Version} arch=${Architecture}", "libc6"});
  EXPECT_THAT(PackagesIn(document),
              Contains(testing::AllOf(HasSubstr("deb debian libc6 " + version),
                                      HasSubstr(" distro=debian-"), HasSubstr(" upstream=glibc"))));
  const auto json = nlohmann::json::parse(document);
  std::set<std::string> refs;
  for (const auto& component : json.at("components")) {
    EXPECT_TRUE(refs.insert(component.at("bom-ref")).second) << component.at("bom-ref");
  }
  for (const auto& dependency : json.at("dependencies")) {
    for (const std::string needed : dependency.at("dependsOn")) {
      EXPECT_TRUE(refs.contains(needed)) << needed;
    }
  }
}

TEST_F(SbomTest, OfAnOlderVersion) {
  MakeDebian();
  const std::string path = Build({"app"});
  const std::string file = path + "/" + images::kProvenanceFile;
  const auto error_of = [&](const std::string& provenance) {
    std::ofstream(file) << provenance;
    return tests::ErrorOf([&] { Run({"sbom", path}); });
  };
  EXPECT_THAT(error_of(R"({"format": 1})").what(),
              HasSubstr("delete " + path + " and build it again"));
  EXPECT_EQ(error_of(R"({"format": 1})").code(), base::ExitCode::kFailed);
  EXPECT_THAT(error_of(R"({"format": 2, "packages": []})").what(), HasSubstr("it is 2"));
  for (const char* bad :
       {"", "[]", "{}", R"({"format": 1, "packages": {}})", R"({"format": 1, "packages": [1]})",
        R"({"format": 1, "packages": [{"name": "x"}]})",
        R"({"format": 1, "packages": [], "distribution": []})",
        R"({"format": 1, "packages": [{"name": "x", "path": 1}]})"}) {
    EXPECT_EQ(error_of(bad).code(), base::ExitCode::kVerification) << bad;
  }
}

TEST(PackageUrlTest, EachTypeAsItsSpecificationSays) {
  const auto url = [](const std::string& type, const std::string& name,
                      const std::string& version) {
    return PackageUrlOf({{type, "amd64", "", ""}, name, version, "/x", std::nullopt},
                        {"debian", "13"});
  };
  EXPECT_EQ(url("deb", "libstdc++6", "1:1+b~1"),
            "pkg:deb/debian/libstdc%2B%2B6@1%3A1%2Bb~1?arch=amd64&distro=debian-13");
  EXPECT_EQ(url("golang", "github.com/A/b", "v1"), "pkg:golang/github.com/a/b@v1");
  EXPECT_EQ(url("npm", "@s/b", "1"), "pkg:npm/%40s/b@1");
  EXPECT_EQ(url("nix", "openssl", "3.0.14-bin"), "pkg:nix/nixpkgs/openssl@3.0.14");
  EXPECT_EQ(url("cargo", "serde", ""), "pkg:cargo/serde");
  EXPECT_EQ(url("", "x", "1"), "");
}

TEST(PackageUrlTest, ACpeIsOfNixAlone) {
  EXPECT_EQ(CpeOf({{"nix", "", "", ""}, "gtk+", "3.24-dev", "/x", std::nullopt}),
            "cpe:2.3:a:gtk\\+:gtk\\+:3.24:*:*:*:*:*:*:*");
  EXPECT_EQ(CpeOf({{"nix", "", "", ""}, "hook", "", "/x", std::nullopt}), "");
  EXPECT_EQ(CpeOf({{"npm", "", "", ""}, "x", "1", "/x", std::nullopt}), "");
}

}  // namespace
}  // namespace builder

// imgbuild's command line, in-process: what it takes as a source, and what it refuses.
#include "builder/build_command.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <map>
#include <nlohmann/json.hpp>

#include "base/cli.h"
#include "base/process.h"
#include "builder/imgbuild.h"
#include "builder/inspect/image_difference.h"
#include "images/version/image_directory.h"
#include "tests/support/errors.h"
#include "tests/support/scratch.h"

namespace builder {
namespace {

using testing::HasSubstr;

class BuildCommandTest : public tests::ScratchTest {
 protected:
  // The image directory that imgbuild prints.
  std::string Run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(),
                     {"--output", At("built"), "--definitions", At("images"), "--level", "1"});
    const base::UniqueFd out = base::Open(At("out"), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    const base::UniqueFd err = base::Open(At("err"), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    RunImgbuild(arguments, base::Io{0, out.get(), err.get(), false});
    const std::string printed = Get("out");
    return printed.substr(0, printed.find('\n'));
  }
  std::string ErrorOf(const std::vector<std::string>& arguments) {
    const base::Error error = tests::ErrorOf([&] { Run(arguments); });
    EXPECT_EQ(error.code(), base::ExitCode::kUsage) << error.what();
    return error.what();
  }
  void MakeRoot() {
    Put("root/bin/app", "program");
    std::filesystem::permissions(At("root/bin/app"), std::filesystem::perms(0755));
  }
};

TEST_F(BuildCommandTest, ARootWithoutADefinition) {
  MakeRoot();
  const images::ImageDirectory image(
      Run({"--name", "app", "--root", At("root"), "--exec", "/bin/app -v one"}));
  EXPECT_EQ(image.manifest().name, "app");
  EXPECT_EQ(image.manifest().services.at("app").exec, (images::Command{"/bin/app", "-v", "one"}));
  ASSERT_EQ(image.manifest().closure.size(), 1U);
  EXPECT_EQ(image.manifest().closure[0].path, "/");
  EXPECT_EQ(image.manifest().closure[0].size_bytes, 7U);
}

TEST_F(BuildCommandTest, ASetThatASourceCannotHaveIsNamedWithItsLine) {
  MakeRoot();
  Put("images/app.json", R"({"name": "app", "source": {"root": ")" + At("root") + R"("},
      "contents": {
        "sets": ["default", "python"]},
      "services": {"app": {"exec": ["/bin/app"]}}})");
  EXPECT_EQ(ErrorOf({"app"}), At("images/app.json") +
                                  ": contents.sets: the set 'python' is for ELF sources: this "
                                  "source brings such files itself, and takes others by "
                                  "contents.add (line 3)");
}

// As programs of an ELF source are, that somebody has just compiled.
TEST_F(BuildCommandTest, AProgramThatItsServiceWouldNotSeeIsRefused) {
  for (const char* path : {"home/anna/app", "tmp/app", "run/app", "homes/app"}) {
    Put(std::string("root/") + path, "program");
    std::filesystem::permissions(At(std::string("root/") + path), std::filesystem::perms(0755));
  }
  const auto define = [&](const std::string& service) {
    Put("images/app.json", R"({"name": "app", "source": {"root": "../root"},
                               "services": {"app": {)" +
                               service + "}}}");
  };
  for (const auto& [path, why] : std::map<std::string, std::string>{
           {"/home/anna/app", "ProtectHome=yes"},
           {"/tmp/app", "PrivateTmp=yes"},
           {"/run/app", "it is below a folder that is empty at each start"}}) {
    define("\"exec\": [\"" + path + "\"]");
    EXPECT_THAT(ErrorOf({"app"}), HasSubstr("services.app.exec: the service would not see " + path +
                                            " (" + why + "); put the program elsewhere"));
  }
  define(R"("exec": ["/homes/app"])");
  Run({"app"});
  define(R"("exec": ["/home/anna/app"], "directives": {"Service": {"ProtectHome": "no"}})");
  Run({"app"});
  define(R"("exec": ["/home/anna/app"], "hardening": "none")");
  Run({"app"});
}

TEST_F(BuildCommandTest, TheLogTellsThePhasesAndNoSecret) {
  MakeRoot();
  Put("images/app.json", R"({"name": "app", "source": {"root": ")" + At("root") + R"("},
                             "services": {"app": {"exec": ["/bin/app"],
                                                  "environment": {"TOKEN": "sentinel"}}}})");
  Run({"--log-level", "debug", "app"});
  for (const char* part : {" info: app: closure found in ", " info: app: image written in ",
                           " info: app: published in "}) {
    EXPECT_THAT(Get("err"), HasSubstr(part));
  }
  EXPECT_THAT(Get("err"), testing::Not(HasSubstr("sentinel")));
  Run({"app"});
  EXPECT_THAT(Get("err"), testing::Not(HasSubstr(" info: ")));
  EXPECT_THAT(ErrorOf({"--log-level", "loud", "app"}), HasSubstr("'loud' is no level"));
}

TEST_F(BuildCommandTest, ACommandIsSplitAsAShellWould) {
  MakeRoot();
  const images::ImageDirectory image(Run({"--name", "app", "--root", At("root"), "--exec",
                                          R"(app 'two words' "a \"b\" 'c'"  d\ e '' -x="y z")"}));
  EXPECT_EQ(image.manifest().services.at("app").exec,
            (images::Command{"/bin/app", "two words", "a \"b\" 'c'", "d e", "", "-x=y z"}));
}

TEST_F(BuildCommandTest, AProgramOfARelativePathIsFoundByItsName) {
  Put("images/app.json", R"({"name": "app", "source": {"elf": ["../images/./../bin/tool"]},
                             "services": {"web": {"exec": ["tool", "-v"], "user": "web",
                                                  "hardening": "none"}}})");
  std::filesystem::create_directories(At("bin"));
  std::filesystem::copy_file("/bin/true", At("bin/tool"));
  const images::ImageDirectory image(Run({"app"}));
  EXPECT_EQ(image.manifest().services.at("web").exec, (images::Command{At("bin/tool"), "-v"}));
  EXPECT_THAT(ErrorOf({"--name", "x", "--elf", At("images/../bin/./tool")}),
              HasSubstr("services.x.exec: the service would not see " + At("bin/tool") +
                        " (PrivateTmp=yes)"));
}

TEST_F(BuildCommandTest, WhatWasBuiltAsJson) {
  MakeRoot();
  const std::vector<std::string> arguments = {"--name",   "app",    "--root",
                                              At("root"), "--exec", "/bin/app"};
  const images::ImageDirectory image(Run(arguments));
  std::vector<std::string> with_json = arguments;
  with_json.emplace_back("--json");
  Run(with_json);
  const auto report = nlohmann::json::parse(Get("out"));
  EXPECT_EQ(report.at("name"), "app");
  EXPECT_EQ(report.at("id"), image.id().text());
  EXPECT_EQ(report.at("path"), image.path());
  EXPECT_EQ(report.at("image_bytes"), base::FileSize(image.image_path()));
  EXPECT_EQ(report.at("chunks"), image.ReadIndex().chunks().size());
  EXPECT_EQ(report.at("packages"), 1);
}

TEST(BuildOptionsTest, AMegabyteIsAMillionBytes) {
  BuildOptions options;
  CLI::App app;
  AddBuildOptions(app, options);
  app.parse("--cache-size 500M app");
  EXPECT_EQ(options.cache_bytes, 500'000'000U);
}

TEST_F(BuildCommandTest, AnotherSourceForADefinition) {
  MakeRoot();
  Put("images/app.json", R"({"name": "app", "source": {"nix": {"path": "/nowhere"}},
                             "services": {"web": {"exec": ["/bin/app"]}}})");
  const images::ImageDirectory image(Run({"app", "--root", At("root")}));
  EXPECT_TRUE(image.manifest().services.contains("web"));
}

TEST_F(BuildCommandTest, AProgramIsItsOwnCommand) {
  const images::ImageDirectory image(Run({"--name", "bash", "--elf", "/bin/bash"}));
  EXPECT_EQ(image.manifest().services.at("bash").exec, images::Command{"/bin/bash"});
  EXPECT_THAT(Get("err"), HasSubstr("note: bash may load more at run time"));
  EXPECT_GT(image.manifest().closure.size(), 2U);
}

// What is found only with the source and the tree at hand, and what follows from no other problem.
TEST_F(BuildCommandTest, AllProblemsOfABuildAreListedWithFileFieldAndLine) {
  MakeRoot();
  Put("root/srv/data", "x");
  Put("images/app.json", R"({"name": "app",
    "source": {"root": "../root"},
    "contents": {
      "add": ["/nowhere/one",
              "/nowhere/two"],
      "directories": ["/srv/data/below"],
      "symlinks": {"/out": "../../x"},
      "files": {
        "/etc/a": "/nowhere/a",
        "/etc/b": "/nowhere/b"}},
    "services": {
      "app": {
        "exec": ["/bin/none"],
        "exec_start_pre": [["missing"]],
        "binds": [{"host": "/data", "image": "/srv/data/bound/"}],
        "health": {
          "exec": ["probe"]},
        "hooks": {
          "before_start": [["migrate"]]}},
      "web": {
        "exec": ["/bin/app", "long"],
        "directives": {"Service": {
          "ExecStartPost": "/bin/gone",
          "ReadWritePaths": "/run/other"}}},
      "fromadded": {
        "exec": ["/nowhere/one/bin"]}}})");
  std::string text = Get("images/app.json");
  const size_t at = text.find("\"long\"");
  std::string arguments;
  for (int i = 0; i < 9; ++i) {
    arguments += (i == 0 ? "\"" : ", \"") + std::string(130'000, 'x') + "\"";
  }
  Put("images/app.json", text.replace(at, 6, arguments));
  const base::Error error = tests::ErrorOf([&] { Run({"app"}); });
  const std::string file = At("images/app.json") + ": ";
  const std::vector<std::pair<std::string, size_t>> expected = {
      {"contents.add: /nowhere/one does not exist", 4},
      {"contents.add: /nowhere/two does not exist", 4},
      {"contents.directories: cannot put /srv/data/below into the image", 6},
      {"contents.symlinks./out: the target '../../x' leads out", 7},
      {"contents.files./etc/a: /nowhere/a does not exist", 9},
      {"contents.files./etc/b: /nowhere/b does not exist", 10},
      {"services.app: cannot put /srv/data/bound into the image", 12},
      {"services.app.exec: /bin/none is not in the image", 13},
      {"services.app.exec_start_pre: there is no program missing", 14},
      {"services.app.health.exec: there is no program probe", 17},
      {"services.app.hooks.before_start: there is no program migrate", 19},
      {"services.web: the line ExecStart= would be longer", 20},
      {"services.web.directives.Service.ExecStartPost: there is no program /bin/gone", 23},
      {"services.web: ReadWritePaths=/run/other is in a file system that is empty", 20},
  };
  EXPECT_EQ(error.what(), fmt::format("{}{} problems", file, expected.size()))
      << base::DetailText(error.detail());
  for (const auto& [start, line] : expected) {
    EXPECT_THAT(error.detail(), testing::Contains(testing::AllOf(
                                    testing::StartsWith(file + start),
                                    testing::EndsWith(fmt::format("(line {})", line)))))
        << base::DetailText(error.detail());
  }
  EXPECT_TRUE(!base::Exists(At("built/app")));
}

TEST_F(BuildCommandTest, WithoutASourceTheRestIsLookedAt) {
  Put("images/app.json", R"({"name": "app",
    "source": {"root": "/nowhere"},
    "contents": {"files": {"/etc/a": "/nowhere/a"}},
    "services": {"app": {"exec": ["/bin/none"]}}})");
  const base::Error error = tests::ErrorOf([&] { Run({"app"}); });
  const std::string file = At("images/app.json") + ": ";
  EXPECT_THAT(
      error.detail(),
      testing::ElementsAre(file + "source: the root directory /nowhere does not exist (line 2)",
                           file + "contents.files./etc/a: /nowhere/a does not exist (line 3)"));
}

TEST_F(BuildCommandTest, EachMissingProgramOfAnElfSourceIsNamed) {
  Put("images/app.json", R"({"name": "app",
    "source": {"elf": ["/bin/true", "/nowhere/a", "/nowhere/b"]},
    "contents": {"add": ["/nowhere/c"]},
    "services": {"app": {"exec": ["a"]}, "other": {"exec": ["other"]}}})");
  const base::Error error = tests::ErrorOf([&] { Run({"app"}); });
  const std::string file = At("images/app.json") + ": ";
  EXPECT_THAT(
      error.detail(),
      testing::ElementsAre(
          file + "source.elf: the program /nowhere/a does not exist (line 2)",
          file + "source.elf: the program /nowhere/b does not exist (line 2)",
          file + "contents.add: /nowhere/c does not exist (line 3)",
          file + "services.other.exec: there is no program other in the image; say its absolute "
                 "path (line 4)"));
}

// What people call a version decides nothing about its content.
TEST_F(BuildCommandTest, AVersionHasALabelThatItsIdDoesNotDependOn) {
  MakeRoot();
  const auto define = [&](const std::string& version) {
    Put("images/app.json", R"({"name": "app", "version": ")" + version +
                               R"(", "source": {"root": "../root"},
                               "services": {"app": {"exec": ["app"]}}})");
  };
  define("1.4.0");
  const images::ImageDirectory first(Run({"app"}));
  EXPECT_EQ(first.version(), "1.4.0");
  EXPECT_EQ(Get("err").find("note:"), std::string::npos);
  const std::string id = first.id().text();
  const images::ImageDirectory option(Run({"app", "--version-label", "1.4.1"}));
  EXPECT_EQ(option.id().text(), id);
  EXPECT_EQ(option.version(), "1.4.1");
  EXPECT_THAT(Get("err"), HasSubstr("note: app " + id +
                                    " has the content of version 1.4.0; its label is 1.4.1 now"));
  Put("images/app.json", R"({"name": "app", "source": {"root": "../root"},
                             "services": {"app": {"exec": ["app"]}}})");
  EXPECT_EQ(images::ImageDirectory(Run({"app"})).version(), "1.4.1");
  EXPECT_THAT(Get("err"), HasSubstr("has the content of version 1.4.1, and keeps that label"));
  Run({"app", "--json"});
  EXPECT_EQ(nlohmann::json::parse(Get("out")).at("version"), "1.4.1");
  // A damaged one is built again, and is called the same.
  std::ofstream(option.path() + "/image.erofs") << "damaged";
  EXPECT_EQ(images::ImageDirectory(Run({"app"})).version(), "1.4.1");
  for (const char* bad : {"", "1 4", "1\\n"}) {
    define(bad);
    EXPECT_THAT(ErrorOf({"app"}), HasSubstr("images/app.json: version: "));
    EXPECT_THAT(ErrorOf({"app"}), HasSubstr("(line 1)"));
  }
  define("1");
  EXPECT_THAT(ErrorOf({"app", "--version-label", "a b"}),
              HasSubstr("--version-label: 'a b' is no version: use printable ASCII"));
  EXPECT_THAT(ErrorOf({"app", "--version-label", ""}), HasSubstr("--version-label: it is empty"));
}

TEST_F(BuildCommandTest, ALabelIsAskedOfGit) {
  MakeRoot();
  Put("images/app.json", R"({"name": "app", "version": "{git}", "source": {"root": "../root"},
                             "services": {"app": {"exec": ["app"]}}})");
  EXPECT_THAT(ErrorOf({"app"}), HasSubstr("images/app.json: version: git cannot describe " +
                                          At("images") + ": fatal: "));
  const auto git = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"git", "-C", At("images"), "-c", "user.name=x", "-c",
                                         "user.email=x@example.org"});
    ASSERT_TRUE(base::Run(arguments).ok());
  };
  git({"init", "-q"});
  git({"add", "app.json"});
  git({"commit", "-q", "-m", "one"});
  git({"tag", "v1.4.0"});
  EXPECT_EQ(images::ImageDirectory(Run({"app"})).version(), "v1.4.0");
  Put("images/app.json", Get("images/app.json") + "\n");
  EXPECT_EQ(images::ImageDirectory(Run({"app"})).version(), "v1.4.0-dirty");
}

TEST_F(BuildCommandTest, NothingIsSentForTheSameImage) {
  MakeRoot();
  const images::ImageDirectory image(Run({"--name", "app", "--root", At("root"), "--exec", "app"}));
  EXPECT_EQ(Compare(image, image).bytes_with_deltas, 0U);
}

TEST_F(BuildCommandTest, BadCommandLinesAreRefusedInOneLine) {
  MakeRoot();
  EXPECT_THAT(ErrorOf({}), HasSubstr("name a definition or a source"));
  EXPECT_THAT(ErrorOf({"inpsect", "app"}),
              HasSubstr("'inpsect' is no command: did you mean inspect?"));
  EXPECT_THAT(ErrorOf({"--root", At("root")}), HasSubstr("needs --name"));
  EXPECT_THAT(ErrorOf({"--root", At("root"), "--name", "A"}), HasSubstr("'A' is not possible"));
  EXPECT_THAT(ErrorOf({"--root", At("root"), "--name", "a"}), HasSubstr("say what the image runs"));
  EXPECT_THAT(ErrorOf({"--root", At("root"), "--name", "a", "--exec", "none"}),
              HasSubstr("services.a.exec: there is no program none in the image"));
  EXPECT_THAT(ErrorOf({"--root", At("root"), "--name", "a", "--exec", "app 'x"}),
              HasSubstr("a quote is not closed"));
  EXPECT_THAT(ErrorOf({"--root", At("root"), "--name", "a", "--exec", "app \xe9"}),
              HasSubstr("'app \\xE9' has a name that is not UTF-8"));
  EXPECT_THAT(ErrorOf({"--root", At("root"), "--name", "a", "--exec", "app", "--platform", "x"}),
              HasSubstr("--platform chooses among an OCI image's"));
  EXPECT_THAT(ErrorOf({"--root", At("root"), "--name", "a", "--exec", "/bin/ap"}),
              HasSubstr("services.a.exec: /bin/ap is not in the image"));
  EXPECT_THAT(ErrorOf({"--root", "a", "--oci", "b", "--name", "a"}), HasSubstr("give one of"));
  EXPECT_THAT(ErrorOf({"--root", "a", "./result", "--name", "a"}), HasSubstr("two sources"));
  EXPECT_THAT(ErrorOf({"-f", "x.nix", "a", "b", "--name", "a"}), HasSubstr("-f takes one"));
  EXPECT_THAT(ErrorOf({"-f", "x.nix", "a", "--root", "b", "--name", "a"}),
              HasSubstr("two sources"));
  EXPECT_THAT(ErrorOf({"nginx", "--name", "a"}), HasSubstr("nginx names a definition"));
  EXPECT_THAT(ErrorOf({"--preserve", "nginx"}), HasSubstr("--root"));
  EXPECT_THAT(ErrorOf({"--sysroot", "/x", "nginx"}), HasSubstr("--elf"));
  EXPECT_THAT(ErrorOf({"--sysroot", "/x", "--name", "a", "--elf", "bin/x"}),
              HasSubstr("--elf bin/x: expected an absolute path in the sysroot"));
  EXPECT_FALSE(base::Exists(At("built")));
}

}  // namespace
}  // namespace builder

#include "images/definition/definition.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <array>

#include "images/definition/catalog.h"
#include "tests/images/definition/sample_definition.h"
#include "tests/support/errors.h"
#include "tests/support/scratch.h"

namespace images {
namespace {

using base::ExitCode;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(DefinitionTest, SaysWhatAnImageIs) {
  const Definition nginx = ParseSample(kFullDefinition);
  EXPECT_EQ(nginx.name, "nginx");
  const auto& nix = std::get<NixSource>(nginx.source);
  EXPECT_EQ(nix.file, "/d/images/nginx.nix");
  EXPECT_EQ(nix.attr, "nginx");
  EXPECT_EQ(nix.path, std::nullopt);
  EXPECT_EQ(nginx.contents.add,
            (std::vector<std::string>{"/nix/store/00000000000000000000000000000000-tzdata",
                                      "/d/images/./more"}));
  EXPECT_EQ(nginx.contents.symlinks,
            (std::map<std::string, std::string>{{"/usr/bin/nginx", "{out}/bin/nginx"}}));
  EXPECT_EQ(nginx.contents.directories, std::vector<std::string>{"/var/www"});
  EXPECT_EQ(nginx.contents.files,
            (std::map<std::string, std::string>{{"/etc/nginx/nginx.conf", "/d/images/nginx.conf"},
                                                {"/etc/motd", "/etc/motd"}}));
  EXPECT_EQ(nginx.target, "lz4");
  EXPECT_TRUE(nginx.verity);
}

TEST(DefinitionTest, SaysWhatAServiceIs) {
  Service expected;
  expected.exec = {"/usr/bin/nginx", "-g", "daemon off;"};
  expected.exec_start_pre = {{"/usr/bin/nginx", "-t"}};
  expected.type = "notify";
  expected.state = expected.logs = expected.cache = expected.runtime = true;
  expected.binds = {{"/etc/nginx/sites", "/etc/nginx/sites", true}};
  expected.credentials = {{"tls.key", "/etc/slipway/secrets/tls.key"}, {"Config.json", "/etc/c"}};
  expected.environment = {{"TZ", "Europe/Paris"}, {"_x", "100% $sure \"quoted\""}};
  expected.environment_file = "/etc/slipway/secrets/nginx.env";
  expected.ports = {80, 443};
  expected.hardening = "standard";
  expected.directives = {{"Service", {{"LimitNOFILE", "65536"}}}};
  expected.health.timeout_seconds = 60;
  expected.health.settle_seconds = 5;
  expected.health.http = HttpCheck{"/ready?all", 204, "ok", {{"Host", "a.b"}}};
  expected.health.try_seconds = 7;
  expected.health.interval_seconds = 3;
  expected.hooks = {{{"nginx", "-t"}, {"/bin/x"}}, {{"/bin/y"}}, 900};
  EXPECT_EQ(ParseSample(kFullDefinition).services, (Services{{"nginx", expected}}));
}

TEST(DefinitionTest, LeavesAlmostEverythingOut) {
  const Definition least = ParseSample(kLeastDefinition);
  EXPECT_EQ(std::get<NixSource>(least.source).path, "/d/images/./result");
  EXPECT_EQ(least.target, "zstd");
  EXPECT_TRUE(least.contents.symlinks.empty());
  const Definition one = ParseSample(
      R"({"name": "a", "source": {"nix": {"path": "/x"}}, "services": {"a": {"exec": ["/a"]}}})");
  Service expected;
  expected.exec = {"/a"};
  EXPECT_EQ(one.services.at("a"), expected);
  EXPECT_EQ(expected.type, "exec");
  EXPECT_EQ(expected.hardening, "strict");
  EXPECT_EQ(expected.health.timeout_seconds, 30U);
  EXPECT_EQ(expected.health.settle_seconds, 2U);
}

Health HealthOf(const std::string& health) {
  return ParseSample(R"({"name": "a", "source": {"nix": {"path": "/x"}},
                   "services": {"a": {"exec": ["/a"], "health": )" +
                     health + "}}}")
      .services.at("a")
      .health;
}

TEST(DefinitionTest, AServiceIsCheckedInOneWay) {
  for (const char* url : {"http://127.0.0.1/", "http://localhost:8080", "http://[::1]:1/x?y#z",
                          "unix:/run/web.sock:/health"}) {
    EXPECT_EQ(HealthOf(std::string(R"({"http": ")") + url + "\"}").http->url, url);
  }
  EXPECT_EQ(HealthOf(R"({"tcp": 5432})").tcp, "localhost:5432");
  EXPECT_EQ(HealthOf(R"({"tcp": "[::1]:5432"})").tcp, "[::1]:5432");
  EXPECT_EQ(HealthOf(R"({"exec": ["pg_isready", "-q"]})").exec, (Command{"pg_isready", "-q"}));
  EXPECT_TRUE(HealthOf(R"({"none": true})").none);
}

TEST(DefinitionTest, BadHealthIsRefusedInOneLineWithItsField) {
  const std::string health = "nginx.json: services.a.health";
  for (const auto& c : std::vector<std::array<std::string, 2>>{
           {R"({"after_boot": "stay"})", ".after_boot: 'stay' is neither \"record\" nor"},
           {R"({"none": true, "after_boot": "rollback"})", ".after_boot: with \"none\" nobody"},
           {R"({"http": "https://127.0.0.1/"})", ".http: 'https://127.0.0.1/' is neither http://"},
           {R"({"http": "http://example.org/"})", ".http: 'http://example.org/': expected an IPv4"},
           {R"({"http": "http://u@127.0.0.1/"})", ".http: 'http://u@127.0.0.1/': expected an"},
           {R"({"http": "http://127.0.0.1:0/"})", ".http: 'http://127.0.0.1:0/': expected an IPv4"},
           {R"({"http": "http://::1/"})", ".http: 'http://::1/': expected an IPv4"},
           {R"({"http": "http://127.0.0.1/a b"})", ".http: 'http://127.0.0.1/a b' holds a space"},
           {R"({"http": "unix:run/web.sock:/x"})", ".http: 'unix:run/web.sock:/x' is neither"},
           {R"({"http": "unix:/run/web.sock"})", ".http: 'unix:/run/web.sock' is neither"},
           {R"({"tcp": "/run/../x"})", ".tcp: '/run/../x': expected an IPv4 address"},
           {R"({"http": "/x"})", ".http: '/x' is a path on the service's first port, but"},
           {R"({"http": 80})", ".http: expected a string"},
           {R"({"http": "http://127.0.0.1/", "expect": 99})", ".expect: expected a whole number"},
           {R"({"http": "http://127.0.0.1/", "headers": {"a b": ""}})", ".headers.a b: this is no"},
           {R"({"http": "http://127.0.0.1/", "headers": {"a": "\n"}})", ".headers.a: this is not"},
           {R"({"expect": 200})", ": unknown field 'expect'"},
           {R"({"tcp": 0})", ".tcp: expected a whole number"},
           {R"({"tcp": "127.0.0.1"})", ".tcp: '127.0.0.1': expected an IPv4"},
           {R"({"tcp": "db:5432"})", ".tcp: 'db:5432': expected an IPv4"},
           {R"({"tcp": "127.0.0.1:65536"})", ".tcp: '127.0.0.1:65536': expected an IPv4"},
           {R"({"exec": []})", ".exec: expected a command"},
           {R"({"exec": ["./x"]})", ".exec: expected a command"},
           {R"({"tcp": 1, "exec": ["/x"]})", ": at most one of http, tcp, exec and none"},
           {R"({"tcp": 1, "none": true})", ": at most one of http, tcp, exec and none"},
           {R"({"tcp": 1, "try_seconds": 0})", ".try_seconds: expected a whole number"},
           {R"({"try_seconds": 1})", ": unknown field 'try_seconds'"}}) {
    EXPECT_THAT(tests::MessageOf([&] { HealthOf(c[0]); }), StartsWith(health + c[1])) << c[0];
  }
}

Source SourceIn(const std::string& source) {
  return ParseSample(R"({"name": "a", "source": )" + source + R"(, "services": {}})").source;
}

TEST(DefinitionTest, SourceIsOneOfFourKinds) {
  EXPECT_EQ(std::get<NixSource>(SourceIn(R"({"nix": {"flake": ".#web"}})")).flake,
            "/d/images/.#web");
  EXPECT_EQ(std::get<NixSource>(SourceIn(R"({"nix": {"flake": "github:a/b#c"}})")).flake,
            "github:a/b#c");
  EXPECT_EQ(std::get<NixSource>(SourceIn(R"({"nix": {"drv": "x.drv^out"}})")).drv,
            "/d/images/x.drv^out");
  const auto elf = std::get<ElfSource>(SourceIn(R"({"elf": ["/bin/a", "b"]})"));
  EXPECT_EQ(elf.programs, (std::vector<std::string>{"/bin/a", "/d/images/b"}));
  EXPECT_EQ(std::get<ElfSource>(SourceIn(R"({"elf": ["/a"], "sysroot": "s"})")).sysroot,
            "/d/images/s");
  const auto root = std::get<RootSource>(SourceIn(R"({"root": "fs", "preserve": true})"));
  EXPECT_EQ(root.directory, "/d/images/fs");
  EXPECT_TRUE(root.preserve);
  EXPECT_EQ(std::get<OciSource>(SourceIn(R"({"oci": "a.tar"})")).path, "/d/images/a.tar");
}

TEST(DefinitionTest, OnlyAnOciImageMayBringTheCommand) {
  const std::string rest = R"(, "services": {"a": {}}})";
  EXPECT_TRUE(
      ParseSample(R"({"name": "a", "source": {"oci": "a"})" + rest).services.at("a").exec.empty());
  EXPECT_THAT(
      tests::MessageOf([&] { ParseSample(R"({"name": "a", "source": {"root": "a"})" + rest); }),
      HasSubstr("services.a.exec: expected a command"));
}

TEST(NixSourceOfTest, OneWordSaysWhichForm) {
  EXPECT_EQ(NixSourceOf("./result", "/d").path, "/d/./result");
  EXPECT_EQ(NixSourceOf("x.drv", "/d").drv, "/d/x.drv");
  EXPECT_EQ(NixSourceOf("/x.drv!out", "/d").drv, "/x.drv!out");
  EXPECT_EQ(NixSourceOf("nixpkgs#hello", "/d").flake, "nixpkgs#hello");
  EXPECT_TRUE(LooksLikeNixSource("x.drv^*"));
  EXPECT_FALSE(LooksLikeNixSource("nginx"));
}

TEST(DefinitionTest, ServicesHaveSocketsSchedulesAndNamedUsers) {
  const Definition web = ParseSample(FullDefinitionWith(
      "\"user\": null", R"("user": "www", "listen": [80, "[::1]:81", "/run/w"])"));
  EXPECT_EQ(web.services.at("nginx").user, "www");
  EXPECT_EQ(web.services.at("nginx").listen,
            (std::vector<std::string>{"80", "[::1]:81", "/run/w"}));
  const Definition job = ParseSample(R"({"name": "a", "source": {"root": "a"}, "services": {"a": {
      "exec": ["/a"], "schedule": "daily"}}})");
  EXPECT_EQ(job.services.at("a").schedule, "daily");
  EXPECT_EQ(job.services.at("a").type, "oneshot");
}

TEST(DefinitionTest, TheUserStandsInOnePlace) {
  EXPECT_THAT(tests::MessageOf([] {
                ParseSample(R"({"name": "a", "source": {"root": "a"}, "services": {"a": {
          "exec": ["/a"], "user": "www", "directives": {"Service": {"User": "7"}}}}})");
              }),
              HasSubstr("services.a.user: directives.Service.User says it too"));
}

TEST(DefinitionTest, ASocketIsNotWhereARestartRemovesIt) {
  const std::string text = R"({"name": "a", "source": {"root": "x"}, "services": {"a": {
      "exec": ["/a"], "runtime": true, "listen": ["/run/a/sock"]}}})";
  EXPECT_THAT(tests::MessageOf([&] { ParseSample(text); }),
              HasSubstr("services.a.listen: \"runtime\" empties /run/a at each restart"));
}

TEST(DefinitionTest, BindMayBeMarkedAsADirectory) {
  const Definition nginx = ParseSample(
      FullDefinitionWith("\"image\": \"/etc/nginx/sites\"", "\"image\": \"/etc/conf.d/\""));
  EXPECT_EQ(nginx.services.at("nginx").binds[0].image, "/etc/conf.d/");
}

TEST(DefinitionTest, WhatFollowsABootIsSaid) {
  EXPECT_FALSE(HealthOf(R"({"tcp": 80})").rolls_back_after_boot);
  EXPECT_FALSE(HealthOf(R"({"after_boot": "record"})").rolls_back_after_boot);
  EXPECT_TRUE(HealthOf(R"({"after_boot": "rollback"})").rolls_back_after_boot);
}

using LoadDefinitionTest = tests::ScratchTest;

TEST_F(LoadDefinitionTest, IsFoundByItsName) {
  Put("nginx.json", kLeastDefinition);
  EXPECT_EQ(std::get<NixSource>(LoadDefinition(scratch(), "nginx").source).path,
            scratch() + "/./result");
}

TEST_F(LoadDefinitionTest, MissingOneIsAnsweredWithWhatThereIs) {
  EXPECT_EQ(tests::MessageOf([&] { LoadDefinition(scratch(), "web"); }),
            "no image definition " + At("web.json") +
                "; there are no definitions in that folder; imgbuild catalog lists ready ones");
  Put("b.json", "");
  Put("a.json", "");
  Put("notes.txt", "");
  EXPECT_EQ(tests::MessageOf([&] { LoadDefinition(scratch(), "web"); }),
            "no image definition " + At("web.json") +
                "; there are: a, b; imgbuild catalog lists ready ones");
}

TEST_F(LoadDefinitionTest, TheCatalogIsLookedInAfterTheFolder) {
  for (const auto& ready : CatalogEntries()) {
    const Definition definition = LoadDefinition(scratch(), ready.first);
    EXPECT_EQ(definition.name, ready.first);
    EXPECT_TRUE(IsFromCatalog(definition));
    EXPECT_TRUE(std::holds_alternative<ElfSource>(definition.source));
    for (const auto& file : definition.contents.files) {
      EXPECT_THAT(file.second, StartsWith(scratch() + "/"));
    }
  }
  Put("nginx.json", kLeastDefinition);
  const Definition own = LoadDefinition(scratch(), "nginx");
  EXPECT_FALSE(IsFromCatalog(own));
  EXPECT_TRUE(std::holds_alternative<NixSource>(own.source));
}

TEST_F(LoadDefinitionTest, NameIsThatOfItsFile) {
  Put("other.json", kLeastDefinition);
  EXPECT_EQ(tests::MessageOf([&] { LoadDefinition(scratch(), "other"); }),
            At("other.json") + ": name: 'nginx' does not match the file's name");
}

TEST_F(LoadDefinitionTest, NameLeadsNowhereElse) {
  EXPECT_THAT(tests::MessageOf([&] { LoadDefinition(scratch(), "../x"); }),
              HasSubstr("image name '../x' is not possible"));
}

}  // namespace
}  // namespace images

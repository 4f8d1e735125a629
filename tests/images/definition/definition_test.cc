#include "images/definition/definition.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <array>

#include "images/definition/catalog.h"
#include "tests/support/errors.h"
#include "tests/support/scratch.h"

namespace images {
namespace {

using base::ExitCode;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr const char* kFull = R"json({
  // The web server in front of everything.
  "name": "nginx",
  "source": { "nix": { "file": "nginx.nix", "attr": "nginx" } },
  "contents": {
    "add": ["/nix/store/00000000000000000000000000000000-tzdata", "./more"],
    "symlinks": { "/usr/bin/nginx": "{out}/bin/nginx" },
    "directories": ["/var/www"],
    "files": { "/etc/nginx/nginx.conf": "nginx.conf", "/etc/motd": "/etc/motd" }
  },
  "target": "lz4",
  "services": {
    "nginx": {
      "exec": ["/usr/bin/nginx", "-g", "daemon off;"],
      "exec_start_pre": [["/usr/bin/nginx", "-t"]],
      "type": "notify",
      "user": null,
      "state": true, "logs": true, "cache": true, "runtime": true,
      "binds": [{ "host": "/etc/nginx/sites", "image": "/etc/nginx/sites", "writable": true }],
      "credentials": { "tls.key": "/etc/slipway/secrets/tls.key", "Config.json": "/etc/c" },
      "environment": { "TZ": "Europe/Paris", "_x": "100% $sure \"quoted\"" },
      "environment_file": "/etc/slipway/secrets/nginx.env",
      "ports": [80, 443],
      "hardening": "standard",
      "directives": { "Service": { "LimitNOFILE": "65536" } },
      "health": { "timeout_seconds": 60, "settle_seconds": 5,
                  "http": "/ready?all", "expect": 204, "body": "ok", "headers": { "Host": "a.b" },
                  "try_seconds": 7, "interval_seconds": 3 },
      "hooks": { "before_start": [["nginx", "-t"], ["/bin/x"]], "after_healthy": [["/bin/y"]],
                 "timeout_seconds": 900 }
    }
  }
})json";

constexpr const char* kLeast =
    R"({"name": "nginx", "source": {"nix": {"path": "./result"}}, "services": {}})";

Definition Parse(const std::string& text) {
  return ParseDefinition(text, "nginx.json", "/d/images");
}

TEST(DefinitionTest, SaysWhatAnImageIs) {
  const Definition nginx = Parse(kFull);
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
  EXPECT_EQ(Parse(kFull).services, (Services{{"nginx", expected}}));
}

TEST(DefinitionTest, LeavesAlmostEverythingOut) {
  const Definition least = Parse(kLeast);
  EXPECT_EQ(std::get<NixSource>(least.source).path, "/d/images/./result");
  EXPECT_EQ(least.target, "zstd");
  EXPECT_TRUE(least.contents.symlinks.empty());
  const Definition one = Parse(
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
  return Parse(R"({"name": "a", "source": {"nix": {"path": "/x"}},
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

// `what` of the full definition, wherever it stands, as `instead`.
std::string FullWith(const std::string& what, const std::string& instead) {
  std::string text = kFull;
  const size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), instead);
}

Source SourceIn(const std::string& source) {
  return Parse(R"({"name": "a", "source": )" + source + R"(, "services": {}})").source;
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
      Parse(R"({"name": "a", "source": {"oci": "a"})" + rest).services.at("a").exec.empty());
  EXPECT_THAT(tests::MessageOf([&] { Parse(R"({"name": "a", "source": {"root": "a"})" + rest); }),
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
  const Definition web =
      Parse(FullWith("\"user\": null", R"("user": "www", "listen": [80, "[::1]:81", "/run/w"])"));
  EXPECT_EQ(web.services.at("nginx").user, "www");
  EXPECT_EQ(web.services.at("nginx").listen,
            (std::vector<std::string>{"80", "[::1]:81", "/run/w"}));
  const Definition job = Parse(R"({"name": "a", "source": {"root": "a"}, "services": {"a": {
      "exec": ["/a"], "schedule": "daily"}}})");
  EXPECT_EQ(job.services.at("a").schedule, "daily");
  EXPECT_EQ(job.services.at("a").type, "oneshot");
}

TEST(DefinitionTest, TheUserStandsInOnePlace) {
  EXPECT_THAT(tests::MessageOf([] {
                Parse(R"({"name": "a", "source": {"root": "a"}, "services": {"a": {
          "exec": ["/a"], "user": "www", "directives": {"Service": {"User": "7"}}}}})");
              }),
              HasSubstr("services.a.user: directives.Service.User says it too"));
}

TEST(DefinitionTest, ASocketIsNotWhereARestartRemovesIt) {
  const std::string text = R"({"name": "a", "source": {"root": "x"}, "services": {"a": {
      "exec": ["/a"], "runtime": true, "listen": ["/run/a/sock"]}}})";
  EXPECT_THAT(tests::MessageOf([&] { Parse(text); }),
              HasSubstr("services.a.listen: \"runtime\" empties /run/a at each restart"));
}

TEST(DefinitionTest, BindMayBeMarkedAsADirectory) {
  const Definition nginx =
      Parse(FullWith("\"image\": \"/etc/nginx/sites\"", "\"image\": \"/etc/conf.d/\""));
  EXPECT_EQ(nginx.services.at("nginx").binds[0].image, "/etc/conf.d/");
}

// The lines that a definition is refused with.
std::vector<std::string> ProblemsOf(const std::string& text) {
  const base::Error error = tests::ErrorOf([&] { Parse(text); });
  EXPECT_EQ(error.code(), ExitCode::kUsage);
  const bool is_one = error.detail().empty();
  EXPECT_TRUE(is_one ||
              error.what() == fmt::format("nginx.json: {} problems", error.detail().size()))
      << error.what();
  return is_one ? std::vector<std::string>{error.what()} : error.detail();
}

TEST(DefinitionTest, BadOneIsRefusedInOneLineWithFileAndField) {
  struct Case {
    std::string what, instead, message;
  };
  const std::string nix = R"({ "file": "nginx.nix", "attr": "nginx" })";
  const std::string service = "nginx.json: services.nginx";
  for (const Case& c : std::vector<Case>{
           {R"("name": "nginx")", R"("name": "Nginx")",
            "nginx.json: name: image name 'Nginx' is not possible"},
           {R"("name": "nginx",)", "", "nginx.json: name: this field is missing"},
           {"\"target\"", "\"targte\"",
            "nginx.json: unknown field 'targte'; the nearest known one is 'target'"},
           {R"("lz4")", R"("brotli")", "nginx.json: target 'brotli' is not one of zstd, lz4"},
           {R"("nix")", R"("snix")", "nginx.json: source: expected one of"},
           {R"({ "nix": )" + nix + " }", "3",
            "nginx.json: source: expected an object, found number"},
           {nix, "{}",
            "nginx.json: source.nix: expected one of \"file\" with \"attr\", \"path\", \"flake\" "
            "and"},
           {nix, R"({"file": "x"})", "nginx.json: source.nix: expected one of"},
           {nix, R"({"attr": "x"})", "nginx.json: source.nix: expected one of"},
           {nix, R"({"path": "x", "attr": "x"})", "nginx.json: source.nix: expected one of"},
           {nix, R"({"path": "x", "file": "x", "attr": "x"})",
            "nginx.json: source.nix: expected one of"},
           {"\"attr\"", "\"atr\"",
            "nginx.json: source.nix: unknown field 'atr'; the nearest known one is 'attr'"},
           {nix, R"({"flake": "nginx"})", "nginx.json: source.nix: a flake is named with"},
           {R"("nix": )" + nix, R"("nix": {"path": "x"}, "oci": "y")",
            "nginx.json: source: expected one of"},
           {R"("nix": )" + nix, R"("elf": [])", "nginx.json: source.elf: expected at least one"},
           {R"("nix": )" + nix, R"("elf": ["bin/x"], "sysroot": "s")",
            "nginx.json: source.elf: 'bin/x' is not an absolute path in the sysroot"},
           {R"("nix": )" + nix, R"("elf": ["x"], "preserve": true)",
            "nginx.json: source: unknown field 'preserve'"},
           {"\"add\":", "\"exclude\": [\"share\"], \"add\":",
            "nginx.json: contents.exclude: 'share' starts neither"},
           {"\"add\":", "\"sets\": \"python\", \"add\":",
            "nginx.json: contents.sets: expected an array"},
           {"\"/usr/bin/nginx\":", "\"usr/bin/nginx\":",
            "nginx.json: contents.symlinks: 'usr/bin/nginx' is not an absolute path"},
           {"\"/var/www\"", "\"/var/../www\"",
            "nginx.json: contents.directories: '/var/../www' is not an absolute path"},
           {"\"/var/www\"", "\"/\"",
            "nginx.json: contents.directories: '/' is not an absolute path"},
           {"\"/var/www\"", "1", "nginx.json: contents.directories: expected an array of strings"},
           {"\"/etc/motd\":", "\"/etc//motd\":",
            "nginx.json: contents.files: '/etc//motd' is not an absolute path"},
           {"\"directories\"", "\"directory\"",
            "nginx.json: contents: unknown field 'directory'; the nearest known one is "
            "'directories'"},
           {"\"nginx\": {\n", "\"../nginx\": {\n",
            "nginx.json: services: service name '../nginx' is not possible"},
           {R"("exec": ["/usr/bin/nginx", "-g", "daemon off;"])", R"("exec": [])",
            service + ".exec: expected a command"},
           {R"("exec": ["/usr/bin/nginx",)", R"("exec": ["sbin/nginx",)",
            service + ".exec: expected a command"},
           {"daemon off;", "daemon\\noff;",
            service + ".exec: a newline or NUL byte cannot stand in a unit"},
           {"daemon off;", "daemon\\u0000off;",
            service + ".exec: a newline or NUL byte cannot stand in a unit"},
           {R"([["/usr/bin/nginx", "-t"]])", R"(["/usr/bin/nginx", "-t"])",
            service + ".exec_start_pre: expected an array of commands"},
           {R"([["/usr/bin/nginx", "-t"]])", R"([["./nginx"]])",
            service + ".exec_start_pre: expected a command"},
           {"\"notify\"", "\"dbus\"",
            service + ".type: 'dbus' is not one of exec, simple, notify, notify-reload, forking, "
                      "oneshot"},
           {"\"user\": null", "\"user\": \"Www\"",
            service + ".user: 'Www' is not the name of a user"},
           {"\"user\": null", "\"user\": \"101\"",
            service + ".user: '101' is not the name of a user"},
           {"\"user\": null", R"("listen": ["localhost:80"])",
            service + ".listen: \"localhost:80\" is not where a socket can be"},
           {"\"user\": null", R"("listen": ["80"])",
            service + ".listen: \"80\" is not where a socket can be: use a port (80)"},
           {"\"user\": null", R"("listen": [80, 80])", service + ".listen: 80 is listed twice"},
           {"\"user\": null", R"("schedule": "dayly")",
            service + ".schedule: 'dayly' in 'dayly' means nothing"},
           {"\"user\": null", R"("schedule": "daily")",
            service + ".type: a service with a \"schedule\" is a oneshot"},
           {"\"type\": \"notify\"", R"("schedule": "daily")",
            service + ".schedule: a timer starts the service at any time"},
           {R"("type": "notify")", R"("type": "oneshot", "listen": [80])",
            service + ".listen: a oneshot ends by itself"},
           {"\"Service\": {", "\"Timer\": {}, \"Service\": {",
            service + ".directives.Timer: the service has no such unit: set \"schedule\""},
           {"\"state\": true", "\"state\": 1",
            service + ".state: expected true or false, found number"},
           {"\"host\": \"/etc/nginx/sites\"", "\"host\": \"sites\"",
            service + ".binds[0].host: 'sites' is not an absolute path"},
           {"\"image\": \"/etc/nginx/sites\"", "\"image\": \"/a/./b\"",
            service + ".binds[0].image: '/a/./b' is not an absolute path"},
           {"\"host\": \"/etc/nginx/sites\",", "",
            service + ".binds[0].host: this field is missing"},
           {"\"writable\": true", "\"writeable\": true",
            service + ".binds[0]: unknown field 'writeable'; the nearest known one is 'writable'"},
           {"\"tls.key\"", "\"a:b\"",
            service + ".credentials: 'a:b' is not the name of a credential"},
           {"\"tls.key\"", "\"..\"",
            service + ".credentials: '..' is not the name of a credential"},
           {"\"tls.key\"", "\"\"", service + ".credentials: '' is not the name of a credential"},
           {"\"/etc/slipway/secrets/tls.key\"", "\"tls.key\"",
            service + ".credentials.tls.key: 'tls.key' is not an absolute path"},
           {"\"TZ\"", "\"T-Z\"",
            service + ".environment.T-Z: this is not the name of an environment variable"},
           {"\"TZ\"", "\"1TZ\"",
            service + ".environment.1TZ: this is not the name of an environment variable"},
           {"Europe/Paris", "Europe\\nParis", service + ".environment.TZ: a newline or NUL byte"},
           {"\"/etc/slipway/secrets/nginx.env\"", "\"nginx.env\"",
            service + ".environment_file: 'nginx.env' is not an absolute path"},
           {"[80, 443]", "[0]", service + ".ports: expected whole numbers from 1 to 65535"},
           {"[80, 443]", "[65536]", service + ".ports: expected whole numbers from 1 to 65535"},
           {"[80, 443]", "[\"80\"]", service + ".ports: expected whole numbers from 1 to 65535"},
           {"\"standard\"", "\"lax\"",
            service + ".hardening: 'lax' is not one of strict, standard, none"},
           {"\"Service\":", "\"Socket\":",
            service + ".directives.Socket: the service has no such unit: set \"listen\""},
           {"\"Service\":", "\"Slice\":",
            service + ".directives.Slice: 'Slice' is not one of Unit, Service, Socket, Timer"},
           {"\"LimitNOFILE\"", "\"Limit NOFILE\"",
            service + ".directives.Service.Limit NOFILE: expected a systemd option"},
           {"\"65536\"", "65536",
            service + ".directives.Service.LimitNOFILE: expected a systemd option"},
           {"\"65536\"", "\"1\\nExecStart=/x\"",
            service + ".directives.Service.LimitNOFILE: a newline or NUL byte"},
           {"\"timeout_seconds\": 60", "\"timeout_seconds\": 0",
            service + ".health.timeout_seconds: expected a whole number from 1 to 3600"},
           {"\"settle_seconds\": 5", "\"settle_second\": 5",
            service + ".health: unknown field 'settle_second'; the nearest known one is "
                      "'settle_seconds'"},
           {"[[\"/bin/y\"]]", "[\"/bin/y\"]",
            service + ".hooks.after_healthy: expected an array of commands"},
           {"[[\"/bin/y\"]]", "[[\"./y\"]]", service + ".hooks.after_healthy: expected a command"},
           {"\"timeout_seconds\": 900", "\"timeout_seconds\": 0",
            service + ".hooks.timeout_seconds: expected a whole number from 1 to 86400"},
           {"\"before_start\"", "\"before\"", service + ".hooks: unknown field 'before'"},
       }) {
    EXPECT_THAT(ProblemsOf(FullWith(c.what, c.instead)), testing::Contains(StartsWith(c.message)))
        << c.instead;
  }
}

// Where each problem is and in which line, in the order of the lines; nothing follows from another.
TEST(DefinitionTest, AllProblemsAreListedWithFileFieldAndLine) {
  const std::vector<std::string> problems = ProblemsOf(R"({"name": "A",
      "source": {"root": 1, "presrve": true},
      "contents": {
        "add": 1,
        "exclude": ["a", "b"], "sets": ["pyton", "nss", ""],
        "symlinks": {"x": "y"},
        "directories": ["c"],
        "fils": {}},
      "target": "zip",
      "services": {
        "a": {"exec": ["/a"],
              "ports": [0],
              "hardening": "soft",
              "binds": [{"host": "x", "image": "/y"},
                        {"host": "/x",
                         "imge": "/y"}],
              "environment": {"1": "x", "A": 1},
              "credentials": {"a:b": "c"},
              "directives": {"Slice": {},
                             "Service": {"ExecStart": "/x",
                                         "LimitNOFILEs": "1",
                                         "X": 2}},
              "health": {"http": "/x", "after_boot": "no",
                         "trys": 1},
              "unknown": 1, "other": 2},
        "b": {"exec": [],
              "listen": ["x"],
              "hooks": {"before_start": ["x"]},
              "user": "Root"},
        "C": {"exec": ["/c"],
              "state": 1}},
      "verison": "1"})");
  const std::vector<std::pair<std::string, size_t>> expected = {
      {"name: image name 'A'", 1},
      {"source.root: expected a string", 2},
      {"source: unknown field 'presrve'", 2},
      {"contents.add: expected an array", 4},
      {"contents.exclude: 'a' starts", 5},
      {"contents.exclude: 'b' starts", 5},
      {"contents.sets: 'pyton' is no set; there are: default, certificates, gconv, ", 5},
      {"contents.sets: '' is no set; there are: ", 5},
      {"contents.symlinks: 'x' is not", 6},
      {"contents.directories: 'c' is not", 7},
      {"contents: unknown field 'fils'", 8},
      {"target 'zip' is not", 9},
      {"services: service name 'C'", 10},
      {"services.a.ports: ", 12},
      {"services.a.hardening: ", 13},
      {"services.a.binds[0].host: ", 14},
      {"services.a.binds[1].image: this field is missing", 15},
      {"services.a.binds[1]: unknown field 'imge'", 16},
      {"services.a.environment.1: ", 17},
      {"services.a.environment.A: ", 17},
      {"services.a.credentials: 'a:b'", 18},
      {"services.a.credentials.a:b: 'c'", 18},
      {"services.a.directives.Slice: ", 19},
      {"services.a.directives.Service.ExecStart: ", 20},
      {"services.a.directives.Service.LimitNOFILEs: ", 21},
      {"services.a.directives.Service.X: ", 22},
      {"services.a.health.after_boot: ", 23},
      {"services.a.health: unknown field 'trys'", 24},
      {"services.a: unknown field 'other'", 25},
      {"services.a: unknown field 'unknown'", 25},
      {"services.b.exec: ", 26},
      {"services.b.listen: ", 27},
      {"services.b.hooks.before_start: ", 28},
      {"services.b.user: ", 29},
      {"services.C.state: ", 31},
      {"unknown field 'verison'", 32},
  };
  std::string all;
  for (const std::string& problem : problems) {
    all += problem + "\n";
  }
  ASSERT_EQ(problems.size(), expected.size()) << all;
  for (const auto& [start, line] : expected) {
    EXPECT_THAT(problems, testing::Contains(
                              testing::AllOf(StartsWith("nginx.json: " + start),
                                             testing::EndsWith(fmt::format(" (line {})", line)))))
        << all;
  }
  for (size_t i = 1; i < problems.size(); ++i) {
    const auto line_of = [&](const std::string& problem) {
      return std::stoul(problem.substr(problem.rfind(' ')));
    };
    EXPECT_LE(line_of(problems[i - 1]), line_of(problems[i])) << all;
  }
}

TEST(DefinitionTest, ARepeatedFieldIsNamedWithItsLinesAndHidesNothing) {
  const std::vector<std::string> problems = ProblemsOf(R"({
    "name": "a",
    "source": {"root": "x"},
    "services": {"a": {"exec": ["/a"],
                       "state": true,
                       "state": false}},
    "target": "zip",
    "name": "a"
  })");
  ASSERT_EQ(problems.size(), 3U);
  EXPECT_EQ(problems[1],
            "nginx.json: services.a.state: this field appears twice in one object (lines 5 and 6)");
  EXPECT_EQ(problems[2],
            "nginx.json: name: this field appears twice in one object (lines 2 and 8)");
}

TEST(DefinitionTest, WhatFollowsFromAnotherProblemIsNotListed) {
  const std::string head = R"({"name": "a", "source": )";
  for (const std::string& rest : std::vector<std::string>{
           R"(3, "services": {}})", R"({"elf": "x"}, "services": {}})",
           R"({"root": "x"}, "services": {"a": 3}})",
           R"({"root": "x"}, "services": {"a": {"exec": "x"}}})",
           R"({"root": "x"}, "services": {"a": {"exec": ["/a"], "ports": 1,
                                                "health": {"http": "/x"}}}})",
           R"({"root": "x"}, "services": {"a": {"exec": ["/a"], "schedule": "x",
                                                "directives": {"Timer": {}}}}})",
           R"({"root": "x"}, "services": {"a": {"exec": ["/a"], "type": "x",
                                                "schedule": "daily"}}})"}) {
    EXPECT_THAT(ProblemsOf(head + rest), testing::SizeIs(1)) << rest;
  }
}

TEST(DefinitionTest, WhatFollowsABootIsSaid) {
  EXPECT_FALSE(HealthOf(R"({"tcp": 80})").rolls_back_after_boot);
  EXPECT_FALSE(HealthOf(R"({"after_boot": "record"})").rolls_back_after_boot);
  EXPECT_TRUE(HealthOf(R"({"after_boot": "rollback"})").rolls_back_after_boot);
}

TEST(DefinitionTest, AnErrorEndsWithTheLineOfItsField) {
  for (const auto& change : std::vector<std::array<std::string, 3>>{
           {"\"lz4\"", "3", "nginx.json: target: expected a string, found number (line 11)"},
           {"\"lz4\"", "\"xz\"", " (line 11)"},
           {"\"notify\"", "\"dbus\"", " (line 16)"},
           {"\"target\"", "\"targte\"", " (line 11)"},
           {"\"state\": true", "\"stat\": true", " (line 18)"},
           {"\"writable\": true", "\"writeable\": true", " (line 19)"},
           {"\"host\": \"/etc/nginx/sites\"", "\"host\": \"sites\"", " (line 19)"}}) {
    EXPECT_THAT(tests::MessageOf([&] { Parse(FullWith(change[0], change[1])); }),
                testing::EndsWith(change[2]));
  }
}

using LoadDefinitionTest = tests::ScratchTest;

TEST_F(LoadDefinitionTest, IsFoundByItsName) {
  Put("nginx.json", kLeast);
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
  Put("nginx.json", kLeast);
  const Definition own = LoadDefinition(scratch(), "nginx");
  EXPECT_FALSE(IsFromCatalog(own));
  EXPECT_TRUE(std::holds_alternative<NixSource>(own.source));
}

TEST_F(LoadDefinitionTest, NameIsThatOfItsFile) {
  Put("other.json", kLeast);
  EXPECT_EQ(tests::MessageOf([&] { LoadDefinition(scratch(), "other"); }),
            At("other.json") + ": name: 'nginx' does not match the file's name");
}

TEST_F(LoadDefinitionTest, NameLeadsNowhereElse) {
  EXPECT_THAT(tests::MessageOf([&] { LoadDefinition(scratch(), "../x"); }),
              HasSubstr("image name '../x' is not possible"));
}

}  // namespace
}  // namespace images

// What a definition is refused with.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "tests/images/definition/sample_definition.h"
#include "tests/support/errors.h"

namespace images {
namespace {

using base::ExitCode;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// The lines that a definition is refused with.
std::vector<std::string> ProblemsOf(const std::string& text) {
  const base::Error error = tests::ErrorOf([&] { ParseSample(text); });
  EXPECT_EQ(error.code(), ExitCode::kUsage);
  const bool is_one = error.detail().empty();
  EXPECT_TRUE(is_one ||
              error.what() == fmt::format("nginx.json: {} problems", error.detail().size()))
      << error.what();
  return is_one ? std::vector<std::string>{error.what()} : error.detail();
}

TEST(DefinitionProblemsTest, BadOneIsRefusedInOneLineWithFileAndField) {
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
           {"\"credentials\"", "\"secrets\": [\".a\"], \"credentials\"",
            service + ".secrets: '.a' is not the name of a credential"},
           {"\"credentials\"", "\"secrets\": [\"a\", \"a\"], \"credentials\"",
            service + ".secrets: a is listed twice"},
           {"\"credentials\"", "\"secrets\": [\"tls.key\"], \"credentials\"",
            service + ".secrets: tls.key is one of \"credentials\", too: leave one out"},
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
    EXPECT_THAT(ProblemsOf(FullDefinitionWith(c.what, c.instead)),
                testing::Contains(StartsWith(c.message)))
        << c.instead;
  }
}

// Where each problem is and in which line, in the order of the lines; nothing follows from another.
TEST(DefinitionProblemsTest, AllProblemsAreListedWithFileFieldAndLine) {
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

TEST(DefinitionProblemsTest, ARepeatedFieldIsNamedWithItsLinesAndHidesNothing) {
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

TEST(DefinitionProblemsTest, WhatFollowsFromAnotherProblemIsNotListed) {
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

TEST(DefinitionProblemsTest, AnErrorEndsWithTheLineOfItsField) {
  for (const auto& change : std::vector<std::array<std::string, 3>>{
           {"\"lz4\"", "3", "nginx.json: target: expected a string, found number (line 11)"},
           {"\"lz4\"", "\"xz\"", " (line 11)"},
           {"\"notify\"", "\"dbus\"", " (line 16)"},
           {"\"target\"", "\"targte\"", " (line 11)"},
           {"\"state\": true", "\"stat\": true", " (line 18)"},
           {"\"writable\": true", "\"writeable\": true", " (line 19)"},
           {"\"host\": \"/etc/nginx/sites\"", "\"host\": \"sites\"", " (line 19)"}}) {
    EXPECT_THAT(tests::MessageOf([&] { ParseSample(FullDefinitionWith(change[0], change[1])); }),
                testing::EndsWith(change[2]));
  }
}

}  // namespace
}  // namespace images

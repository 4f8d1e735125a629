// What a definition is refused for though each of its fields is right, where it was written.
#include "images/service/service_checks.h"

#include <gmock/gmock.h>

#include "images/definition/definition.h"
#include "images/service/directives.h"
#include "images/service/unit_options.h"
#include "tests/support/errors.h"

namespace images {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

// Two services of one image, with these fields beside their commands.
base::Error ErrorWith(const std::string& one, const std::string& two = "") {
  const auto service = [](const std::string& fields) {
    return R"({ "exec": ["/bin/x"])" + (fields.empty() ? "" : ",\n" + fields) + " }";
  };
  return tests::ErrorOf([&] {
    ParseDefinition(R"({ "name": "app", "source": { "root": "/r" }, "services": {
"a": )" + service(one) + R"(,
"b": )" + service(two) + " } }",
                    "app.json", "/d");
    throw base::Error(base::ExitCode::kFailed, "");  // it is taken
  });
}

// systemd would run them as that user of the host: root as uid 0.
TEST(ServiceChecksTest, AServiceIsNotNamedAfterAUserOfEveryHostUnlessItSaysSo) {
  const auto parse = [](const std::string& name, const std::string& fields) {
    return tests::ErrorOf([&] {
      ParseDefinition(R"({ "name": "app", "source": { "root": "/r" }, "services": { ")" + name +
                          R"(": { "exec": ["/bin/x"])" + fields + " } } }",
                      "app.json", "/d");
      throw base::Error(base::ExitCode::kFailed, "");
    });
  };
  for (const char* name : {"root", "nobody", "backup", "www-data", "adm"}) {
    EXPECT_THAT(parse(name, "").what(),
                HasSubstr(std::string("a host has a user or group ") + name));
    EXPECT_THAT(std::string(parse(name, R"(, "user": "x")").what()), IsEmpty());
  }
  EXPECT_THAT(std::string(parse("rootless", "").what()), IsEmpty());
}

TEST(ServiceChecksTest, WhatATimerStartsIsNotLookedAtAfterABoot) {
  EXPECT_THAT(ErrorWith(R"("schedule": "daily", "health": {"after_boot": "rollback"})").what(),
              HasSubstr("services.a.health.after_boot: nobody looks after a boot at what a "
                        "\"schedule\" starts: leave \"after_boot\" out"));
}

TEST(ServiceChecksTest, OnePortIsOneServices) {
  const base::Error error = ErrorWith(R"("ports": [80, 443])", R"("ports": [8080, 443])");
  EXPECT_STREQ(error.what(),
               "app.json: services.b.ports: port 443 is the service a's already: give one of the "
               "two another, or an address of its own by \"listen\" (line 5)");
  EXPECT_EQ(error.code(), base::ExitCode::kUsage);
  EXPECT_THAT(ErrorWith(R"("ports": [80])", R"("listen": [80])").what(),
              HasSubstr("app.json: services.b.listen: port 80 is"));
  EXPECT_THAT(ErrorWith(R"("listen": ["[::1]:80"])", R"("listen": ["[::1]:80"])").what(),
              HasSubstr("services.b.listen: port 80 is"));
}

TEST(ServiceChecksTest, EveryAddressHasThreeNames) {
  for (const char* every : {"80", "\"0.0.0.0:80\"", "\"[::]:80\""}) {
    const std::string listen = std::string("\"listen\": [") + every + "]";
    EXPECT_THAT(ErrorWith(listen, R"("listen": ["127.0.0.1:80"])").what(),
                HasSubstr("port 80 is the service a's already: give one of the two another (line"))
        << every;
    EXPECT_THAT(ErrorWith(R"("ports": [80])", listen).what(),
                HasSubstr("services.b.listen: port 80 is the service a's already"))
        << every;
  }
}

TEST(ServiceChecksTest, OnePortWithTwoAddressesOrNetworksIsTwo) {
  EXPECT_STREQ(ErrorWith(R"("ports": [80], "listen": [80])").what(), "");
  EXPECT_STREQ(ErrorWith(R"("listen": ["127.0.0.1:80"])", R"("listen": ["[::1]:80"])").what(), "");
  EXPECT_STREQ(ErrorWith(R"("ports": [80])", R"("listen": ["127.0.0.1:80"])").what(), "");
  EXPECT_STREQ(ErrorWith(R"("ports": [80])", R"("ports": [80],
                         "directives": { "Service": { "PrivateNetwork": "yes" } })")
                   .what(),
               "");
}

TEST(ServiceChecksTest, LinesThatCannotBeAreSaidWhereTheyStand) {
  const base::Error error =
      ErrorWith("", "\"directives\":\n{ \"Service\": {\n\"Type\": \"notify\" } }");
  EXPECT_STREQ(error.what(),
               "app.json: services.b.directives.Service.Type: this line is not possible: the "
               "definition's own fields decide it (line 6)");
  EXPECT_EQ(error.code(), base::ExitCode::kUsage);
  // systemd ends a line at a carriage return, too.
  for (const char* value : {R"(1\\)", R"(1\rUser=root)", R"(1\u000bUser=root)"}) {
    const std::string lines = std::string(R"({ "Service": { "LimitNOFILE": ")") + value + "\" } }";
    EXPECT_THAT(ErrorWith("\"directives\": " + lines).what(),
                HasSubstr("would swallow or add a line"));
  }
}

TEST(ServiceChecksTest, AnOptionThatSystemdDoesNotHaveIsSaidWithTheNearest) {
  const base::Error error = ErrorWith(R"("directives": { "Service": { "LimitNOFLIE": "65536" } })");
  EXPECT_STREQ(error.what(),
               "app.json: services.a.directives.Service.LimitNOFLIE: systemd (up to 262) has no "
               "such option in [Service]; the nearest is LimitNOFILE (line 3)");
  EXPECT_EQ(error.code(), base::ExitCode::kUsage);
  // It has, in another section.
  EXPECT_THAT(ErrorWith(R"("directives": { "Unit": { "LimitNOFILE": "65536" } })").what(),
              HasSubstr("has no such option in [Unit]"));
}

TEST(UnitOptionsTest, EachSectionHasItsOwn) {
  for (const auto& [section, option] :
       std::vector<std::pair<std::string, std::string>>{{"Unit", "After"},
                                                        {"Service", "LimitNOFILE"},
                                                        {"Service", "KillSignal"},
                                                        {"Service", "ExtensionImages"},
                                                        {"Socket", "Backlog"},
                                                        {"Socket", "LimitNOFILE"},
                                                        {"Timer", "RandomizedDelaySec"},
                                                        {"Install", "WantedBy"}}) {
    EXPECT_THAT(UnknownOptionProblem(section, option), IsEmpty()) << section << option;
  }
  EXPECT_THAT(UnknownOptionProblem("Service", "Backlog"), HasSubstr("[Service]"));
  EXPECT_THAT(UnknownOptionProblem("Timer", "LimitNOFILE"), HasSubstr("[Timer]"));
}

TEST(ServiceChecksTest, AFileOfTheHostIsBoundOnce) {
  Service service;
  service.exec = {"/a"};
  service.host_files = {true, true, true};
  service.binds = {{"/x", "/etc/hosts", false},
                   {"/x", "/etc/localtime", false},
                   {"/x", "/etc/ssl/certs/ca-certificates.crt", false}};
  std::vector<std::string> fields;
  for (const FieldProblem& problem : FindProblems({{"web", service}})) {
    fields.push_back(problem.field);
  }
  EXPECT_THAT(fields, testing::ElementsAre("services.web.host_files.certificates",
                                           "services.web.host_files.hosts",
                                           "services.web.host_files.time_zone"));
  service.binds[0].image = "/etc/hosts.own";
  service.host_files = {std::nullopt, true, false};
  EXPECT_TRUE(FindProblems({{"web", service}}).empty());
}

}  // namespace
}  // namespace images

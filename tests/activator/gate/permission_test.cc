// Each limit from both sides.
#include "activator/gate/permission.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <string>

#include "activator/state/generations.h"
#include "base/atomic_file.h"
#include "base/error.h"
#include "base/file.h"
#include "images/version/image_directory.h"
#include "tests/activator/gate/sample_gate.h"
#include "tests/support/synthetic_image.h"

namespace activator {
namespace {

using images::Manifest;
using images::Service;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class PermissionTest : public testing::Test {
 protected:
  PermissionTest() {
    alice_ = Gate::Parse(tests::SampleGate().dump(), "gate.json").operators.at("alice");
    limits_ = alice_.limits;
    manifest_.name = "web";
    manifest_.image.size_bytes = 1000;
    manifest_.services["web"].exec = {"/bin/web"};
  }

  using Change = std::function<void(Service& service)>;

  std::vector<std::string> Problems(Paths paths = Paths::kAsWritten) const {
    return LimitProblems(limits_, manifest_, paths);
  }
  std::vector<std::string> ProblemsWith(const Change& change) const {
    Manifest manifest = manifest_;
    change(manifest.services.at("web"));
    return LimitProblems(limits_, manifest, Paths::kAsWritten);
  }
  void ExpectAllowed(const Change& change) const { EXPECT_THAT(ProblemsWith(change), IsEmpty()); }
  void ExpectRefused(const Change& change, const std::string& what) const {
    EXPECT_THAT(ProblemsWith(change), ElementsAre("service web: " + what));
  }

  GateOperator alice_;
  GateLimits limits_;
  Manifest manifest_;
};

TEST_F(PermissionTest, AnImageWithinTheLimitsIsTaken) {
  EXPECT_THAT(Problems(), IsEmpty());
  RequireLimits(alice_, manifest_);
}

TEST_F(PermissionTest, Size) {
  manifest_.image.size_bytes = limits_.max_bytes;
  EXPECT_THAT(Problems(), IsEmpty());
  ++manifest_.image.size_bytes;
  EXPECT_THAT(Problems(), ElementsAre(HasSubstr("2000000001 bytes of at most 2000000000")));
}

TEST_F(PermissionTest, Users) {
  ExpectRefused([](Service& s) { s.user = "root"; }, "user root");
  limits_.users = {"www-data"};
  ExpectAllowed([](Service& s) { s.user = "www-data"; });
  ExpectRefused([](Service& /*s*/) {}, "user dynamic");
}

// One of the host that is called "dynamic" is not what is granted.
TEST_F(PermissionTest, AUserWhoIsCalledDynamicIsNotTheDynamicOne) {
  ExpectRefused([](Service& s) { s.user = "dynamic"; }, "user dynamic");
}

TEST_F(PermissionTest, Hardening) {
  ExpectRefused([](Service& s) { s.hardening = "standard"; }, "hardening standard");
  limits_.hardening = {"standard"};
  ExpectAllowed([](Service& s) { s.hardening = "standard"; });
  ExpectRefused([](Service& /*s*/) {}, "hardening strict");
}

TEST_F(PermissionTest, Binds) {
  const auto bind = [](const std::string& path) {
    return [path](Service& s) { s.binds = {{path, "/data", true}}; };
  };
  ExpectRefused(bind("/srv/web"), "bind of /srv/web");
  limits_.binds = {"/srv/web"};
  ExpectAllowed(bind("/srv/web"));
  for (const char* path : {"/srv/web2", "/srv/web/x", "/srv", "/srv/web/"}) {
    ExpectRefused(bind(path), std::string("bind of ") + path);
  }
  limits_.binds = {"/srv/web/"};
  ExpectAllowed(bind("/srv/web/x"));
  for (const char* path : {"/srv/web", "/srv/web2/x", "/srv/web/../etc", "/srv/web//x"}) {
    ExpectRefused(bind(path), std::string("bind of ") + path);
  }
}

TEST_F(PermissionTest, CredentialsAndEnvironmentFiles) {
  ExpectAllowed([](Service& s) { s.secrets = {"key"}; });  // of its own application alone
  ExpectAllowed([](Service& s) { s.credentials["key"] = "/etc/slipway/secrets/web/key"; });
  ExpectRefused([](Service& s) { s.credentials["key"] = "/etc/slipway/secrets/db/key"; },
                "credential /etc/slipway/secrets/db/key");
  ExpectAllowed([](Service& s) { s.environment_file = "/etc/slipway/secrets/web/env"; });
  ExpectRefused([](Service& s) { s.environment_file = "/etc/shadow"; },
                "environment file /etc/shadow");
}

TEST_F(PermissionTest, Directives) {
  ExpectAllowed([](Service& s) { s.directives["Service"]["LimitNOFILE"] = "1000"; });
  ExpectRefused([](Service& s) { s.directives["Service"]["ExecStartPost"] = "+/bin/sh"; },
                "directive Service/ExecStartPost");
  ExpectRefused([](Service& s) { s.directives["Unit"]["LimitNOFILE"] = "1"; },
                "directive Unit/LimitNOFILE");
}

TEST_F(PermissionTest, Ports) {
  ExpectAllowed([](Service& s) { s.ports = {80}; });
  ExpectRefused([](Service& s) { s.ports = {81}; }, "port 81");
  ExpectAllowed([](Service& s) { s.listen = {"127.0.0.1:80"}; });
  ExpectRefused([](Service& s) { s.listen = {"[::1]:22"}; }, "port 22");
  // A network of its own is no way around.
  limits_.directives = {"Service/PrivateNetwork"};
  ExpectRefused(
      [](Service& s) {
        s.directives["Service"]["PrivateNetwork"] = "yes";
        s.ports = {81};
      },
      "port 81");
}

TEST_F(PermissionTest, Sockets) {
  ExpectAllowed([](Service& s) { s.listen = {"/run/web/socket"}; });
  ExpectRefused([](Service& s) { s.listen = {"/run/docker.sock"}; }, "socket /run/docker.sock");
  ExpectRefused([](Service& s) { s.listen = {"/run/web2/socket"}; }, "socket /run/web2/socket");
  // The service could put a link to another socket there.
  ExpectRefused(
      [](Service& s) {
        s.runtime = true;
        s.listen = {"/run/web/socket"};
      },
      "socket /run/web/socket");
  limits_.binds = {"/run/shared/"};
  ExpectAllowed([](Service& s) { s.listen = {"/run/shared/web"}; });
}

// The host asks as root, and tells the answer.
TEST_F(PermissionTest, ChecksAskTheServiceAlone) {
  const auto http = [](const std::string& url) {
    return [url](Service& s) {
      s.health.http.emplace();
      s.health.http->url = url;
    };
  };
  for (const char* url : {"http://127.0.0.1/x", "http://localhost:80/", "http://[::1]:80/x"}) {
    ExpectAllowed(http(url));
  }
  ExpectRefused(http("http://127.0.0.1:2375/"), "port 2375");
  ExpectRefused(http("http://169.254.169.254/latest"),
                "a check of 169.254.169.254, which is not on this host");
  ExpectRefused(http("unix:/run/docker.sock:/info"), "a check of /run/docker.sock");
  ExpectAllowed([](Service& s) { s.health.tcp = "127.0.0.1:80"; });
  ExpectRefused([](Service& s) { s.health.tcp = "127.0.0.1:22"; }, "port 22");
  ExpectRefused([](Service& s) { s.health.tcp = "/run/db.sock"; }, "a check of /run/db.sock");
}

// Where the service itself makes the socket, it could make a link to another one.
TEST_F(PermissionTest, ChecksAskASocketThatSystemdMade) {
  const auto check = [](bool listens, bool runtime) {
    return [=](Service& s) {
      s.runtime = runtime;
      s.listen = listens ? std::vector<std::string>{"/run/web/socket"} : std::vector<std::string>();
      s.health.tcp = "/run/web/socket";
    };
  };
  ExpectAllowed(check(true, false));
  ExpectRefused(check(false, true), "a check of /run/web/socket");
  ExpectRefused(check(false, false), "a check of /run/web/socket");
  limits_.binds = {"/run/web/socket"};
  ExpectAllowed(check(true, true));
}

TEST_F(PermissionTest, Seconds) {
  limits_.max_seconds = 300;
  ExpectAllowed([](Service& s) { s.health.timeout_seconds = 200; });
  const auto hooks = [](Service& s) {
    s.hooks.before_start = {{"/bin/a"}, {"/bin/b"}};
    s.hooks.timeout_seconds = 150;
  };
  EXPECT_THAT(ProblemsWith(hooks),
              ElementsAre(HasSubstr("337 seconds for hooks and checks of at most 300")));
}

TEST_F(PermissionTest, NoDirectiveHidesAnotherOne) {
  limits_.directives = {"Service/LimitNOFILE"};
  for (const char* option : {"LimitNOFILE\n", "\rLimitNOFILE", "limitnofile"}) {
    EXPECT_THAT(ProblemsWith([&](Service& s) { s.directives["Service"][option] = "1"; }),
                testing::SizeIs(1))
        << option;
  }
}

// Data folders are named after the service.
TEST_F(PermissionTest, ServicesAreCalledAsTheApplicationUnlessMoreIsGranted) {
  manifest_.services["db"] = manifest_.services["web"];
  EXPECT_THAT(Problems(), ElementsAre("service db: its name"));
  limits_.services = {"db"};
  EXPECT_THAT(Problems(), IsEmpty());
}

TEST_F(PermissionTest, ALinkOnTheHostIsNoWayOut) {
  const base::TemporaryDirectory scratch("/tmp", "gate-");
  std::filesystem::create_directory(scratch.path() + "/web");
  std::filesystem::create_symlink("/etc", scratch.path() + "/web/out");
  limits_.binds = {scratch.path() + "/web/"};
  manifest_.services["web"].binds = {{scratch.path() + "/web/none", "/data", true}};
  EXPECT_THAT(Problems(Paths::kResolved), IsEmpty());
  manifest_.services["web"].binds = {{scratch.path() + "/web/out", "/data", true}};
  EXPECT_THAT(Problems(Paths::kAsWritten), IsEmpty());
  EXPECT_THAT(Problems(Paths::kResolved), ElementsAre(HasSubstr("which leads to /etc")));
}

TEST_F(PermissionTest, SeveralProblemsAreOneLine) {
  for (uint64_t port = 1; port <= 9; ++port) {
    manifest_.services["web"].ports.push_back(port);
  }
  const std::string why = tests::WhyRefused([&] { RequireLimits(alice_, manifest_); });
  EXPECT_THAT(why, HasSubstr("web is beyond what gate.json grants alice: service web: port 1; "));
  EXPECT_THAT(why, HasSubstr("; and 4 more"));
  EXPECT_EQ(why.find('\n'), std::string::npos);
}

TEST_F(PermissionTest, VerbsAndApplications) {
  alice_.may = {Verb::kPush};
  RequireVerb(alice_, Verb::kPush);
  for (const Verb verb : {Verb::kActivate, Verb::kRollback, Verb::kReport}) {
    EXPECT_THAT(tests::WhyRefused([&] { RequireVerb(alice_, verb); }),
                HasSubstr(std::string("does not grant ") + ToText(verb) + " to alice"));
  }
  RequireApplication(alice_, "web");
  EXPECT_THAT(tests::WhyRefused([&] { RequireApplication(alice_, "db"); }),
              HasSubstr("does not grant application db to alice"));
}

class SwitchPermissionTest : public PermissionTest {
 protected:
  base::Sha256 Store(const std::string& name, const std::string& version) const {
    tests::SyntheticImage image;
    image.name = name;
    image.version = version;
    image.chunks = {tests::NoiseBytes(1, 8192)};
    return images::ImageDirectory(tests::WriteImage(scratch_.path(), image)).stored().digest;
  }
  std::string WhyNot(const Apps& from, const Apps& to, bool was_healthy = false) const {
    return tests::WhyRefused(
        [&] { RequireSwitch(alice_, images::HostLayout(scratch_.path()), from, to, was_healthy); });
  }

  const base::TemporaryDirectory scratch_{"/tmp", "gate-"};
};

TEST_F(SwitchPermissionTest, OnlyTheirApplicationsMayChange) {
  const base::Sha256 web1 = Store("web", "1");
  const base::Sha256 web2 = Store("web", "2");
  const base::Sha256 db1 = Store("db", "1");
  const base::Sha256 db2 = Store("db", "2");
  EXPECT_EQ(WhyNot({{"db", db1}}, {{"db", db1}, {"web", web1}}), "");
  EXPECT_EQ(WhyNot({{"db", db1}, {"web", web1}}, {{"db", db1}, {"web", web2}}), "");
  EXPECT_EQ(WhyNot({{"db", db1}, {"web", web1}}, {{"db", db1}}), "");
  const std::string no_db = "this changes also what gate.json does not grant alice";
  EXPECT_THAT(WhyNot({{"db", db1}, {"web", web1}}, {{"db", db2}, {"web", web2}}), HasSubstr(no_db));
  EXPECT_THAT(WhyNot({{"db", db1}, {"web", web1}}, {{"web", web2}}), HasSubstr(no_db));
  EXPECT_THAT(WhyNot({{"web", web1}}, {{"db", db1}, {"web", web1}}), HasSubstr(no_db));
}

// A program of another version may render the units of others anew, and they would be restarted.
TEST_F(SwitchPermissionTest, UnitsOfOthersStayAsTheyAre) {
  const images::HostLayout layout(scratch_.path());
  const Apps apps = {{"db", Store("db", "1")}, {"web", Store("web", "1")}};
  const auto store = [&](uint64_t number, const std::string& web, const std::string& db) {
    Generation generation;
    generation.number = number;
    generation.apps = apps;
    base::MakeDirectories(layout.Generation(number) + "/units");
    StoreGeneration(layout, generation);
    base::WriteFileAtomically(layout.Generation(number) + "/units/web.service", web);
    base::WriteFileAtomically(layout.Generation(number) + "/units/other.service", db);
  };
  const auto why_not = [&] {
    return tests::WhyRefused([&] { RequireSameUnits(alice_, layout, 1, 2); });
  };
  store(1, "of web", "of db");
  store(2, "of web, anew", "of db");
  EXPECT_EQ(why_not(), "");
  store(2, "of web", "of db, anew");
  EXPECT_THAT(why_not(), HasSubstr("this also changes units of what gate.json does not grant"));
}

TEST_F(SwitchPermissionTest, WhatIsStoredMustBeWithinTheLimits) {
  const base::Sha256 web1 = Store("web", "1");
  EXPECT_EQ(WhyNot({}, {{"web", web1}}), "");
  alice_.limits.max_bytes = 8191;
  EXPECT_THAT(WhyNot({}, {{"web", web1}}), HasSubstr("8192 bytes of at most 8191"));
  EXPECT_EQ(WhyNot({{"web", web1}}, {{"web", web1}}), "");  // it stays what it is
}

TEST_F(SwitchPermissionTest, ForwardAndBackAreTwoVerbs) {
  const base::Sha256 web1 = Store("web", "1");
  alice_.may = {Verb::kActivate};
  EXPECT_EQ(WhyNot({}, {{"web", web1}}, false), "");
  EXPECT_THAT(WhyNot({}, {{"web", web1}}, true), HasSubstr("does not grant rollback"));
  alice_.may = {Verb::kRollback};
  EXPECT_EQ(WhyNot({}, {{"web", web1}}, true), "");
  EXPECT_THAT(WhyNot({}, {{"web", web1}}, false), HasSubstr("does not grant activate"));
}

}  // namespace
}  // namespace activator

#include "units/render.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "units/unit_facts.h"

namespace units {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

images::StoredManifest Stored(const images::Services& services) {
  images::Manifest manifest;
  manifest.name = "nginx";
  manifest.version = "1.22.1";
  manifest.services = services;
  return {manifest, "", base::Sha256Of("nginx"), images::ImageId::Of(base::Sha256Of("nginx"))};
}

std::string RenderOne(const images::Service& service) {
  const images::StoredManifest stored = Stored({{"nginx", service}});
  const std::vector<RenderedUnit> units =
      Render(stored, "/var/lib/images/nginx/" + stored.id.text());
  EXPECT_EQ(units.size(), 1U);
  EXPECT_EQ(units[0].name, "nginx.service");
  return units[0].text;
}

images::Service Nginx() {
  images::Service service;
  service.exec = {"/usr/bin/nginx", "-g", "daemon off;"};
  service.hardening = "none";
  return service;
}

TEST(Render, DescribesAVersionAsPeopleCallIt) {
  const images::StoredManifest stored = Stored({{"nginx", Nginx()}, {"other", Nginx()}});
  const std::vector<RenderedUnit> units = Render(stored, "/var/lib/images/nginx/0", "stable%1");
  EXPECT_THAT(units.at(0).text, HasSubstr("\nDescription=nginx stable%%1\n"));
  EXPECT_THAT(units.at(1).text, HasSubstr("\nDescription=other of nginx stable%%1\n"));
  const std::vector<RenderedUnit> others = Render(stored, "/var/lib/images/nginx/0");
  EXPECT_NE(units.at(0).text, others.at(0).text);
  EXPECT_TRUE(DifferInDescriptionAlone(units.at(0).text, others.at(0).text));
  EXPECT_FALSE(DifferInDescriptionAlone(units.at(0).text, units.at(1).text + "\n"));
  EXPECT_FALSE(DifferInDescriptionAlone(
      units.at(0).text, Render(stored, "/var/lib/images/nginx/1", "stable%1").at(0).text));
}

TEST(Render, WritesAUnitThatAPersonCanRead) {
  images::Service service = Nginx();
  service.exec_start_pre = {{"/usr/bin/nginx", "-t"}};
  service.state = true;
  service.runtime = true;
  service.ports = {80, 8080};
  service.environment = {{"GREETING", "it's 100 % \"ok\""}};
  service.environment_file = "/etc/slipway/secrets/nginx.env";
  service.credentials = {{"tls.key", "/etc/slipway/secrets/tls.key"}};
  service.binds = {{"/etc/nginx/sites", "/etc/nginx/sites", false}, {"/srv", "/srv", true}};
  EXPECT_EQ(RenderOne(service),
            R"(# Written by Slipway for the image nginx/5be1ecc7935f1dd8 (nginx 1.22.1).
# To change it, change the image's definition, or add a drop-in with systemctl edit.

[Unit]
Description=nginx 1.22.1
RequiresMountsFor=/var/lib/images /etc/nginx/sites /etc/slipway/secrets/nginx.env /etc/slipway/secrets/tls.key /srv
After=slipway-boot.service network.target network-online.target
IgnoreOnIsolate=yes
PartOf=slipway.target
Wants=slipway.target

[Service]
Type=exec
ExecStartPre=/usr/bin/nginx -t
ExecStart=/usr/bin/nginx -g "daemon off;"
Restart=on-failure
DynamicUser=yes
StateDirectory=nginx
RuntimeDirectory=nginx
Environment=PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 LANGUAGE= LC_ALL= LC_CTYPE= LC_NUMERIC= LC_TIME= LC_COLLATE= LC_MONETARY= LC_MESSAGES= LC_PAPER= LC_NAME= LC_ADDRESS= LC_TELEPHONE= LC_MEASUREMENT= LC_IDENTIFICATION=
Environment="GREETING=it's 100 %% \"ok\""
EnvironmentFile=/etc/slipway/secrets/nginx.env
LoadCredential=tls.key:/etc/slipway/secrets/tls.key
RootImage=/var/lib/images/nginx/5be1ecc7935f1dd8/image.erofs
MountAPIVFS=yes
BindReadOnlyPaths=-/run/slipway/resolv.conf:/etc/resolv.conf
BindReadOnlyPaths=-/etc/machine-id
BindReadOnlyPaths=-/run/systemd/journal/dev-log -/run/systemd/journal/socket -/run/systemd/journal/stdout
BindReadOnlyPaths=/etc/nginx/sites:/etc/nginx/sites
BindPaths=/srv:/srv
AmbientCapabilities=CAP_NET_BIND_SERVICE
)");
}

TEST(Render, NamesTheVerityRootAndItsTree) {
  images::StoredManifest stored{{}, "", {}, images::ImageId::Of({})};
  stored.manifest.name = "nginx";
  stored.manifest.services = {{"nginx", Nginx()}};
  EXPECT_THAT(Render(stored, "/srv/nginx/1").front().text, Not(HasSubstr("RootHash")));
  EXPECT_FALSE(FactsOf(stored, "/srv/nginx/1").at("nginx.service").verity_root);
  const base::Sha256 root = base::Sha256Of("root");
  stored.manifest.image.verity_root = root;
  EXPECT_THAT(Render(stored, "/srv/nginx/1").front().text,
              HasSubstr("\nRootImage=/srv/nginx/1/image.erofs\nRootHash=" + root.ToHex() +
                        "\nRootVerity=/srv/nginx/1/image.verity\n"));
  const FactsByUnit facts = FactsOf(stored, "/srv/nginx/1");
  EXPECT_EQ(facts.at("nginx.service").verity_root, root);
  EXPECT_EQ(ParseFacts(Serialize(facts), "units.json"), facts);
}

TEST(Render, WaitsForTheMountsOfEveryHostPathThatALineNames) {
  images::Service service = Nginx();
  service.binds = {{"/mnt/a b", "/data", true, true}};
  service.directives = {{"Service",
                         {{"BindPaths", "/mnt/nfs:/nfs:rbind /mnt/two -/mnt/usb:/usb"},
                          {"EnvironmentFile", "/mnt/env"},
                          {"LoadCredential", "key:/mnt/key"},
                          {"StandardOutput", "append:/mnt/log"},
                          {"StandardError", "journal"}}}};
  const std::string text = RenderOne(service);
  EXPECT_THAT(text, HasSubstr("\nRequiresMountsFor=/var/lib/images \"/mnt/a b\" /mnt/env /mnt/key "
                              "/mnt/log /mnt/nfs /mnt/two\n"));
  EXPECT_THAT(text, HasSubstr("\nAssertPathIsMountPoint=/mnt/a b\n"));
}

TEST(Render, ShowsTheHostsFilesThatAreAskedFor) {
  images::Service service = Nginx();
  EXPECT_THAT(RenderOne(service), Not(HasSubstr("certificates")));
  service.host_files = {true, true, true};
  service.environment = {{"SSL_CERT_FILE", "/own"}};
  const std::string text = RenderOne(service);
  EXPECT_THAT(text, HasSubstr("\nBindReadOnlyPaths=-/run/slipway/hosts:/etc/hosts\n"
                              "BindReadOnlyPaths=-/etc/localtime\n"
                              "BindReadOnlyPaths=-/run/slipway/certificates.crt:"
                              "/etc/ssl/certs/ca-certificates.crt\n"));
  EXPECT_LT(text.find("Environment=SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt\n"),
            text.find("Environment=SSL_CERT_FILE=/own\n"));
}

TEST(Render, LeavesTheJournalToANamespaceOfItsOwn) {
  images::Service service = Nginx();
  service.directives["Service"] = {{"LogNamespace", "web"}};
  EXPECT_THAT(RenderOne(service), Not(HasSubstr("dev-log")));
  service.directives["Service"] = {{"BindLogSockets", "no"}};
  EXPECT_THAT(RenderOne(service), Not(HasSubstr("dev-log")));
}

TEST(Render, RefusesALineThatSystemdWouldCut) {
  images::Service service = Nginx();
  for (int i = 0; i < 9; ++i) {
    service.exec.push_back(std::string(size_t{120} << 10, 'x'));
  }
  try {
    RenderOne(service);
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("nginx: the line ExecStart= would be longer than"));
  }
}

TEST(Render, IsTheSameEachTime) { EXPECT_EQ(RenderOne(Nginx()), RenderOne(Nginx())); }

TEST(Render, KeepsAOneshotActiveAndDoesNotRestartIt) {
  images::Service service = Nginx();
  service.type = "oneshot";
  EXPECT_THAT(RenderOne(service), HasSubstr("RemainAfterExit=yes\n"));
  EXPECT_THAT(RenderOne(service), Not(HasSubstr("Restart=")));
}

std::vector<RenderedUnit> RenderAll(const images::Service& service, const std::string& version) {
  images::StoredManifest stored = Stored({{"web", service}});
  stored.manifest.version = version;
  return Render(stored, "/var/lib/images/nginx/" + stored.id.text());
}

TEST(Render, GivesAServiceItsSocketWhichKnowsNoVersion) {
  images::Service service = Nginx();
  service.listen = {"80", "127.0.0.1:81", "/run/web.sock"};
  service.directives = {{"Socket", {{"Backlog", "128"}}}};
  const std::vector<RenderedUnit> units = RenderAll(service, "1.22.1");
  ASSERT_EQ(units.size(), 2U);
  EXPECT_EQ(units[0].name, "web.service");
  EXPECT_THAT(units[0].text, HasSubstr("\nRequires=web.socket\n"));
  EXPECT_THAT(units[0].text, Not(HasSubstr("Backlog")));
  EXPECT_EQ(units[1].name, "web.socket");
  EXPECT_EQ(units[1].text,
            R"(# Written by Slipway for the service web of the image nginx, whatever its version.
# To change it, change the image's definition, or add a drop-in with systemctl edit.

[Unit]
Description=Sockets of web
After=slipway-boot.service network.target network-online.target
IgnoreOnIsolate=yes
PartOf=slipway.target
Wants=slipway.target
DefaultDependencies=no
Conflicts=shutdown.target
Before=shutdown.target

[Socket]
ListenStream=80
ListenStream=127.0.0.1:81
ListenStream=/run/web.sock
RemoveOnStop=yes
Backlog=128
)");
  EXPECT_EQ(RenderAll(service, "1.26.0")[1], units[1]);
  EXPECT_NE(RenderAll(service, "1.26.0")[0], units[0]);
}

TEST(Render, GivesAServiceWithAScheduleItsTimer) {
  images::Service service = Nginx();
  service.type = "oneshot";
  service.schedule = "Mon *-*-* 03:30";
  service.directives = {{"Timer", {{"RandomizedDelaySec", "1h"}}}};
  const std::vector<RenderedUnit> units = RenderAll(service, "1");
  ASSERT_EQ(units.size(), 2U);
  // Or the timer would start it once alone.
  EXPECT_THAT(units[0].text, Not(HasSubstr("RemainAfterExit")));
  EXPECT_EQ(units[1].name, "web.timer");
  EXPECT_THAT(units[1].text, HasSubstr("\n[Timer]\nOnCalendar=Mon *-*-* 03:30\nPersistent=yes\n"
                                       "RandomizedDelaySec=1h\n"));
}

TEST(Render, RunsANamedUserWithPasswdAndGroupOfTheHost) {
  images::Service service = Nginx();
  service.user.emplace("www");
  const std::string text = RenderOne(service);
  EXPECT_THAT(text, HasSubstr("\nUser=www\n"));
  EXPECT_THAT(text, Not(HasSubstr("DynamicUser")));
  const std::string version = "/var/lib/images/nginx/5be1ecc7935f1dd8/";
  EXPECT_THAT(text, HasSubstr("\nBindReadOnlyPaths=-" + version + "passwd:/etc/passwd\n"));
  EXPECT_THAT(text, HasSubstr("\nBindReadOnlyPaths=-" + version + "group:/etc/group\n"));
}

TEST(Render, NamesSecretsInTheFormOfTheHost) {
  images::Service service = Nginx();
  service.secrets = {"key"};
  service.directives["Service"]["LoadCredentialEncrypted"] = "other:/etc/other";
  const images::StoredManifest stored = Stored({{"web", service}});
  const auto text = [&](images::SecretForm form) {
    return Render(stored, "/srv/images/nginx/0", form).at(0).text;
  };
  EXPECT_THAT(text(images::SecretForm::kPlain),
              HasSubstr("\nLoadCredential=key:/srv/images/.secrets/plain/nginx/key\n"));
  const std::string encrypted = text(images::SecretForm::kEncrypted);
  EXPECT_THAT(
      encrypted,
      HasSubstr("\nLoadCredentialEncrypted=key:/srv/images/.secrets/encrypted/nginx/key\n"));
  EXPECT_THAT(encrypted, HasSubstr("\nLoadCredentialEncrypted=other:/etc/other\n"));
}

TEST(Render, PutsDirectivesInPlaceOfOurLinesAndAddsToLists) {
  images::Service service = Nginx();
  service.directives = {{"Unit", {{"After", "postgresql.service"}, {"Wants", "cache.service"}}},
                        {"Service", {{"Restart", "always"}, {"LimitNOFILE", "65536"}}}};
  const std::string text = RenderOne(service);
  EXPECT_THAT(text, HasSubstr("\nRestart=always\n"));
  EXPECT_THAT(text, Not(HasSubstr("Restart=on-failure")));
  EXPECT_THAT(text, HasSubstr("\nLimitNOFILE=65536\n"));
  EXPECT_THAT(text, HasSubstr("\nAfter=slipway-boot.service "));
  EXPECT_THAT(text, HasSubstr("\nAfter=postgresql.service\n"));
  EXPECT_THAT(text, HasSubstr("\nWants=slipway.target\n"));
  EXPECT_THAT(text, HasSubstr("\nWants=cache.service\n"));
}

TEST(Render, RefusesDirectivesThatWouldRunSomethingElse) {
  for (const char* option :
       {"ExecStart", "RootImage", "RootDirectory", "Type", "RootHash", "RootVerity"}) {
    images::Service service = Nginx();
    service.directives = {{"Service", {{option, "x"}}}};
    EXPECT_THROW(RenderOne(service), base::Error) << option;
  }
  images::Service service = Nginx();
  service.directives = {{"Service", {{"LimitNOFILE", "1\\"}}}};
  EXPECT_THROW(RenderOne(service), base::Error);
  service.listen = {"80"};
  service.directives = {{"Socket", {{"Accept", "yes"}}}};
  EXPECT_THROW(RenderAll(service, "1"), base::Error);
}

TEST(Render, NamesTheServiceWhereItCannotBeRendered) {
  images::Service service = Nginx();
  service.exec[0] = "/usr/bin/a\"b";
  try {
    RenderOne(service);
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("services.nginx: "));
  }
}

}  // namespace
}  // namespace units

#include "units/auxiliary_units.h"

#include <gmock/gmock.h>

#include "units/render.h"
#include "units/shared_user.h"

namespace units {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

images::Service Web() {
  images::Service service;
  service.exec = {"/usr/bin/web"};
  service.exec_start_pre = {{"/usr/bin/web", "-t"}};
  service.state = service.runtime = true;
  service.type = "notify";
  service.credentials = {{"key", "/etc/key"}};
  service.directives = {{"Unit", {{"Requires", "db.service"}}},
                        {"Service", {{"Restart", "always"}, {"LimitNOFILE", "65536"}}}};
  service.hooks.before_start = {{"/usr/bin/web", "migrate"}, {"/usr/bin/web", "warm up"}};
  service.hooks.timeout_seconds = 900;
  service.health.exec = {"/usr/bin/ask"};
  return service;
}

std::vector<RenderedUnit> Tasks(const images::Service& service) {
  images::Manifest manifest;
  manifest.name = "web";
  manifest.services = {{"web", service}};
  const base::Sha256 digest = base::Sha256Of("web");
  return RenderAuxiliaryUnits({manifest, "", digest, images::ImageId::Of(digest)},
                              "/var/lib/images/web/0");
}

// The lines of [Service] that are not about what is run and how long it may take.
std::vector<std::string> Sandbox(const std::string& text) {
  std::vector<std::string> out;
  for (size_t at = text.find("[Service]\n"); at < text.size();) {
    const size_t end = text.find('\n', at);
    const std::string line = text.substr(at, end - at);
    at = end + 1;
    const std::string option = line.substr(0, line.find('='));
    if (!option.starts_with("Exec") && !option.starts_with("Timeout") && option != "Type" &&
        option != "Restart" && option != "RemainAfterExit" && option != "BindPaths" &&
        option != "Environment" && option != "RuntimeDirectory") {
      out.push_back(line);
    }
  }
  return out;
}

TEST(Tasks, AreTheServicesSandboxWithOtherCommands) {
  const std::vector<RenderedUnit> tasks = Tasks(Web());
  ASSERT_EQ(tasks.size(), 2U);
  EXPECT_EQ(tasks[0].name, "web:before-start.service");
  EXPECT_EQ(tasks[1].name, "web:check.service");
  images::Manifest manifest;
  manifest.name = "web";
  manifest.services = {{"web", Web()}};
  const base::Sha256 digest = base::Sha256Of("web");
  const std::vector<RenderedUnit> units =
      Render({manifest, "", digest, images::ImageId::Of(digest)}, "/var/lib/images/web/0");
  for (const RenderedUnit& task : tasks) {
    EXPECT_EQ(Sandbox(task.text), Sandbox(units[0].text)) << task.name;
    EXPECT_THAT(task.text, HasSubstr("\nUser=web\n"));
    EXPECT_THAT(task.text, HasSubstr("\nLimitNOFILE=65536\n"));
    EXPECT_THAT(task.text, HasSubstr("\nType=oneshot\n"));
    EXPECT_THAT(task.text, HasSubstr("\nRemainAfterExit=yes\n"));
    EXPECT_THAT(task.text, HasSubstr("\nStartLimitIntervalSec=0\n"));
    EXPECT_THAT(task.text, Not(HasSubstr("Restart=")));
    EXPECT_THAT(task.text, Not(HasSubstr("db.service")));
    EXPECT_THAT(task.text, Not(HasSubstr("/usr/bin/web -t")));
  }
}

// systemd removes a unit's RuntimeDirectory= when it ends, and the service's must stay.
TEST(Tasks, SeeTheRuntimeDirectoryOfTheRunningService) {
  const std::vector<RenderedUnit> tasks = Tasks(Web());
  EXPECT_THAT(tasks[0].text, HasSubstr("\nRuntimeDirectory=web\n"));
  EXPECT_THAT(tasks[1].text, Not(HasSubstr("RuntimeDirectory=")));
  EXPECT_THAT(tasks[1].text, HasSubstr("\nBindPaths=/run/web:/run/web\n"));
  EXPECT_THAT(tasks[1].text, HasSubstr("\nEnvironment=RUNTIME_DIRECTORY=/run/web\n"));
}

TEST(Tasks, RunTheirCommandsOneAfterTheOtherEachWithItsTime) {
  const std::vector<RenderedUnit> tasks = Tasks(Web());
  EXPECT_THAT(tasks[0].text, HasSubstr("\nExecStartPre=/usr/bin/web migrate\n"
                                       "ExecStart=/usr/bin/web \"warm up\"\n"));
  EXPECT_THAT(tasks[0].text, HasSubstr("\nTimeoutStartSec=900\n"));
  EXPECT_THAT(tasks[1].text, HasSubstr("\nExecStart=/usr/bin/ask\n"));
  EXPECT_THAT(tasks[1].text, HasSubstr("\nTimeoutStartSec=5\n"));
  EXPECT_THAT(tasks[1].text, HasSubstr("\nJoinsNamespaceOf=web.service\n"));
}

TEST(Tasks, AreNoneWithoutHooksAndChecks) {
  images::Service service = Web();
  service.hooks = {};
  service.health.exec.clear();
  EXPECT_TRUE(Tasks(service).empty());
}

TEST(SharedUser, IsTheServicesNameWhereSystemdTakesIt) {
  EXPECT_EQ(SharedUser("web-2"), "web-2");
  for (const char* name : {"2web", "my.web", "-", "a123456789012345678901234567890123"}) {
    EXPECT_TRUE(SharedUser(name).starts_with("slipway-")) << name;
    EXPECT_LE(SharedUser(name).size(), 31U);
  }
}

}  // namespace
}  // namespace units

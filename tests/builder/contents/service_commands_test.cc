// What an OCI image says of ports and health, and which service gets it.
#include "builder/contents/service_commands.h"

#include <fcntl.h>
#include <gmock/gmock.h>

#include "tests/support/scratch.h"

namespace builder {
namespace {

using testing::ElementsAre;

class PortsAndHealthTest : public tests::ScratchTest {
 protected:
  PortsAndHealthTest() {
    tree_.AddLiteral("/bin/app", "x", 0755);
    closure_.service.exec = {"/bin/app"};
    closure_.service.ports = {80, 443};
    closure_.service.health.emplace();
    closure_.service.health->exec = {"app", "-check"};
    definition_.file = "web.json";
    definition_.services["web"];
  }
  std::string Resolve() {
    const base::UniqueFd fd = base::Open(At("said"), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    ResolveServices(closure_, tree_, definition_, base::Io{0, 1, fd.get(), false});
    return Get("said");
  }
  images::Service& Web() { return definition_.services["web"]; }

  Tree tree_;
  Closure closure_;
  images::Definition definition_;
};

TEST_F(PortsAndHealthTest, TheOnlyServiceGetsWhatTheDefinitionDoesNotSay) {
  EXPECT_EQ(Resolve(),
            "note: the image gives web ports 80 443 (ports) and the check 'app -check' (health); a "
            "definition's fields in brackets replace that\n");
  EXPECT_THAT(Web().ports, ElementsAre(80, 443));
  EXPECT_EQ(Web().health.exec, (images::Command{"/bin/app", "-check"}));
}

TEST_F(PortsAndHealthTest, WhatTheDefinitionSaysCountsAlsoWhereItSaysNone) {
  definition_.lines = {{"web.json: services.web.ports", 3}, {"web.json: services.web.health", 4}};
  EXPECT_EQ(Resolve(), "");
  EXPECT_TRUE(Web().ports.empty());
  EXPECT_FALSE(Web().health.HasCheck());
}

TEST_F(PortsAndHealthTest, ASocketIsThePortAndATimersServiceHasNoCheck) {
  Web().listen = {"80"};
  Web().type = "oneshot";
  EXPECT_EQ(Resolve(), "");
  EXPECT_TRUE(Web().ports.empty());
  EXPECT_FALSE(Web().health.HasCheck());
}

TEST_F(PortsAndHealthTest, AServiceWithAnotherCommandGetsNeither) {
  Web().exec = {"/bin/app", "work"};
  Resolve();
  EXPECT_TRUE(Web().ports.empty());
  EXPECT_FALSE(Web().health.HasCheck());
}

TEST_F(PortsAndHealthTest, OfSeveralServicesTheOneThatRunsTheImagesCommandIsMeant) {
  definition_.services["worker"].exec = {"/bin/app", "work"};
  Resolve();
  EXPECT_EQ(Web().ports.size(), 2U);
  EXPECT_TRUE(Web().health.HasCheck());
  EXPECT_TRUE(definition_.services["worker"].ports.empty());
  EXPECT_FALSE(definition_.services["worker"].health.HasCheck());
}

TEST_F(PortsAndHealthTest, OfSeveralThatRunItNoneIsMeant) {
  definition_.services["other"];
  EXPECT_EQ(Resolve(),
            "note: the image asks for ports 80 443 (ports) and the check 'app -check' (health); "
            "no service gets that, a definition's fields in brackets have it\n");
  EXPECT_TRUE(Web().ports.empty());
}

TEST_F(PortsAndHealthTest, ManyPortsAreOneRange) {
  closure_.service.health.reset();
  closure_.service.ports = {53, 80, 81};
  for (uint64_t port = 10000; port <= 20000; ++port) {
    closure_.service.ports.push_back(port);
  }
  EXPECT_EQ(Resolve(),
            "note: the image gives web ports 53 80-81 10000-20000 (ports); a definition's fields "
            "in brackets replace that\n");
}

TEST_F(PortsAndHealthTest, ACheckWhoseProgramIsMissingIsNamedAndNotTaken) {
  closure_.service.health->exec = {"curl", "http://localhost/"};
  closure_.service.ports.clear();
  EXPECT_EQ(Resolve(),
            "note: the image asks for the check 'curl http://localhost/' (health), but lacks its "
            "program; no service gets that, a definition's fields in brackets have it\n");
  EXPECT_FALSE(Web().health.HasCheck());
}

}  // namespace
}  // namespace builder

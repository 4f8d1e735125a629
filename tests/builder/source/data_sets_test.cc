// Certificates and time zones, of a machine that is a directory here, and of this one.
#include "builder/source/data_sets.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "base/digest.h"
#include "builder/contents/closure_tree.h"
#include "builder/source/resolve_source.h"
#include "tests/support/errors.h"
#include "tests/support/scratch.h"

namespace builder {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class DataSetsTest : public tests::ScratchTest {
 protected:
  DataSetsTest() {
    Put("machine/etc/pki/tls/certs/ca-bundle.crt", "certificates");
    for (const char* zone : {"Europe/Paris", "posix/Europe/Paris", "right/Europe/Paris"}) {
      Put(std::string("machine/usr/share/zoneinfo/") + zone, zone);
    }
    Put("machine/etc/localtime", "the machine's own");
    std::filesystem::create_symlink("/etc/localtime", At("machine/usr/share/zoneinfo/localtime"));
    std::filesystem::create_symlink("Europe/Paris", At("machine/usr/share/zoneinfo/posixrules"));
    Put("root/bin/app", "program");
    closure_.packages = {{{"/opt", "", 0, {}, "app", ""}, {"/opt"}}};
    closure_.fill = [this](Tree& tree) { tree.AddFromDisk(At("root"), "/"); };
  }
  Tree Filled() {
    Tree tree;
    closure_.fill(tree);
    return tree;
  }

  Closure closure_;
};

TEST_F(DataSetsTest, AnImageGetsTheDataOfTheMachineButNothingThatIsItsOwn) {
  AddDataSets({{"zoneinfo", "certificates", "python"}}, Exclusions({}), At("machine"), closure_);
  const Tree tree = Filled();
  ASSERT_NE(tree.Find("/etc/ssl/certs/ca-certificates.crt"), nullptr);
  EXPECT_EQ(tree.Find("/etc/ssl/certs/ca-certificates.crt")->size_bytes, 12U);
  EXPECT_NE(tree.Resolve("/usr/share/zoneinfo/Europe/Paris"), nullptr);
  EXPECT_NE(tree.Resolve("/usr/share/zoneinfo/posixrules"), nullptr);
  for (const char* path : {"/usr/share/zoneinfo/localtime", "/etc/localtime",
                           "/usr/share/zoneinfo/posix", "/usr/share/zoneinfo/right"}) {
    EXPECT_EQ(tree.Find(path), nullptr) << path;
  }
  std::vector<std::string> names;
  for (const Package& package : closure_.packages) {
    names.push_back(package.entry.name);
  }
  EXPECT_THAT(names, ElementsAre("ca-certificates", "app", "tzdata"));
  EXPECT_EQ(closure_.packages[0].entry.nar_hash,
            "sha256:" + base::Sha256Of(base::Sha256Of("certificates").ToHex() +
                                       "  /etc/ssl/certs/ca-certificates.crt\n")
                            .ToHex());
  EXPECT_EQ(closure_.service.environment.at("SSL_CERT_FILE"), "/etc/ssl/certs/ca-certificates.crt");
  EXPECT_EQ(closure_.sets.size(), 2U);
}

TEST_F(DataSetsTest, NothingIsTakenUnlessItIsNamed) {
  for (const std::optional<std::vector<std::string>>& sets :
       std::vector<std::optional<std::vector<std::string>>>{
           std::nullopt, std::vector<std::string>(), std::vector<std::string>{"default"}}) {
    AddDataSets(sets, Exclusions({}), At("machine"), closure_);
    EXPECT_EQ(Filled().Find("/usr/share/zoneinfo"), nullptr);
    EXPECT_EQ(closure_.packages.size(), 1U);
    EXPECT_TRUE(closure_.service.environment.empty());
  }
}

TEST_F(DataSetsTest, WhatTheMachineLacksAndWhatTheSourceHasIsSaid) {
  AddDataSets({{"zoneinfo", "certificates"}}, Exclusions({}), At("root"), closure_);
  EXPECT_THAT(
      closure_.problems.Messages(),
      ElementsAre("contents.sets: this machine has no /etc/ssl/certs/ca-certificates.crt, which "
                  "the set 'certificates' is: install the package ca-certificates",
                  "contents.sets: this machine has no /usr/share/zoneinfo, which the set "
                  "'zoneinfo' is: install the package tzdata"));
  Put("root/usr/share/zoneinfo/UTC", "x");
  AddDataSets({{"zoneinfo"}}, Exclusions({}), At("machine"), closure_);
  EXPECT_EQ(tests::MessageOf([&] { Filled(); }),
            "contents.sets: the source has /usr/share/zoneinfo itself: leave the set 'zoneinfo' "
            "out");
}

TEST_F(DataSetsTest, OneThatIsAllExcludedIsInNoReport) {
  images::Contents contents;
  contents.exclude = {"/etc/ssl", "/usr/share/zoneinfo/Europe"};
  AddDataSets({{"zoneinfo", "certificates"}}, Exclusions(contents), At("machine"), closure_);
  EXPECT_THAT(closure_.sets, ElementsAre(testing::Key("zoneinfo")));  // it has a link yet
  EXPECT_EQ(closure_.packages.size(), 2U);
  EXPECT_TRUE(closure_.service.environment.empty());
  closure_.sets.clear();
  contents.exclude = {"/usr/share/zoneinfo/*"};
  AddDataSets({{"zoneinfo"}}, Exclusions(contents), At("machine"), closure_);
  EXPECT_TRUE(closure_.sets.empty());
  EXPECT_THAT(closure_.problems.Messages(), testing::IsEmpty());
}

TEST_F(DataSetsTest, AWholeRootStaysOnePackage) {
  closure_.packages = {{{"/", "", 0, {}, "root", ""}, {"/"}}};
  AddDataSets({{"zoneinfo"}}, Exclusions({}), At("machine"), closure_);
  EXPECT_EQ(closure_.packages.size(), 1U);
  EXPECT_NE(Filled().Find("/usr/share/zoneinfo/Europe/Paris"), nullptr);
}

TEST_F(DataSetsTest, AnImageWithCertificatesDoesWithoutTheHosts) {
  images::Definition definition;
  definition.services["app"].exec = {"/bin/app"};
  std::filesystem::permissions(At("root/bin/app"), std::filesystem::perms(0755));
  AddDataSets({{"certificates"}}, Exclusions({}), At("machine"), closure_);
  MakeTree(definition, closure_);
  EXPECT_FALSE(definition.services["app"].host_files.certificates.value_or(false));
  EXPECT_EQ(definition.services["app"].environment.at("SSL_CERT_FILE"),
            "/etc/ssl/certs/ca-certificates.crt");
}

TEST_F(DataSetsTest, OtherSourcesTakeDataAndRefuseTheRest) {
  images::Definition definition;
  definition.source = images::RootSource{At("root"), false};
  definition.contents.sets = {"python", "default", "gio"};
  EXPECT_THAT(ResolveSource(definition, {}).problems.Messages(),
              ElementsAre(HasSubstr("contents.sets: the set 'python' is for ELF sources: "),
                          HasSubstr("contents.sets: the set 'gio' is for ELF sources: ")));
}

}  // namespace
}  // namespace builder

// imgbuild catalog, in-process. tests/e2e/catalog_test.cc runs what it prints.
#include "builder/catalog_command.h"

#include <fcntl.h>
#include <gmock/gmock.h>

#include "images/definition/catalog.h"
#include "images/definition/definition.h"
#include "tests/support/errors.h"
#include "tests/support/scratch.h"

namespace builder {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class CatalogCommandTest : public tests::ScratchTest {
 protected:
  std::string Run(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--definitions", At("images")});
    const base::UniqueFd out = base::Open(At("out"), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    const base::UniqueFd err = base::Open(At("err"), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    RunCatalog(arguments, base::Io{0, out.get(), err.get(), false});
    return Get("out");
  }
  std::string ErrorOf(const std::vector<std::string>& arguments) {
    const base::Error error = tests::ErrorOf([&] { Run(arguments); });
    EXPECT_EQ(error.code(), base::ExitCode::kUsage) << error.what();
    return error.what();
  }
  images::Definition Parsed(const std::string& text) const {
    return images::ParseDefinition(text, "it.json", At("images"));
  }
};

TEST_F(CatalogCommandTest, ListsWhatThereIsWithItsPackage) {
  const std::string list = Run({});
  EXPECT_THAT(list, StartsWith("NAME "));
  EXPECT_THAT(list, ContainsRegex("\nnginx  .*(installed: |apt install )nginx\n"));
  EXPECT_THAT(list, ContainsRegex("\nredis  .*(installed: |apt install )redis-server\n"));
  std::istringstream lines(list);
  size_t count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    EXPECT_LE(line.size(), 110U) << line;
    EXPECT_EQ(line.find("installed: ") == 78 || line.find("apt install ") == 78, count > 0) << line;
  }
  EXPECT_EQ(count, images::CatalogEntries().size() + 1);
}

TEST_F(CatalogCommandTest, WhatItPrintsNamesNoFileThatIsNotThere) {
  for (const auto& entry : images::CatalogEntries()) {
    const images::Definition definition = Parsed(Run({entry.first}));
    EXPECT_EQ(definition.name, entry.first);
    for (const auto& file : definition.contents.files) {
      EXPECT_TRUE(base::Exists(file.second)) << entry.first << ": " << file.second;
    }
  }
  Put("images/nginx/nginx.conf", "my own");
  EXPECT_EQ(Parsed(Run({"nginx"})).contents.files.at("/srv/nginx"), At("images/nginx"));
}

TEST_F(CatalogCommandTest, AnotherInstanceHasNothingOfTheFirst) {
  for (const auto& entry : images::CatalogEntries()) {
    SCOPED_TRACE(entry.first);
    const images::Definition first = Parsed(Run({entry.first}));
    const std::vector<uint64_t> ports = first.services.begin()->second.ports;
    std::vector<std::string> arguments = {entry.first, "--name", "other"};
    if (!ports.empty()) {
      arguments.insert(arguments.end(), {"--port", "7777"});
    }
    const std::string text = Run(arguments);
    const images::Definition other = Parsed(text);
    EXPECT_EQ(other.name, "other");
    ASSERT_EQ(other.services.size(), 1U);
    EXPECT_EQ(other.services.begin()->first, "other");
    for (const char* folder :
         {"/var/lib/", "/run/", "/run/credentials/", "secrets/", "systemctl restart "}) {
      EXPECT_THAT(text, Not(HasSubstr(folder + entry.first)));
    }
    if (const std::string user = first.services.begin()->second.user.value_or(""); !user.empty()) {
      EXPECT_EQ(other.services.begin()->second.user, "other");
      EXPECT_THAT(text, AllOf(Not(HasSubstr("-u " + user)), Not(HasSubstr("-U " + user))));
    }
    for (const auto& file : other.contents.files) {
      EXPECT_EQ(file.second, At("images/other"));
      EXPECT_THAT(text, HasSubstr("// Yours to write: the folder other beside this file"));
    }
    if (!ports.empty()) {
      EXPECT_THAT(other.services.begin()->second.ports, testing::ElementsAre(7777));
      EXPECT_THAT(text, Not(ContainsRegex("[^0-9]" + std::to_string(ports[0]) + "[^0-9]")));
    }
  }
}

TEST_F(CatalogCommandTest, WritesADefinitionWithAnExampleOfItsFiles) {
  EXPECT_EQ(Run({"nginx-tls", "--name", "shop", "--port", "8443", "--write"}),
            At("images") + "/shop/\n" + At("images") + "/shop.json\n");
  EXPECT_THAT(Get("images/shop/nginx.conf"),
              AllOf(HasSubstr("listen 8443 ssl;"), HasSubstr("/run/credentials/shop.service/")));
  EXPECT_THAT(Get("images/shop/www/index.html"), HasSubstr("It works"));
  EXPECT_EQ(Parsed(Get("images/shop.json")).contents.files.at("/srv/nginx"), At("images/shop"));

  EXPECT_THAT(ErrorOf({"redis", "--name", "shop", "--write"}),
              HasSubstr("images/shop.json exists: remove it, or choose another --name"));
  std::filesystem::remove(At("images/shop.json"));
  Put("images/shop/nginx.conf", "my own");
  EXPECT_EQ(Run({"nginx", "--name", "shop", "--write"}), At("images") + "/shop.json\n");
  EXPECT_EQ(Get("images/shop/nginx.conf"), "my own");
  EXPECT_THAT(Get("err"),
              HasSubstr("note: " + At("images") + "/shop is there already and stays as it is\n"));
}

TEST_F(CatalogCommandTest, WhatItDoesNotHaveIsSaid) {
  EXPECT_EQ(ErrorOf({"postgres"}),
            "the catalog has no 'postgres' (did you mean postgresql?); imgbuild catalog lists all");
  EXPECT_EQ(ErrorOf({"mainframe"}), "the catalog has no 'mainframe'; imgbuild catalog lists all");
  EXPECT_EQ(ErrorOf({"timer-job", "--port", "80"}), "--port: timer-job listens on no port");
  EXPECT_THAT(ErrorOf({"redis", "--name", "../x"}), HasSubstr("'../x' is not possible"));
  EXPECT_THAT(ErrorOf({"redis", "--name", ""}), HasSubstr("--name: image name '' is not possible"));
  EXPECT_THAT(ErrorOf({"redis", "--name", "backup"}), HasSubstr("backup"));
  EXPECT_THAT(ErrorOf({"--write"}), HasSubstr("ENTRY"));
  EXPECT_FALSE(base::Exists(At("images")));
}

}  // namespace
}  // namespace builder

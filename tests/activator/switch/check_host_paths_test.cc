#include "activator/switch/check_host_paths.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/atomic_file.h"
#include "base/file.h"

namespace activator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class CheckHostPathsTest : public ::testing::Test {
 protected:
  std::string Problem(bool dynamic = true) const {
    return DirectoryProblem(
        {"StateDirectory", base_ + "/web", dynamic ? base_ + "/private/web" : ""});
  }
  std::vector<std::string> Problems(const std::map<std::string, std::string>& lines) const {
    images::Service service;
    service.directives = {{"Service", lines}};
    return HostPathProblems({{"web", service}});
  }

  base::TemporaryDirectory place_{::testing::TempDir(), "slipway-paths-"};
  const std::string base_ = base::RealPath(place_.path());
};

TEST_F(CheckHostPathsTest, ADirectoryThatSystemdCanMakeOrMoveIsRight) {
  EXPECT_EQ(Problem(), "");
  base::MakeDirectories(base_ + "/web");
  EXPECT_EQ(Problem(), "");  // it is moved
  EXPECT_EQ(Problem(false), "");
  base::RemoveTree(base_ + "/web");
  base::MakeDirectories(base_ + "/private/web");
  EXPECT_EQ(Problem(), "");
  base::ReplaceSymlink("private/web", base_ + "/web");
  EXPECT_EQ(Problem(), "");
  EXPECT_EQ(Problem(false), "");  // it is moved back
}

TEST_F(CheckHostPathsTest, ALinkOfSomebodyElsesIsSaid) {
  base::ReplaceSymlink("/srv/data", base_ + "/web");
  EXPECT_THAT(Problem(), HasSubstr(base_ + "/web is a link to /srv/data"));
  EXPECT_THAT(Problem(false), HasSubstr("is a link to /srv/data, which systemd does not follow"));
  base::MakeDirectories(base_ + "/private/web");
  base::ReplaceSymlink(base_ + "/private/web", base_ + "/web");
  EXPECT_THAT(Problem(), HasSubstr("is a link to " + base_ + "/private/web"));
  EXPECT_EQ(Problem(false), "");
}

TEST_F(CheckHostPathsTest, WhatIsInTheWayIsSaid) {
  base::MakeDirectories(base_ + "/private/web");
  base::MakeDirectories(base_ + "/web");
  EXPECT_THAT(Problem(), HasSubstr("are both there"));
  base::RemoveTree(base_ + "/web");
  base::WriteFileAtomically(base_ + "/web", "");
  EXPECT_THAT(Problem(), HasSubstr("/web is no directory"));
  EXPECT_THAT(Problem(false), HasSubstr("/web is no directory"));
  base::Unlink(base_ + "/web");
  base::RemoveTree(base_ + "/private/web");
  base::ReplaceSymlink("/srv", base_ + "/private/web");
  EXPECT_THAT(Problem(), HasSubstr("/private/web is no directory"));
  base::RemoveTree(base_ + "/private");
  base::ReplaceSymlink("/srv", base_ + "/private");
  EXPECT_THAT(Problem(), HasSubstr("/private is no directory"));
}

TEST_F(CheckHostPathsTest, WhatALineNeedsOfTheHostIsSaid) {
  const std::string none = base_ + "/none";
  EXPECT_THAT(Problems({{"BindPaths", none},
                        {"LoadCredential", "key:" + none},
                        {"StandardOutput", "append:" + none + "/log"}}),
              ElementsAre("service web has a line BindPaths= that needs " + none +
                              ", which is not on this host",
                          HasSubstr("LoadCredential="), HasSubstr("StandardOutput=")));
  EXPECT_THAT(Problems({{"BindPaths", "-" + none},
                        {"EnvironmentFile", "-" + none},
                        {"StandardOutput", "append:" + base_ + "/log"}}),
              IsEmpty());
  EXPECT_THAT(Problems({{"BindPaths", base_ + ":/data"}, {"WorkingDirectory", "/data/none"}}),
              ElementsAre(HasSubstr("WorkingDirectory= that needs " + none)));
}

TEST_F(CheckHostPathsTest, WhatIsEmptyAtEachStartIsSaid) {
  EXPECT_THAT(Problems({{"WorkingDirectory", "/run/none"}}),
              ElementsAre(HasSubstr("WorkingDirectory= that needs /run/none, which is empty")));
  EXPECT_THAT(Problems({{"WorkingDirectory", "/run/x"}, {"RuntimeDirectory", "x"}}), IsEmpty());
  EXPECT_THAT(Problems({{"WorkingDirectory", "/tmp"}}), IsEmpty());
}

TEST_F(CheckHostPathsTest, WhatAnotherServicesStartMakesNeedNotBeThere) {
  images::Services services;
  services["db"].runtime = true;
  services["web"].binds = {{"/run/db", "/run/db", false}};
  EXPECT_THAT(HostPathProblems(services), IsEmpty());
  services.erase("db");
  EXPECT_THAT(HostPathProblems(services),
              ElementsAre("service web binds /run/db, which is not on this host"));
}

}  // namespace
}  // namespace activator

#include "activator/switch/users.h"

#include <gmock/gmock.h>

#include "activator/switch/boot.h"
#include "tests/activator/host_fixture.h"

namespace activator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class UsersTest : public HostTest {
 protected:
  UsersTest() {
    host.read_image_file = [this](const images::ImageDirectory&, const std::string& path) {
      return image_files[path];
    };
    shape = [](images::Services& services) { services.begin()->second.user = "www"; };
  }
  std::string Passwd() { return base::ReadFile(Version() + "/passwd"); }
  std::string Group() { return base::ReadFile(Version() + "/group"); }
  std::string Version() {
    return layout.Version("web", images::ImageId::Of(LoadGeneration(layout, 1).apps.at("web")));
  }

  std::map<std::string, std::string> image_files;
};

TEST_F(UsersTest, AreMadeBeforeTheUnitsStartAndKnownInTheImage) {
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0) << error;
  EXPECT_THAT(accounts.made, ElementsAre("u www - \"Service web\" /\n"));
  EXPECT_EQ(Passwd(),
            "www:x:990:990::/:/usr/sbin/nologin\n"
            "root:x:0:0:root:/root:/usr/sbin/nologin\n"
            "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n");
  EXPECT_EQ(Group(), "group990:x:990:\nroot:x:0:\nnogroup:x:65534:\n");
}

// With DynamicUser= systemd would take the host's user of the service's name.
TEST_F(UsersTest, AServiceThatNamesNoUserDoesNotRunAsOneOfTheHosts) {
  shape = nullptr;
  const uint64_t number = Stage("web", "one");
  accounts.users["web"] = "web:x:1000:1000::/home/web:/bin/sh";
  EXPECT_EQ(ActivateNumber(number), 1);
  EXPECT_THAT(error, HasSubstr("service web would run as the user web of this host"));
  accounts.users.clear();
  accounts.groups = {"web"};
  EXPECT_EQ(ActivateNumber(number), 1);
  EXPECT_THAT(error, HasSubstr("this host has a group web"));
  accounts.groups.clear();
  accounts.users["web"] = "web:x:61500:61500:Dynamic User:/:/usr/sbin/nologin";
  EXPECT_EQ(ActivateNumber(number), 0) << error;
}

TEST_F(UsersTest, WhoIsThereIsNotMade) {
  accounts.users["www"] = "www:x:33:33:www:/var/www:/bin/sh";
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0) << error;
  EXPECT_THAT(accounts.made, IsEmpty());
  EXPECT_THAT(Passwd(), HasSubstr("www:x:33:33:www:/var/www:/bin/sh\n"));
}

// The host's number counts, whatever the image says.
TEST_F(UsersTest, TheImagesOwnAccountsStayButThatOfTheService) {
  image_files["/etc/passwd"] =
      "root:x:0:0::/root:/bin/sh\nwww:x:101:101::/:/bin/sh\nmail:x:8:8::/:/x";
  image_files["/etc/group"] = "mail:x:8:\ngroup990:x:5:\n";
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0) << error;
  EXPECT_EQ(Passwd(),
            "www:x:990:990::/:/usr/sbin/nologin\nroot:x:0:0::/root:/bin/sh\nmail:x:8:8::/:/x\n");
  EXPECT_EQ(Group(), "group990:x:990:\nmail:x:8:\n");
}

TEST_F(UsersTest, OneThatCannotBeMadeIsRefusedBeforeAnythingIsTouched) {
  accounts.why_none = "/etc cannot be written on this host";
  EXPECT_EQ(ActivateNumber(Stage("web", "one")), 1);
  EXPECT_THAT(error, HasSubstr("service web runs as the user www, who is not on this host and "
                               "cannot be made: /etc cannot be written"));
  EXPECT_THAT(systemd.calls, IsEmpty());
  EXPECT_EQ(CurrentGeneration(layout), kNoGeneration);
  accounts.users["www"] = "www:x:33:33::/:/bin/sh";
  EXPECT_EQ(ActivateNumber(1), 0) << error;
}

// A user of a directory service that is only starting must not be made here.
TEST_F(UsersTest, AtBootNobodyIsMadeAndWhoIsMissingIsSaid) {
  const base::Sha256 other = Push("other", "other");
  const base::Sha256 web = Push("web", "one");
  ASSERT_EQ(
      ActivateNumber(StageGeneration(layout, {{"other", other}, {"web", web}}, "tester").number), 0)
      << error;
  accounts.users.clear();
  accounts.made.clear();
  systemd.Reboot();
  try {
    RunBoot(host);
    FAIL();
  } catch (const base::Error& thrown) {
    EXPECT_THAT(thrown.what(), HasSubstr("the user www is not on this host"));
  }
  EXPECT_THAT(accounts.made, IsEmpty());
  EXPECT_THAT(Passwd(), HasSubstr("www:x:990:990:"));  // as it was
  EXPECT_TRUE(systemd.IsActive("other.service"));
}

TEST_F(UsersTest, AtBootTheNumbersOfTheHostAreTakenOver) {
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0) << error;
  accounts.users["www"] = "www:x:33:33:www:/var/www:/bin/sh";
  systemd.Reboot();
  RunBoot(host);
  EXPECT_THAT(Passwd(), HasSubstr("www:x:33:33:www:/var/www:/bin/sh\n"));
}

TEST_F(UsersTest, AreProvidedBeforeWhatIsDownIsStarted) {
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0) << error;
  accounts.users.clear();
  systemd.StopByHand("web.service");
  EXPECT_EQ(ActivateNumber(1), 0) << error;
  EXPECT_TRUE(accounts.users.contains("www"));
}

TEST(SysusersTest, OneLineForEachUserWithTheStateAsHome) {
  images::Services services;
  services["a"].user = "www";
  services["a"].state = true;
  services["b"].user = "www";
  services["c"].user = "db";
  services["d"].exec = {"/d"};
  EXPECT_EQ(SysusersFragment(services, {}),
            "u www - \"Service a\" /var/lib/a\nu db - \"Service c\" /\n");
  EXPECT_EQ(SysusersFragment(services, {"www", "db"}), "");
}

// systemd (252, 257, 262) runs one unit as a number that the host does not know, and no second one.
TEST_F(UsersTest, ANumberThatSeveralUnitsRunAsGetsAUser) {
  const auto as_number = [](images::Services& services) {
    services.begin()->second.directives["Service"] = {{"User", "65532"}, {"Group", "65532"}};
  };
  shape = as_number;
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0) << error;
  EXPECT_THAT(accounts.made, IsEmpty());
  ASSERT_EQ(ActivateNumber(Stage("db", "one")), 0) << error;
  EXPECT_THAT(accounts.made,
              ElementsAre("u slipway-65532 65532:65532 \"User 65532 of images\" /\n"));
  accounts.made.clear();
  accounts.users["65532"] = "nonroot:x:65532:65532::/:/x";
  ASSERT_EQ(ActivateNumber(Stage("api", "one")), 0) << error;
  EXPECT_THAT(accounts.made, IsEmpty());
}

TEST_F(UsersTest, ASharedNumberThatCannotGetAUserIsRefused) {
  accounts.why_none = "/etc cannot be written on this host";
  shape = [](images::Services& services) {
    services.begin()->second.directives["Service"] = {{"User", "65532"}};
  };
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0) << error;
  EXPECT_EQ(ActivateNumber(Stage("db", "one")), 1);
  EXPECT_THAT(error,
              HasSubstr("this host can get none: /etc cannot be written on this host. Add it "
                        "to the host's configuration (sysusers.d: u slipway-65532 65532:"));
  EXPECT_THAT(accounts.made, IsEmpty());
}

TEST_F(UsersTest, ANumberThatAHookRunsAsTooGetsAUser) {
  shape = [](images::Services& services) {
    services.begin()->second.directives["Service"] = {{"User", "1000"}};
    services.begin()->second.health.exec = {"/bin/check"};
  };
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0) << error;
  EXPECT_THAT(accounts.made, ElementsAre("u slipway-1000 1000:1000 \"User 1000 of images\" /\n"));
}

}  // namespace
}  // namespace activator

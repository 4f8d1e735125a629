#include "activator/switch/data_folders.h"

#include <gmock/gmock.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "activator/state/switch_record.h"
#include "tests/activator/host_fixture.h"

namespace activator {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr uid_t kOwner = 4711;
constexpr uid_t kDynamic = 61500;

class DataFoldersTest : public HostTest {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) {
      GTEST_SKIP() << "needs root";
    }
    shape = [](images::Services& services) { services.begin()->second.state = true; };
    accounts.users["4711"] = "dbowner:x:4711:4711::/:/bin/sh";
    accounts.users["dbowner"] = accounts.users["4711"];
    base::MakeDirectories(lib + "/private");
  }
  void MakeFolder(uid_t owner, bool with_data = true) {
    base::MakeDirectories(lib + "/web/deep");
    Write(lib + "/web/deep/data", "precious");
    if (!with_data) {
      base::RemoveTree(lib + "/web/deep");
    }
    GiveTo(owner);
    ASSERT_EQ(::chmod((lib + "/web").c_str(), 0750), 0);
  }
  void GiveTo(uid_t owner) {
    for (const char* path : {"/web", "/web/deep", "/web/deep/data"}) {
      if (base::LstatIfThere(lib + path)) {
        Chown(lib + path, owner);
      }
    }
  }
  static void Chown(const std::string& path, uid_t owner) {
    ASSERT_EQ(::lchown(path.c_str(), owner, owner), 0) << path;
  }
  // As systemd does it when a service with a dynamic user starts.
  void TakeOver() {
    ASSERT_EQ(::rename((lib + "/web").c_str(), (lib + "/private/web").c_str()), 0);
    ASSERT_EQ(::symlink("private/web", (lib + "/web").c_str()), 0);
    GiveTo(kDynamic);
    Chown(lib + "/private/web", kDynamic);
    ASSERT_EQ(::chmod((lib + "/private/web").c_str(), 0755), 0);
  }
  uid_t OwnerOf(const std::string& path) { return base::LstatIfThere(lib + path)->st_uid; }
  std::string Refused(uint64_t number) {
    systemd.calls.clear();
    EXPECT_EQ(ActivateNumber(number), 1) << error;
    EXPECT_THAT(systemd.calls, IsEmpty());
    return error;
  }

  const std::string lib = root + "/os/var/lib";
};

TEST_F(DataFoldersTest, OfAnotherUserAreRefusedBeforeAnythingIsTouched) {
  MakeFolder(kOwner);
  EXPECT_THAT(Refused(Stage("web", "one")),
              HasSubstr("/var/lib/web belongs to the user dbowner, and service web, which runs as "
                        "a dynamic user, would take it over: set \"user\": \"dbowner\" in its "
                        "definition, or move the folder away"));
  GiveTo(0);
  EXPECT_THAT(Refused(1), HasSubstr("/var/lib/web belongs to the user root, and service web"));
  GiveTo(kDynamic);
  EXPECT_EQ(ActivateNumber(1), 0) << error;
}

TEST_F(DataFoldersTest, OfTheUserThatTheServiceNamesAreItsOwn) {
  MakeFolder(kOwner);
  shape = [](images::Services& services) {
    services.begin()->second.state = true;
    services.begin()->second.user = "www";
  };
  EXPECT_THAT(Refused(Stage("web", "one")), HasSubstr("service web, which runs as www, would"));
  GiveTo(0);
  EXPECT_THAT(Refused(1),
              HasSubstr("add that user by systemd-sysusers --inline 'u www -' and give it "
                        "away by chown -R www: /var/lib/web"));
  accounts.users["www"] = "www:x:4712:4712::/:/bin/sh";
  EXPECT_THAT(Refused(1), HasSubstr("would take it over: give it away by chown -R www: /var"));
  accounts.users["www"] = "www:x:4711:4711::/:/bin/sh";
  GiveTo(kOwner);
  EXPECT_EQ(ActivateNumber(1), 0) << error;
}

TEST_F(DataFoldersTest, AnEmptyOneOfRootsIsAnybodys) {
  MakeFolder(0, false);
  EXPECT_EQ(ActivateNumber(Stage("web", "one")), 0) << error;
}

TEST_F(DataFoldersTest, ANewFileSystemIsEmpty) {
  MakeFolder(0, false);
  base::MakeDirectories(lib + "/web/lost+found");
  EXPECT_EQ(ActivateNumber(Stage("web", "one")), 0) << error;
}

// Two remedies for one folder would be one too many.
TEST_F(DataFoldersTest, OneThatSystemdCannotMakeIsSaidByTheChecksOfPathsAlone) {
  MakeFolder(0);
  images::Services services;
  services["web"].state = true;
  EXPECT_EQ(TakenFolders(host, services, {}).size(), 1U);
  base::MakeDirectories(lib + "/private/web");
  EXPECT_THAT(TakenFolders(host, services, {}), IsEmpty());
}

TEST_F(DataFoldersTest, AMountIsNotToBeMovedAway) {
  MakeFolder(0);
  images::Services services;
  services["web"].state = true;
  services["web"].user = "www";
  if (::mount((lib + "/web").c_str(), (lib + "/web").c_str(), nullptr, MS_BIND, nullptr) != 0) {
    GTEST_SKIP() << "cannot mount here";
  }
  const std::vector<std::string> found = TakenFolders(host, services, {});
  ASSERT_EQ(::umount((lib + "/web").c_str()), 0);
  EXPECT_THAT(found, ElementsAre(EndsWith(", or mount it elsewhere")));
}

TEST_F(DataFoldersTest, OfALineOfTheDefinitionCountToo) {
  base::MakeDirectories(root + "/os/var/cache/other");
  Write(root + "/os/var/cache/other/data", "");
  Chown(root + "/os/var/cache/other", kOwner);
  shape = [](images::Services& services) {
    services.begin()->second.directives["Service"]["CacheDirectory"] = "one other";
  };
  EXPECT_THAT(Refused(Stage("web", "one")), HasSubstr("/var/cache/other belongs to the user"));
}

// systemd migrates it from one to the other, and back.
TEST_F(DataFoldersTest, OfTheSameServiceAreItsOwnWhoeverItRunsAs) {
  accounts.users["www"] = "www:x:4711:4711::/:/bin/sh";
  shape = [](images::Services& services) {
    services.begin()->second.state = true;
    services.begin()->second.user = "www";
  };
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0) << error;
  MakeFolder(kOwner);
  shape = [](images::Services& services) { services.begin()->second.state = true; };
  EXPECT_EQ(ActivateNumber(Stage("web", "two")), 0) << error;
  // What did not have the folder as its own does not get it back from systemd.
  shape = nullptr;
  ASSERT_EQ(ActivateNumber(Stage("web", "three")), 0) << error;
  shape = [](images::Services& services) { services.begin()->second.state = true; };
  EXPECT_THAT(Refused(Stage("web", "four")), HasSubstr("/var/lib/web belongs to"));
}

TEST_F(DataFoldersTest, TheWayBackRestoresPlaceOwnerAndMode) {
  MakeFolder(0, false);
  host.observer = [this](int step) {
    if (step == 5) {
      TakeOver();
      Write(lib + "/private/web/new", "");
      Chown(lib + "/private/web/new", kDynamic);
    }
  };
  EXPECT_EQ(ActivateNumber(Stage("web", "fail")), 3) << error;
  EXPECT_EQ(OwnerOf("/web"), 0U);
  EXPECT_EQ(OwnerOf("/web/new"), 0U);
  const struct stat found = *base::LstatIfThere(lib + "/web");
  EXPECT_TRUE(S_ISDIR(found.st_mode));
  EXPECT_EQ(found.st_mode & ALLPERMS, 0750U);
  EXPECT_FALSE(base::Exists(lib + "/private/web"));
}

TEST_F(DataFoldersTest, AreGivenBackAsOftenAsItTakesAndNeverThroughALink) {
  MakeFolder(kOwner);
  Write(root + "/elsewhere", "");
  Chown(root + "/elsewhere", kDynamic);
  const std::vector<DataFolder> before = {{lib + "/web", kOwner, kOwner, 0750},
                                          {root + "/os/run/web", kOwner, kOwner, 0710}};
  TakeOver();
  Chown(lib + "/private/web/deep", kDynamic);
  Chown(lib + "/private/web/deep/data", 12);  // not the service's
  ASSERT_EQ(::symlink((root + "/elsewhere").c_str(), (lib + "/web/link").c_str()), 0);
  Chown(lib + "/web/link", kDynamic);
  base::Unlink(lib + "/web");  // a crash in the middle
  for (int i = 0; i < 2; ++i) {
    RestoreDataFolders(host, before);
    EXPECT_EQ(OwnerOf("/web"), kOwner);
    EXPECT_EQ(OwnerOf("/web/deep"), kOwner);
    EXPECT_EQ(OwnerOf("/web/deep/data"), 12U);
    EXPECT_EQ(OwnerOf("/web/link"), kOwner);
    EXPECT_EQ(base::StatIfThere(root + "/elsewhere")->st_uid, kDynamic);
    EXPECT_EQ(base::StatIfThere(root + "/os/run/web")->st_mode & ALLPERMS, 0710U);
  }
}

TEST_F(DataFoldersTest, AreInTheRecordOfTheSwitch) {
  SwitchRecord record;
  record.to = 1;
  record.folders = {{"/var/lib/web", 1, 2, 0750}, {"/run/web", 3, 4, 0755}};
  EXPECT_THAT(SwitchRecord::Parse(record.Serialize(), "switch.json").folders,
              ElementsAre(record.folders[0], record.folders[1]));
}

}  // namespace
}  // namespace activator

#include "units/mount_points.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace units {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;

TEST(MountPoints, AreWhatSystemdAlwaysMounts) {
  EXPECT_THAT(
      MountPointsOf({}),
      ElementsAre(MountPoint{"/dev", true}, MountPoint{"/etc", true},
                  MountPoint{"/etc/machine-id", false}, MountPoint{"/etc/resolv.conf", false},
                  MountPoint{"/proc", true}, MountPoint{"/run", true}, MountPoint{"/sys", true},
                  MountPoint{"/tmp", true}, MountPoint{"/var/tmp", true}));
}

TEST(MountPoints, AreNamedAfterTheServiceForItsDirectories) {
  images::Service service;
  service.state = true;
  service.logs = true;
  service.cache = true;
  service.runtime = true;
  const std::vector<MountPoint> points = MountPointsOf({{"web", service}});
  EXPECT_EQ(points.size(), 12U);
  EXPECT_THAT(points, Contains(MountPoint{"/var/lib/web", true}));
  EXPECT_THAT(points, Contains(MountPoint{"/var/log/web", true}));
  EXPECT_THAT(points, Contains(MountPoint{"/var/cache/web", true}));
}

TEST(MountPoints, ArePasswdAndGroupForANamedUser) {
  images::Services services;
  services["web"].user = "www";
  EXPECT_THAT(MountPointsOf(services), Contains(MountPoint{"/etc/passwd", false}));
  EXPECT_THAT(MountPointsOf(services), Contains(MountPoint{"/etc/group", false}));
}

TEST(MountPoints, TakeABindForADirectoryUnlessItsNameHasADot) {
  images::Service service;
  service.binds = {{"/etc/app", "/etc/app", false},
                   {"/etc/app.conf", "/etc/app.conf", false},
                   {"/srv/conf.d", "/srv/conf.d/", false}};
  const std::vector<MountPoint> points = MountPointsOf({{"web", service}, {"worker", service}});
  EXPECT_THAT(points, Contains(MountPoint{"/etc/app", true}).Times(1));
  EXPECT_THAT(points, Contains(MountPoint{"/etc/app.conf", false}));
  EXPECT_THAT(points, Contains(MountPoint{"/srv/conf.d", true}));
}

TEST(MountPoints, AreWhatEveryDirectiveNeeds) {
  images::Service service;
  service.directives["Service"] = {{"StateDirectory", "a/b"},
                                   {"ConfigurationDirectory", "%N"},
                                   {"RuntimeDirectory", "r"},
                                   {"BindPaths", "/srv:/srv/data -/etc/x:/etc/x.conf /y:/run/y"},
                                   {"TemporaryFileSystem", "/scratch:ro"},
                                   {"InaccessiblePaths", "/secret -/maybe"},
                                   {"ReadWritePaths", "/var/lib/a/b /dev/shm"},
                                   {"WorkingDirectory", "/app.d"},
                                   {"MountImages", "/img:/scratch/img"}};
  const std::vector<MountPoint> points = MountPointsOf({{"web", service}});
  for (const MountPoint& point : {MountPoint{"/var/lib/a/b", true}, MountPoint{"/etc/web", true},
                                  MountPoint{"/srv/data", true}, MountPoint{"/etc/x.conf", false},
                                  MountPoint{"/scratch", true}, MountPoint{"/secret", true, true},
                                  MountPoint{"/app.d", true}}) {
    EXPECT_THAT(points, Contains(point)) << point.path;
  }
  EXPECT_EQ(points.size(), 9U + 7U);
}

TEST(MountPoints, AreTheHostsFilesThatAreAskedFor) {
  images::Service service;
  service.host_files = {true, true, true};
  const std::vector<MountPoint> points = MountPointsOf({{"web", service}});
  EXPECT_THAT(points, Contains(MountPoint{"/etc/ssl/certs/ca-certificates.crt", false}));
  EXPECT_THAT(points, Contains(MountPoint{"/etc/hosts", false}));
  EXPECT_THAT(points, Contains(MountPoint{"/etc/localtime", false}));
}

}  // namespace
}  // namespace units

// What a host says to a plan: versions, packages and units of what comes beside what is active.
#include "activator/receive/plan_push.h"

#include <gmock/gmock.h>

#include "activator/switch/preflight.h"
#include "base/atomic_file.h"
#include "tests/activator/host_fixture.h"

namespace activator {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class PlanPushTest : public HostTest {
 protected:
  // An offered version of `name` of packages with their versions; its service runs `program`.
  static images::StoredManifest Offered(const std::string& name, const std::string& version,
                                        const std::map<std::string, std::string>& packages) {
    images::Manifest manifest;
    manifest.name = name;
    manifest.version = version;
    manifest.architecture = images::MachineArchitecture();
    manifest.image.size_bytes = 4;
    manifest.image.sha256 = base::Sha256Of("data");
    manifest.image.block_size = 4096;
    manifest.image.layout = "aligned";
    manifest.image.codec.name = "zstd";
    manifest.image.codec.library_version = "1.5.7";
    for (const auto& [package, number] : packages) {
      const std::string path =
          "/nix/store/00000000000000000000000000000000-" + package + "-" + number;
      manifest.closure.push_back({path, "sha256:" + number, 1, {}, package, number});
    }
    manifest.services[name].exec = {"/bin/" + version};
    return images::StoredManifest::Parse(manifest.Serialize(), "test");
  }
  void Activated(const images::StoredManifest& version) {
    const std::string path = layout.Version(version.manifest.name, version.id);
    base::MakeDirectories(path);
    Write(path + "/manifest.json", version.text);
    Write(path + "/image.erofs", "data");
    ASSERT_EQ(ActivateNumber(
                  StageGeneration(layout, {{version.manifest.name, version.digest}}, "").number),
              0);
  }
};

TEST_F(PlanPushTest, AnApplicationThatIsNewStarts) {
  const pusher::Planned plan =
      PlanPush(layout, {{"web", Offered("web", "1", {{"lib", "1"}})}}, nullptr);
  EXPECT_THAT(plan.start, ElementsAre("web.service"));
  EXPECT_THAT(plan.restart, IsEmpty());
  EXPECT_THAT(plan.stop, IsEmpty());
  ASSERT_EQ(plan.images.size(), 1U);
  EXPECT_EQ(plan.images[0].name, "web");
  EXPECT_EQ(plan.images[0].old_id, "");
  EXPECT_TRUE(GenerationNumbers(layout).empty());
}

TEST_F(PlanPushTest, WhatTheChecksRefuseIsPartOfIt) {
  const auto web = Offered("web", "1", {});
  const auto check = [&](const Apps& apps, const PendingManifests& coming) {
    EXPECT_EQ(apps.at("web"), web.digest);
    Preflight(host, ActiveGeneration(layout), TargetOf(layout, apps, coming));
  };
  EXPECT_THAT(PlanPush(layout, {{"web", web}}, nullptr, check).problems, IsEmpty());
  base::ReplaceSymlink("/dev/null", units + "/web.service");
  base::ReplaceSymlink("/dev/null", units + "/slipway-boot.service");
  const pusher::Planned plan = PlanPush(layout, {{"web", web}}, nullptr, check);
  EXPECT_THAT(plan.problems,
              ElementsAre(testing::HasSubstr("web.service is masked on this host"),
                          testing::HasSubstr("slipway-boot.service is masked on this host")));
  EXPECT_EQ(pusher::Planned::Parse(plan.Serialize(), "web1"), plan);
}

TEST_F(PlanPushTest, AnUpdateSaysItsPackagesAndRestartsItsServiceAlone) {
  const auto old = Offered("web", "1", {{"lib", "1.0"}, {"ssl", "3"}, {"gone", "7"}});
  Activated(old);
  Activated(Offered("db", "1", {}));
  const auto now = Offered("web", "2", {{"lib", "1.1"}, {"ssl", "3"}, {"new", "5"}});
  const pusher::Planned plan = PlanPush(layout, {{"web", now}}, nullptr);
  EXPECT_THAT(plan.restart, ElementsAre("web.service"));
  EXPECT_THAT(plan.start, IsEmpty());
  EXPECT_THAT(plan.stop, IsEmpty());
  ASSERT_EQ(plan.images.size(), 1U);
  EXPECT_EQ(plan.images[0].old_id, old.id.text());
  EXPECT_EQ(plan.images[0].old_version, "1");
  std::map<std::string, std::string> changes;
  for (const images::PackageChange& change : plan.images[0].packages) {
    changes[change.name] = change.from + ">" + change.to;
  }
  EXPECT_EQ(changes, (std::map<std::string, std::string>{
                         {"gone", "7>"}, {"lib", "1.0>1.1"}, {"new", ">5"}}));
}

TEST_F(PlanPushTest, WhatIsActiveAlreadyChangesNothing) {
  const auto web = Offered("web", "1", {{"lib", "1"}});
  Activated(web);
  const pusher::Planned plan = PlanPush(layout, {{"web", web}}, nullptr);
  EXPECT_THAT(plan.start, IsEmpty());
  EXPECT_THAT(plan.restart, IsEmpty());
  EXPECT_THAT(plan.images.at(0).packages, IsEmpty());
}

}  // namespace
}  // namespace activator

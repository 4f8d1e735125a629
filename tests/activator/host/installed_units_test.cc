// What is known of a generation's units: from its units.json, whatever became of its versions.
#include "activator/host/installed_units.h"

#include <gmock/gmock.h>

#include "tests/activator/host_fixture.h"

namespace activator {
namespace {

using ::testing::HasSubstr;

class InstalledUnitsTest : public HostTest {
 protected:
  InstalledUnitsTest() {
    shape = [](images::Services& services) {
      services["web"].listen = {"127.0.0.1:8080"};
      services["web"].ports = {8080};
      services["web"].health.http = images::HttpCheck{"/ready", 204, "ok", {{"Host", "a"}}};
      services["web"].health.settle_seconds = 9;
      services["web"].hooks.before_start = {{"/bin/first"}, {"/bin/second"}};
      services["web"].hooks.timeout_seconds = 7;
      services["job"].exec = {"/bin/job"};
      services["job"].type = "oneshot";
      services["job"].schedule = "daily";
      services["db"].exec = {"/bin/db"};
      services["db"].health.exec = {"/bin/ask"};
    };
    number_ = Stage("web", "one%");
  }
  std::string File() const { return layout.Generation(number_) + kUnitFactsFile; }
  // Without their texts.
  units::FactsByUnit Facts() const {
    units::FactsByUnit out;
    for (const auto& [name, unit] : LoadUnits(layout, number_)) {
      out.emplace(name, unit);
    }
    return out;
  }
  void RemoveVersions() const { base::RemoveTree(layout.root() + "/web"); }

  uint64_t number_ = 0;
};

TEST_F(InstalledUnitsTest, AreKnownWhereTheVersionIsGone) {
  const units::FactsByUnit before = Facts();
  ASSERT_EQ(before.size(), 5U);
  const units::UnitFacts& web = before.at("web.service");
  EXPECT_TRUE(web.image_path.starts_with(layout.root() + "/web/")) << web.image_path;
  EXPECT_EQ(web.health.http->url, "http://localhost:8080/ready");
  EXPECT_EQ(web.health.http->headers.at("Host"), "a");
  EXPECT_EQ(web.task_limits.at(units::AuxiliaryUnit::kBeforeStart).count(), 24);
  EXPECT_EQ(before.at("web.socket").health.settle_seconds, 9U);
  EXPECT_EQ(before.at("web.socket").listen, std::vector<std::string>{"127.0.0.1:8080"});
  EXPECT_TRUE(before.at("job.service").is_oneshot);
  EXPECT_TRUE(before.at("job.service").is_scheduled);
  EXPECT_EQ(before.at("db.service").task_limits.at(units::AuxiliaryUnit::kCheck).count(), 15);
  RemoveVersions();
  EXPECT_EQ(Facts(), before);
}

// Nobody wrote down how it is stopped.
units::FactsByUnit WithoutStop(units::FactsByUnit units) {
  for (auto& [name, facts] : units) {
    facts.stop.reset();
  }
  return units;
}

TEST_F(InstalledUnitsTest, OfAnOlderVersionOfActivateAreTheSame) {
  const units::FactsByUnit before = WithoutStop(Facts());
  base::Unlink(File());
  EXPECT_EQ(Facts(), before);
  RemoveVersions();
  units::FactsByUnit without_health = before;
  for (auto& [name, facts] : without_health) {
    facts.health = {};
  }
  EXPECT_EQ(Facts(), without_health);
}

TEST_F(InstalledUnitsTest, AreFoundWhereTheirFileIsDamaged) {
  const units::FactsByUnit before = WithoutStop(Facts());
  Write(File(), "{\"format\": 1, \"uni");
  EXPECT_EQ(Facts(), before);
}

TEST_F(InstalledUnitsTest, OfANewerVersionOfActivateAreNotGuessed) {
  Write(File(), "{\"format\": 2}");
  try {
    Facts();
    FAIL();
  } catch (const base::Error& thrown) {
    EXPECT_EQ(thrown.code(), base::ExitCode::kFailed);
    EXPECT_THAT(thrown.what(), HasSubstr("units.json: format: written by a newer version"));
  }
}

}  // namespace
}  // namespace activator

#include "activator/host_table.h"

#include <gmock/gmock.h>

namespace activator {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr const char* kWell =
    R"json({ "active": 7, "generation": { "apps": { "web": { "id": "83bf" },
    "db": { "id": "0123" } } }, "units": [ { "version": "web/83bf (1.28.0)" }, { "version": "" } ],
    "drift": [], "down": [], "switch": null })json";
constexpr const char* kDown = R"json({ "active": 12, "generation": { "apps": {} }, "units": [ {} ],
    "drift": [ "web.service is masked" ], "down": [ "db.service is failed (\u001b[2J)" ],
    "switch": null })json";

HostReport Report(const std::string& name, int code, const std::string& out,
                  std::vector<std::string> said = {}) {
  return {name, true, code, out, std::move(said)};
}

TEST(HostTableTest, StatusHasARowAHostAndProblemsBelow) {
  EXPECT_EQ(StatusTable({Report("web1", 0, kWell), Report("db-of-berlin", 4, kDown),
                         Report("gone", 7, "", {"ssh: no route", "gone was not reached"})}),
            "HOST          GENERATION  UNITS      STATE    APPLICATIONS\n"
            "web1          7           2          ok       db/0123, web/83bf (1.28.0)\n"
            "db-of-berlin  12          1, 1 down  DIFFERS\n"
            "  web.service is masked\n"
            "  db.service is failed ( [2J)\n"
            "gone          -           -          not reached (exit code 7)\n"
            "  ssh: no route\n"
            "  gone was not reached\n");
}

TEST(HostTableTest, StatusTellsOfChecksSwitchesAndHostsWithoutAny) {
  EXPECT_THAT(StatusTable({Report("a", 4, R"({ "active": 1, "unhealthy": ["web.service is"] })")}),
              HasSubstr("a     1           0      UNHEALTHY\n  web.service is\n"));
  EXPECT_THAT(StatusTable({Report("a", 4, R"({ "active": 1, "matches_current": false,
                                                "failing": ["job.service failed"] })")}),
              HasSubstr("a     1           0      UNHEALTHY\n  job.service failed\n"));
  EXPECT_THAT(StatusTable({Report("a", 0, R"({ "active": null })")}),
              HasSubstr("a     -           0      nothing is active\n"));
  EXPECT_THAT(
      StatusTable({Report("a", 5, R"({ "active": 1, "switch": { "in_progress": true } })")}),
      HasSubstr("switching\n"));
  EXPECT_THAT(
      StatusTable({Report("a", 4, R"({ "active": 1, "switch": { "in_progress": false } })")}),
      HasSubstr("CUT OFF\n"));
}

TEST(HostTableTest, StatusNamesVersionsOfApplicationsWithoutUnits) {
  EXPECT_THAT(StatusTable({Report("a", 0, R"({ "active": 1, "generation": { "apps": { "files":
                                          { "id": "83bf", "version": "2.1" } } } })")}),
              HasSubstr("  ok     files/83bf (2.1)\n"));
}

// An older or newer activate, or something else altogether.
TEST(HostTableTest, WhatIsNoStatusIsToldAsItIs) {
  EXPECT_THAT(StatusTable({Report("a", 1, "[1]", {"activate: error: no"})}),
              HasSubstr("failed (exit code 1)\n  activate: error: no\n"));
  EXPECT_THAT(StatusTable({Report("a", 0, R"({ "active": [], "units": 3, "drift": {} })")}),
              HasSubstr("\na     -  "));
}

TEST(HostTableTest, SwitchesTellWhatBecameOfThem) {
  EXPECT_EQ(SwitchTable({Report("web1", 0, R"({ "event": "activated", "generation": 7,
                                          "duration_ms": 4200 })"),
                         Report("web2", 0, "null\n", {"activate: generation 7 is active already"}),
                         Report("web3", 3, "",
                                {"activate: error: generation 7 was not activated",
                                 "  generation 6 runs again"}),
                         {"web4", false, 0, "", {}}}),
            "HOST  OUTCOME\n"
            "web1  generation 7 activated in 4.2 s\n"
            "web2  done\n"
            "  activate: generation 7 is active already\n"
            "web3  rolled back (exit code 3)\n"
            "  activate: error: generation 7 was not activated\n"
            "    generation 6 runs again\n"
            "web4  not begun\n");
}

TEST(HostTableTest, OtherReportsHaveTheHostBeforeEachLine) {
  EXPECT_EQ(LinesTable({Report("a", 0, "one\n\ntwo\x1b"), Report("host", 1, "", {"no root"})}),
            "a     one\n"
            "a     \n"
            "a     two \n"
            "host  failed (exit code 1)\n"
            "host    no root\n");
}

TEST(HostTableTest, JsonIsOneDocumentWhateverTheHostsPrint) {
  const std::string json =
      ReportsJson({Report("a", 0, "{\"active\": 1}\n"), Report("b", 0, "{\"n\":1}\n{\"n\":2}\n"),
                   Report("c", 1, "text\n", {"why"}), Report("d", 0, "")});
  EXPECT_THAT(json, StartsWith("[\n  {\n    \"exit_code\": 0,\n    \"host\": \"a\",\n    "
                               "\"report\": {\n      \"active\": 1\n    },\n    \"said\": []"));
  EXPECT_THAT(json, HasSubstr("\"report\": [\n      {\n        \"n\": 1\n      },"));
  EXPECT_THAT(json, HasSubstr("\"report\": \"text\\n\",\n    \"said\": [\n      \"why\"\n    ]"));
  EXPECT_THAT(json, HasSubstr("\"report\": null"));
  EXPECT_EQ(LineJson("a", "{\"n\": 1}"), "{\"host\":\"a\",\"report\":{\"n\":1}}\n");
}

TEST(HostTableTest, JsonThatIsNestedTooDeeplyIsText) {
  const std::string deep = std::string(1000000, '[') + std::string(1000000, ']');
  EXPECT_THAT(ReportsJson({Report("a", 0, deep)}), HasSubstr("\"report\": \"[[["));
  EXPECT_THAT(LineJson("a", deep), HasSubstr("\"report\":\"[[["));
  EXPECT_THAT(StatusTable({Report("a", 0, deep)}), HasSubstr("\na     -  "));
  EXPECT_THAT(SwitchTable({Report("a", 0, deep)}), HasSubstr("\na     done\n"));
}

TEST(HostTableTest, TheWorstExitCodeIsThatOfAll) {
  EXPECT_EQ(ExitCodeOf({Report("a", 0, ""), Report("b", 7, ""), Report("c", 3, "")}), 3);
  EXPECT_EQ(ExitCodeOf({Report("a", 4, ""), {"b", false, 0, "", {}}}), 130);
}

}  // namespace
}  // namespace activator

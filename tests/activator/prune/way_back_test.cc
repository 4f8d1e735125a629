// What a prune keeps for `--rollback NAME`, what it says of it, and what the history still tells.
#include <fcntl.h>
#include <gmock/gmock.h>

#include "activator/prune/prune.h"
#include "activator/report/history_command.h"
#include "activator/report/past.h"
#include "activator/report/report.h"
#include "activator/state/history.h"
#include "base/atomic_file.h"
#include "images/label.h"
#include "tests/activator/host_fixture.h"

namespace activator {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class WayBackTest : public HostTest {
 protected:
  void Switch(const std::string& name, const std::string& program) {
    ASSERT_EQ(ActivateNumber(Stage(name, program)), 0) << error;
  }
  int Rollback(const std::string& name) {
    ActivationRequest request;
    request.kind = TargetKind::kRollback;
    request.name = name;
    request.by = "tester";
    request.activation_id = fmt::format("rollback-{}", ++rollbacks_);
    try {
      Activate(host, request);
      return 0;
    } catch (const base::Error& thrown) {
      error = thrown.what();
      return static_cast<int>(thrown.code());
    }
  }
  PrunePlan PruneTo(uint64_t keep) {
    PruneOptions options;
    options.keep = keep;
    return Prune(layout, PlanPrune(layout, options, {}), "tester");
  }
  size_t HeldOf(const std::string& name) {
    return base::ListDirectory(layout.Application(name)).size();
  }

 private:
  int rollbacks_ = 0;
};

TEST_F(WayBackTest, KeepsWhatRollbackOfEachApplicationTakes) {
  Switch("web", "one");
  Switch("web", "two");
  for (const char* program : {"a", "b", "c", "d"}) {
    Switch("db", program);
  }
  PruneTo(1);
  PruneTo(1);  // whose generations say no more of web's first version
  EXPECT_EQ(HeldOf("web"), 2U);
  EXPECT_EQ(HeldOf("db"), 2U);
  EXPECT_THAT(GenerationNumbers(layout), ElementsAre(5, 6));
  ASSERT_EQ(Rollback("web"), 0) << error;
  EXPECT_EQ(RunningProgram("web.service"), "one");
  EXPECT_EQ(RunningProgram("db.service"), "d");
  ASSERT_EQ(Rollback("db"), 0) << error;
  EXPECT_EQ(RunningProgram("db.service"), "c");
  EXPECT_EQ(Rollback("web"), 1);
  EXPECT_THAT(error, HasSubstr("no earlier version of web that was healthy"));
}

TEST_F(WayBackTest, AVersionThatWasLeftByARollbackIsNotTheWayBack) {
  Switch("web", "one");
  Switch("web", "bad");
  ASSERT_EQ(Rollback("web"), 0) << error;
  Switch("web", "two");
  for (const char* program : {"a", "b", "c", "d"}) {
    Switch("db", program);
  }
  PruneTo(1);
  EXPECT_EQ(HeldOf("web"), 2U);
  ASSERT_EQ(Rollback("web"), 0) << error;
  EXPECT_EQ(RunningProgram("web.service"), "one");
}

TEST_F(WayBackTest, SaysWhatItKeepsAndWhy) {
  Switch("web", "one");
  Switch("web", "two");
  Switch("db", "a");
  Switch("db", "b");
  base::MakeDirectories(layout.Incoming() + "/0123456789abcdef");
  base::WriteFileAtomically(layout.Incoming() + "/0123456789abcdef/image.erofs", "a");
  const PrunePlan plan = PlanPrune(layout, {}, {});
  const auto path_of = [&](const std::string& name, uint64_t generation) {
    return layout.Version(name,
                          images::ImageId::Of(LoadGeneration(layout, generation).apps.at(name)));
  };
  std::map<std::string, std::string> why;
  for (const Kept& kept : plan.kept) {
    EXPECT_GT(kept.bytes, 0U) << kept.path;
    why[kept.path] = kept.why;
  }
  EXPECT_THAT(why, SizeIs(5));
  EXPECT_EQ(why[path_of("web", 1)], "what --rollback web takes");
  EXPECT_EQ(why[path_of("web", 2)],
            "generation 4 (active), generation 3 (what --rollback takes), generation 2 (healthy "
            "lately, see --keep)");
  EXPECT_EQ(why[path_of("db", 3)],
            "generation 3 (what --rollback takes), what --rollback db takes");
  EXPECT_EQ(why[path_of("db", 4)], "generation 4 (active)");
  EXPECT_THAT(why[layout.Incoming() + "/0123456789abcdef"],
              HasSubstr("an interrupted push of less than a week ago"));
  PruneTo(3);
  EXPECT_THAT(PruneNotes(layout, PlanPrune(layout, {}, {}), {}, false),
              AllOf(HasSubstr("activate: nothing to prune, 0 B\nactivate: kept "),
                    HasSubstr(": what --rollback web takes\n"),
                    HasSubstr(" are free there. To free more: ")));
}

TEST_F(WayBackTest, TheHistoryNamesTheVersionsOfWhatWasPruned) {
  Switch("web", "one");
  Switch("web", "two");
  Switch("web", "three");
  const std::string id = images::ImageId::Of(LoadGeneration(layout, 1).apps.at("web")).text();
  PruneTo(1);
  const std::optional<Event> pruned =
      LastEvent(layout, [](const Event& event) { return event.event == "pruned"; });
  ASSERT_TRUE(pruned);
  EXPECT_EQ(pruned->generation, 1U);
  EXPECT_THAT(pruned->apps, ElementsAre(std::pair("web", id)));
  EXPECT_THAT(pruned->versions, ElementsAre(std::pair("web", "1")));
  for (const char* kind : {"staged", "activated"}) {
    const std::optional<Event> event = LastEvent(
        layout, [&](const Event& one) { return one.event == kind && one.generation == 1; });
    ASSERT_TRUE(event) << kind;
    EXPECT_THAT(event->apps, ElementsAre(std::pair("web", id))) << kind;
    EXPECT_THAT(event->versions, ElementsAre(std::pair("web", "1"))) << kind;
  }
}

TEST_F(WayBackTest, WhatRanIsToldAlsoAfterAPrune) {
  Switch("web", "one");
  Switch("web", "two");
  Switch("web", "three");
  const std::string id = images::ImageId::Of(LoadGeneration(layout, 1).apps.at("web")).text();
  // A day apart.
  std::string history = base::ReadFile(layout.History());
  std::string moved;
  int day = 20;
  for (size_t at = 0; at < history.size();) {
    const size_t end = history.find('\n', at) + 1;
    std::string line = history.substr(at, end - at);
    const size_t time = line.find("\"time\":\"") + 8;
    line.replace(time, 10, fmt::format("2026-11-{}", day));
    day += line.find("\"event\":\"activated\"") == std::string::npos ? 0 : 1;
    moved += line;
    at = end;
  }
  Write(layout.History(), moved);
  PruneTo(1);
  ASSERT_FALSE(FindGeneration(layout, 1));
  const auto at = [&](const char* time) {
    return PastText(ReadPast(layout, base::FromIso8601(time).value()));
  };
  EXPECT_EQ(at("2026-11-01T00:00:00Z"), "At 2026-11-01T00:00:00Z nothing was active\n");
  EXPECT_THAT(
      at("2026-11-21T00:00:00Z"),
      AllOf(HasSubstr("At 2026-11-21T00:00:00Z generation 1 was active (activated 2026-11-20"),
            HasSubstr("\n  web/" + id + " (1)\n")));
  EXPECT_THAT(at("2026-11-22T00:00:00Z"), HasSubstr("generation 2 was active"));
  EXPECT_THAT(at("2026-12-24T00:00:00Z"), HasSubstr("generation 3 was active"));
  const std::string json =
      PastJson(ReadPast(layout, base::FromIso8601("2026-11-21T00:00:00Z").value()));
  EXPECT_THAT(json, AllOf(HasSubstr("\"generation\": 1,"), HasSubstr("\"id\": \"" + id),
                          HasSubstr("\"version\": \"1\"")));
}

// As an older version wrote them.
TEST_F(WayBackTest, ALabelThatWasGivenSinceIsNotToldOfThePast) {
  Switch("web", "one");
  const images::ImageId id = images::ImageId::Of(LoadGeneration(layout, 1).apps.at("web"));
  images::WriteLabel(layout.Version("web", id), "later");
  const std::string line =
      "{{\"activation_id\":\"\",\"by\":\"me\",\"event\":\"activated\",\"from\":0,"
      "\"generation\":1,\"reason\":\"\",\"sequence\":1,\"time\":\"2026-11-20T00:00:00Z\"{}}}\n";
  Write(layout.History(), fmt::format(fmt::runtime(line), ""));
  EXPECT_THAT(PastText(ReadPast(layout, base::FromIso8601("2026-11-21T00:00:00Z").value())),
              HasSubstr("\n  web/" + id.text() + " (1)\n"));
  Write(layout.History(),
        fmt::format(fmt::runtime(line), ",\"apps\":{\"web\":\"" + id.text() + "\"}"));
  const base::UniqueFd out = base::Open(root + "/out", O_RDWR | O_CREAT, 0600);
  base::Io io;
  io.out = out.get();
  RunHistory(layout, {}, io);
  EXPECT_THAT(base::ReadFile(root + "/out"), HasSubstr("web " + id.text() + " (1)\n"));
}

}  // namespace
}  // namespace activator

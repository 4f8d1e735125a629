#include "activator/report/comparison.h"

#include <gmock/gmock.h>

#include "activator/receive/plan_push.h"
#include "activator/report/text_diff.h"
#include "tests/activator/host_fixture.h"

namespace activator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(TextDiff, ShowsTheLinesThatDiffer) {
  EXPECT_EQ(DiffLines("a\nb\nc\n", "a\nb\nc\n"), "");
  EXPECT_EQ(DiffLines("a\nb\nc\n", "a\nx\nc\n"), "-b\n+x\n");
  EXPECT_EQ(DiffLines("", "a\n"), "+a\n");
  EXPECT_EQ(DiffLines("a\nb\n", ""), "-a\n-b\n");
  EXPECT_EQ(DiffLines("a\nb\nc\nd\n", "b\nc\nd\ne\n"), "-a\n+e\n");
}

class ComparisonTest : public HostTest {
 protected:
  Comparison Between(uint64_t from, uint64_t to) {
    return CompareSides(layout, CompositionOf(layout, from), CompositionOf(layout, to));
  }
};

TEST_F(ComparisonTest, TellsWhatASwitchChanges) {
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0);
  ASSERT_EQ(ActivateNumber(Stage("old", "old")), 0);
  const uint64_t to =
      StageGeneration(layout, {{"web", Push("web", "two")}, {"db", Push("db", "db")}}, "me").number;
  const Comparison forward = Between(2, to);
  EXPECT_THAT(forward.added, ElementsAre("db.service"));
  EXPECT_THAT(forward.removed, IsEmpty());
  ASSERT_THAT(forward.changed, SizeIs(1));
  EXPECT_THAT(forward.changed.at("web.service"),
              HasSubstr("-ExecStart=/bin/one\n+ExecStart=/bin/two\n"));
  EXPECT_THAT(forward.apps, SizeIs(2));
  EXPECT_THAT(forward.mounted, SizeIs(2));
  EXPECT_THAT(forward.unmounted, SizeIs(1));
  const std::string text = ComparisonText(forward);
  for (const char* part :
       {"From generation 2 to generation 3", "+ db.service", "~ web.service  changed: restarted",
        "      +ExecStart=/bin/two", "db: (none) -> ", " (1)\n", "  mounts /"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
  EXPECT_THAT(ComparisonJson(forward), HasSubstr("\"restarted\": [\n      \"web.service\"\n    ]"));
  EXPECT_THAT(Between(to, 1).removed, ElementsAre("db.service", "old.service"));
  EXPECT_THAT(Between(0, 1).added, ElementsAre("web.service"));
}

TEST_F(ComparisonTest, AServiceThatItsTimerStartsIsNotToldAsStarted) {
  shape = [](images::Services& services) {
    services.begin()->second.type = "oneshot";
    services.begin()->second.schedule = "daily";
  };
  ASSERT_EQ(ActivateNumber(Stage("job", "one")), 0) << error;
  const Comparison first = Between(0, 1);
  EXPECT_THAT(first.effects.started, ElementsAre("job.timer"));
  EXPECT_THAT(ComparisonText(first), HasSubstr("+ job.service  added: its timer starts it\n"));
  EXPECT_THAT(ComparisonText(first), HasSubstr("+ job.timer  added: started\n"));
  const Comparison second = Between(1, Stage("job", "two"));
  EXPECT_THAT(second.changed, SizeIs(1));
  EXPECT_THAT(second.effects.restarted, IsEmpty());
  EXPECT_THAT(ComparisonText(second), HasSubstr("~ job.service  changed: its timer starts it\n"));
  shape = nullptr;
  const Comparison third = Between(1, Stage("job", "three"));
  EXPECT_THAT(third.effects.started, ElementsAre("job.service"));
  EXPECT_THAT(third.effects.stopped, ElementsAre("job.timer"));
}

TEST_F(ComparisonTest, ASocketIsToldAsRestartedWhereAHookClosesIt) {
  shape = [](images::Services& services) { services.begin()->second.listen = {"80"}; };
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0) << error;
  const uint64_t plain = Stage("web", "two");
  EXPECT_THAT(Between(1, plain).effects.restarted, ElementsAre("web.service"));
  edit_service = [](images::Service& service) { service.hooks.before_start = {{"/bin/first"}}; };
  const Comparison hooked = Between(1, Stage("web", "two"));
  EXPECT_THAT(hooked.effects.restarted, ElementsAre("web.service", "web.socket"));
  EXPECT_THAT(hooked.changed, SizeIs(1));
  EXPECT_THAT(ComparisonText(hooked), HasSubstr("~ web.socket  restarted with its service\n"));
  EXPECT_THAT(ComparisonJson(hooked), HasSubstr("\"web.socket\""));
}

TEST_F(ComparisonTest, APushsPlanTellsTheSame) {
  shape = [](images::Services& services) {
    services.begin()->second.type = "oneshot";
    services.begin()->second.schedule = "daily";
  };
  ASSERT_EQ(ActivateNumber(Stage("job", "one")), 0) << error;
  const base::Sha256 two = Push("job", "two");
  const images::ImageDirectory offered(layout.Version("job", images::ImageId::Of(two)));
  const pusher::Planned plan = PlanPush(layout, {{"job", offered.stored()}}, nullptr);
  EXPECT_THAT(plan.start, IsEmpty());
  EXPECT_THAT(plan.restart, IsEmpty());
  EXPECT_THAT(plan.images, SizeIs(1));
}

TEST_F(ComparisonTest, SaysThatNothingDiffers) {
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0);
  const Comparison none = Between(1, 1);
  EXPECT_TRUE(none.IsEmpty());
  EXPECT_THAT(ComparisonText(none), HasSubstr("no difference"));
}

TEST_F(ComparisonTest, APlanOfWhatIsNotStagedYetChangesNothing) {
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0);
  const base::Sha256 two = Push("web", "two");
  const Resolved resolved =
      Resolve(layout, {TargetKind::kVersions, 0, "", {{"web", images::ImageId::Of(two)}}});
  ASSERT_TRUE(resolved.apps);
  const Comparison plan =
      CompareSides(layout, CompositionOf(layout, 1), CompositionOf(layout, *resolved.apps));
  EXPECT_THAT(plan.changed, SizeIs(1));
  EXPECT_THAT(ComparisonText(plan), HasSubstr("not staged yet"));
  EXPECT_THAT(GenerationNumbers(layout), ElementsAre(1));
}

TEST_F(ComparisonTest, OfAFolderNothingIsSaidToRun) {
  const uint64_t number = Stage("web", "one");
  Write(layout.root() + "/" + kDirectoryHostMarker, "");
  const std::string text = ComparisonText(Between(0, number));
  EXPECT_THAT(text, HasSubstr("  + web.service  added\n"));
  EXPECT_THAT(text, HasSubstr("nothing runs from a folder: only its `current` changes\n"));
  for (const char* word : {"started", "mounts"}) {
    EXPECT_THAT(text, ::testing::Not(HasSubstr(word)));
  }
}

TEST_F(ComparisonTest, OfAnImageWithoutServicesTheSame) {
  shape = [](images::Services& services) { services.clear(); };
  const std::string text = ComparisonText(Between(0, Stage("files", "none")));
  EXPECT_THAT(text, HasSubstr("  no unit changes: nothing is started or stopped\n"));
}

}  // namespace
}  // namespace activator

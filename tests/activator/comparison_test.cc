#include "activator/comparison.h"

#include <gmock/gmock.h>

#include "activator/text_diff.h"
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
      Resolve(layout, {Wanted::kVersions, 0, "", {{"web", images::ImageId::Of(two)}}});
  ASSERT_TRUE(resolved.apps);
  const Comparison plan =
      CompareSides(layout, CompositionOf(layout, 1), CompositionOf(layout, *resolved.apps));
  EXPECT_THAT(plan.changed, SizeIs(1));
  EXPECT_THAT(ComparisonText(plan), HasSubstr("not staged yet"));
  EXPECT_THAT(GenerationNumbers(layout), ElementsAre(1));
}

}  // namespace
}  // namespace activator

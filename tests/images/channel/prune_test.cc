// What is pruned, and when. That it is safe while publishers and readers are at it, prune_race_test
// says.
#include "images/channel/prune.h"

#include <gtest/gtest.h>

#include "images/channel/object_key.h"
#include "tests/images/channel/heads.h"
#include "tests/support/errors.h"

namespace images {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kRun = "00112233aabbccdd";
constexpr const char* kOtherRun = "ffffffffffffffff";

// An image of its own for each version.
ChannelHead Version(uint64_t version, TimePoint created) {
  ChannelHead out = tests::Head(version);
  out.created = created;
  out.apps = {{"web", {tests::Variant(std::to_string(version))}}};
  return out;
}

std::string ImageOf(uint64_t version) {
  return ImageFileKey("web", ImageId::Of(base::Sha256Of(std::to_string(version))), "image.erofs");
}

class PruneTest : public ::testing::Test {
 protected:
  // Versions 1 to `last`, made a day after each other, the last one at kCreated.
  void Publish(uint64_t last) {
    for (uint64_t version = 1; version <= last; ++version) {
      const auto age = days(static_cast<int>(last - version));
      heads_["web"].versions[version] = Version(version, tests::kCreated - age);
      listed_.push_back(HeadCopyKey("web", version));
      listed_.push_back(ImageOf(version));
    }
    heads_["web"].current = last;
    listed_.push_back(HeadKey("web"));
  }
  PruneStep Plan(TimePoint now = tests::kCreated, const std::string& run = kRun) const {
    return PlanPrune(record_, listed_, heads_, now, run);
  }

  StoreHeads heads_;
  std::vector<std::string> listed_;
  PruneRecord record_;
};

TEST_F(PruneTest, TheLastVersionsAndThoseOfAMonthAreKept) {
  Publish(50);
  std::set<uint64_t> month;
  for (uint64_t version = 21; version <= 50; ++version) {  // 29 days old, not 30
    month.insert(version);
  }
  EXPECT_EQ(KeptVersions(heads_["web"], tests::kCreated), month);
  EXPECT_EQ(KeptVersions(heads_["web"], tests::kCreated + days(90)),
            (std::set<uint64_t>{41, 42, 43, 44, 45, 46, 47, 48, 49, 50}));
  heads_["web"].current = 30;  // those above are about to be published
  EXPECT_EQ(KeptVersions(heads_["web"], tests::kCreated + days(90)).size(), 30);
}

TEST_F(PruneTest, OnlyWhatNoHeadNamesBecomesDoomed) {
  Publish(31);
  const std::string new_id = ImageId::Of(base::Sha256Of("31")).text();
  const std::string delta =
      DeltaKey("web", ImageId::Parse(new_id), ImageId::Of(base::Sha256Of("1")));
  const std::string old_delta =
      DeltaKey("web", ImageId::Of(base::Sha256Of("1")), ImageId::Parse(new_id));
  for (const std::string& key :
       {delta, old_delta, AgentKey(base::Sha256Of("activate")), FetchKey(base::Sha256Of("fetch")),
        AgentKey(base::Sha256Of("old")), StateKey("web1"), std::string(kPruneKey),
        std::string("somebody/else")}) {
    listed_.push_back(key);
  }
  const PruneStep step = Plan();
  const TimePoint at = tests::kCreated;
  EXPECT_EQ(step.next.doomed,
            (std::map<std::string, TimePoint>{{HeadCopyKey("web", 1), at},
                                              {ImageOf(1), at},
                                              {old_delta, at},
                                              {AgentKey(base::Sha256Of("old")), at}}));
  EXPECT_THAT(step.to_delete, IsEmpty());
  EXPECT_FALSE(step.next.deletion || step.waits);
}

TEST_F(PruneTest, ADayLaterItIsDeletedUnlessItIsNamed) {
  Publish(31);
  listed_.push_back(ImageOf(100));
  listed_.push_back(ImageOf(101));
  record_ = Plan().next;
  EXPECT_EQ(record_.doomed.size(), 4);
  PruneStep step = Plan(tests::kCreated + kDoomedFor - seconds(1));
  EXPECT_THAT(step.to_delete, IsEmpty());
  EXPECT_EQ(step.next.doomed.at(ImageOf(100)), tests::kCreated);  // since then, not since now
  heads_["web"].versions[32] = Version(100, tests::kCreated);
  heads_["web"].current = 32;
  std::erase(listed_, ImageOf(101));
  step = Plan(tests::kCreated + kDoomedFor);
  EXPECT_EQ(step.to_delete, (std::set<std::string>{HeadCopyKey("web", 1), ImageOf(1)}));
  // Version 2 is too old by now, the named one is not doomed any more, the missing one forgotten.
  EXPECT_EQ(step.next.doomed,
            (std::map<std::string, TimePoint>{{HeadCopyKey("web", 2), tests::kCreated + kDoomedFor},
                                              {ImageOf(2), tests::kCreated + kDoomedFor}}));
  EXPECT_EQ(step.next.deletion, (Deletion{kRun, tests::kCreated + kDoomedFor, step.to_delete}));
}

TEST_F(PruneTest, OneRunDeletesAtATime) {
  const Deletion deletion{kOtherRun, tests::kCreated, {ImageOf(1)}};
  record_.deletion = deletion;
  record_.doomed = {{ImageOf(2), tests::kCreated - days(9)}};
  EXPECT_TRUE(Plan(tests::kCreated + kTakeOverAfter - seconds(1)).waits);
  PruneStep step = Plan(tests::kCreated + minutes(1), kOtherRun);  // its own: it may go on
  EXPECT_FALSE(step.waits);
  EXPECT_EQ(step.next, record_);
  EXPECT_THAT(step.to_delete, ElementsAre(ImageOf(1)));
  step = Plan(tests::kCreated + kTakeOverAfter);  // it was killed
  EXPECT_EQ(step.next.deletion, (Deletion{kRun, tests::kCreated + kTakeOverAfter, {ImageOf(1)}}));
  EXPECT_EQ(step.next.doomed, record_.doomed);
  EXPECT_THAT(step.to_delete, ElementsAre(ImageOf(1)));
  EXPECT_TRUE(MayStillDelete(deletion, tests::kCreated + kDeleteWithin - seconds(1)));
  EXPECT_FALSE(MayStillDelete(deletion, tests::kCreated + kDeleteWithin));
  EXPECT_EQ(FinishDeletion(record_, kRun), std::nullopt);
  EXPECT_EQ(FinishDeletion(record_, kOtherRun), (PruneRecord{record_.doomed, std::nullopt}));
}

TEST_F(PruneTest, AHeadThatWasNotReadStopsAll) {
  Publish(3);
  heads_["web"].versions.erase(2);
  EXPECT_EQ(tests::MessageOf([&] { Plan(); }),
            "channels/web/00000002 is listed and not there, so nobody knows what it names: nothing "
            "is pruned; another prune may have removed it just now: try again");
  EXPECT_EQ(tests::ErrorOf([&] { Plan(); }).code(), base::ExitCode::kBusy);
  listed_ = {HeadKey("other")};
  EXPECT_THAT(tests::MessageOf([&] { Plan(); }),
              HasSubstr("channels/other/head is listed and not there"));
}

TEST_F(PruneTest, TheRecordStaysWithinItsBounds) {
  Publish(1);
  for (uint64_t i = 0; i < kMaxDoomed; ++i) {
    const std::string key = AgentKey(base::Sha256Of(std::to_string(i)));
    listed_.push_back(key);
    if (i >= 100) {
      record_.doomed[key] = tests::kCreated - days(i < 50'000 ? 2 : 0);
    }
    listed_.push_back(FetchKey(base::Sha256Of(std::to_string(i))));
  }
  const PruneStep step = Plan();
  EXPECT_EQ(step.next.doomed.size(), kMaxDoomed);
  EXPECT_EQ(step.to_delete.size(), kMaxDeleting);
  PruneRecord::Parse(step.next.Serialize(), "prune.json");
}

TEST_F(PruneTest, APublisherTakesWhatItNeeds) {
  record_.doomed = {{ImageOf(1), tests::kCreated}, {ImageOf(2), tests::kCreated}};
  record_.deletion = Deletion{kRun, tests::kCreated, {ImageOf(3)}};
  EXPECT_FALSE(ClaimKeys(record_, {ImageOf(4)}).next);
  EXPECT_FALSE(ClaimKeys(record_, {ImageOf(4)}).waits);
  EXPECT_TRUE(ClaimKeys(record_, {ImageOf(1), ImageOf(3)}).waits);
  const Claim claim = ClaimKeys(record_, {ImageOf(1), ImageOf(4)});
  EXPECT_FALSE(claim.waits);
  ASSERT_TRUE(claim.next);
  EXPECT_EQ(claim.next->doomed, (std::map<std::string, TimePoint>{{ImageOf(2), tests::kCreated}}));
  EXPECT_EQ(claim.next->deletion, record_.deletion);
  EXPECT_TRUE(MayStillPublish(tests::kCreated, tests::kCreated + kPublishWithin - seconds(1)));
  EXPECT_FALSE(MayStillPublish(tests::kCreated, tests::kCreated + kPublishWithin));
}

}  // namespace
}  // namespace images

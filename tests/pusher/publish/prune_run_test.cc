#include "pusher/publish/prune_run.h"

#include <filesystem>

#include "tests/pusher/publish/publish_scene.h"

namespace pusher {
namespace {

class PruneRunTest : public PublishTest {
 protected:
  // Objects that no head names, marked a day ago; and a channel.
  void SetUpStore(store::Store& store, const ImageUpload& web, const ImageUpload& orphan) const {
    Publish(store, ChangeTo({web}));
    UploadCounts counts;
    orphan.Put(store, counts, {});
    ChannelObjects objects(store, JudgeNothing());
    images::PruneRecord record;
    for (const std::string& key : orphan.Keys()) {
      record.doomed[key] = objects.Now() - std::chrono::hours(25);
    }
    ASSERT_TRUE(objects.SwapPruneRecord({}, record));
  }
  // As if an hour had passed for the run that was killed.
  static void LetAnHourPass(ChannelObjects& objects) {
    const StoredRecord there = objects.ReadPruneRecord();
    images::PruneRecord next = there.record;
    if (next.deletion) {
      next.deletion->since -= std::chrono::hours(2);
      ASSERT_TRUE(objects.SwapPruneRecord(there, next));
    }
  }
};

TEST_F(PruneRunTest, KilledBetweenAnyTwoWrites) {
  const ImageUpload web = Build("web", "1");
  const ImageUpload orphan = Build("web", "0");
  for (int at = 1;; ++at) {
    std::filesystem::remove_all(folder());
    store::FolderStore store(folder());
    SetUpStore(store, web, orphan);
    WatchedStore watched(store);
    watched.after = [&](int write) {
      if (write == at) {
        throw Killed();
      }
    };
    bool was_killed = false;
    try {
      ChannelObjects objects(watched, JudgeNothing());
      RunPrune(objects, false);
    } catch (const Killed&) {
      was_killed = true;
    }
    WholeHead(store);
    ChannelObjects objects(store, JudgeNothing());
    if (objects.ReadPruneRecord().record.deletion) {
      EXPECT_EQ(tests::ErrorOf([&] { RunPrune(objects, false); }).code(), base::ExitCode::kBusy);
      EXPECT_EQ(tests::ErrorOf([&] { Publish(store, ChangeTo({orphan})); }).code(),
                base::ExitCode::kBusy);
    }
    LetAnHourPass(objects);
    RunPrune(objects, false);
    EXPECT_EQ(objects.ReadPruneRecord().record, images::PruneRecord()) << "killed at " << at;
    EXPECT_EQ(store.List("images/").size(), web.Keys().size()) << "killed at " << at;
    Publish(store, ChangeTo({orphan}));  // what was removed can be published again
    EXPECT_EQ(WholeHead(store).version, 2U);
    if (!was_killed) {
      EXPECT_GT(at, 5);
      break;
    }
  }
}

TEST_F(PruneRunTest, APublishMeanwhileEndsIt) {
  store::FolderStore store(folder());
  const ImageUpload orphan = Build("web", "0");
  SetUpStore(store, Build("web", "1"), orphan);
  WatchedStore watched(store);
  watched.before = [&](int write) {
    if (write == 1) {
      Publish(store, ChangeTo({orphan}));
    }
  };
  ChannelObjects objects(watched, JudgeNothing());
  EXPECT_EQ(tests::ErrorOf([&] { RunPrune(objects, false); }).code(), base::ExitCode::kBusy);
  EXPECT_EQ(WholeHead(store).version, 2U);
}

TEST_F(PruneRunTest, WhatTakesTooLongIsSaidAndGoneOnWith) {
  store::FolderStore store(folder());
  SetUpStore(store, Build("web", "1"), Build("web", "0"));
  WatchedStore watched(store);
  watched.after = [&](int write) {
    if (write == 2) {  // the first that is deleted
      watched.clock_offset = std::chrono::minutes(11);
    }
  };
  ChannelObjects objects(watched, JudgeNothing());
  const PruneResult result = RunPrune(objects, false);
  EXPECT_EQ(result.deleted.size(), 1U);
  EXPECT_GT(result.remaining, 1U);
  const base::Error error = tests::ErrorOf([&] { CheckPruneEnded(result); });
  EXPECT_EQ(error.code(), base::ExitCode::kBusy);
  EXPECT_THAT(error.what(), testing::HasSubstr("objects are not removed: a prune in an hour"));
  LetAnHourPass(objects);
  CheckPruneEnded(RunPrune(objects, false));
  EXPECT_EQ(objects.ReadPruneRecord().record, images::PruneRecord());
}

TEST_F(PruneRunTest, TheEndOfARunIsNotFoughtForForEver) {
  store::FolderStore store(folder());
  SetUpStore(store, Build("web", "1"), Build("web", "0"));
  WatchedStore watched(store);
  watched.after = [&](int write) {
    if (write == 2) {
      watched.lost = images::kPruneKey;
    }
  };
  ChannelObjects objects(watched, JudgeNothing());
  EXPECT_EQ(tests::ErrorOf([&] { RunPrune(objects, false, kSoon); }).code(), base::ExitCode::kBusy);
  EXPECT_GT(watched.writes, kSoon.retries);
}

}  // namespace
}  // namespace pusher

#include "pusher/publish/host_programs.h"

#include "pusher/protocol/fetch_link.h"
#include "pusher/publish/prune_run.h"
#include "tests/pusher/publish/publish_scene.h"

namespace pusher {
namespace {

using testing::HasSubstr;

class HostProgramsTest : public PublishTest {
 protected:
  // A file, as FindAgents and FindFetchers find it.
  AgentBinary Binary(const std::string& name, const std::string& architecture = "x86_64") const {
    const std::string content = Program(name + " for " + architecture);
    Put(name + "-" + architecture, content);
    return {At(name + "-" + architecture), content.size(), base::Sha256Of(content), architecture};
  }
  HostPrograms Programs(const std::string& version = "") const {
    return HostProgramsOf({Binary("activate" + version)}, {Binary("fetch" + version)});
  }
  static ChannelChange SetTo(const HostPrograms& programs) {
    return {
        "web", EditToSet({}, {false, programs.agent, programs.fetch}, {}), {}, {}, programs.files};
  }
  static ChannelChange SetToNone() { return {"web", EditToSet({}, {true, {}, {}}, {})}; }
};

TEST_F(HostProgramsTest, KilledBetweenAnyTwoWrites) {
  const HostPrograms programs = Programs();
  const int writes = KillAtEachWrite(ChangeTo({Build("web", "1")}), SetTo(programs),
                                     [&](const images::ChannelHead& head) {
                                       EXPECT_EQ(head.agent, programs.agent);
                                       EXPECT_EQ(head.fetch, programs.fetch);
                                     });
  EXPECT_EQ(writes, 4);  // both programs, the version, the head
}

TEST_F(HostProgramsTest, TheSameAgainPutsWhatIsLost) {
  store::FolderStore store(folder());
  Publish(store, ChangeTo({Build("web", "1")}));
  const HostPrograms programs = Programs();
  EXPECT_EQ(Publish(store, SetTo(programs)).counts.objects, 2U);
  store.Delete(programs.files.front().key);
  const base::Error error = tests::ErrorOf([&] { Publish(store, ChangeTo({Build("db", "1")})); });
  EXPECT_EQ(error.code(), base::ExitCode::kVerification);
  EXPECT_THAT(error.what(), HasSubstr("channel web needs it: type imgpush channel set with "
                                      "--programs, or with --no-programs"));
  const PublishResult again = Publish(store, SetTo(programs));
  EXPECT_FALSE(again.changed);
  EXPECT_EQ(again.counts.objects, 1U);
  EXPECT_EQ(WholeHead(store).version, 2U);
}

// The pruner deletes after the publisher has put, and before it claims.
TEST_F(HostProgramsTest, WhatIsDeletedMeanwhileIsPutAgain) {
  store::FolderStore store(folder());
  Publish(store, ChangeTo({Build("web", "1")}));
  const HostPrograms programs = Programs();
  WatchedStore watched(store);
  watched.after = [&](int write) {
    if (write == 2) {
      store.Delete(programs.files.front().key);
    }
  };
  EXPECT_EQ(Publish(watched, SetTo(programs)).rounds, 2U);
  EXPECT_EQ(WholeHead(store).agent, programs.agent);
}

TEST_F(HostProgramsTest, WhatIsDoomedIsTakenOutAndWhatIsDeletedIsWaitedFor) {
  store::FolderStore store(folder());
  Publish(store, ChangeTo({Build("web", "1")}));
  const HostPrograms programs = Programs();
  const std::string key = programs.files.back().key;
  ChannelObjects objects(store, JudgeNothing());
  images::PruneRecord record;
  record.deletion = {"00112233aabbccdd", objects.Now(), {key}};
  ASSERT_TRUE(objects.SwapPruneRecord({}, record));
  EXPECT_EQ(tests::ErrorOf([&] { Publish(store, SetTo(programs)); }).code(), base::ExitCode::kBusy);
  EXPECT_EQ(WholeHead(store).version, 1U);
  record.deletion.reset();
  record.doomed = {{key, objects.Now() - std::chrono::hours(25)}};
  ASSERT_TRUE(objects.SwapPruneRecord(objects.ReadPruneRecord(), record));
  Publish(store, SetTo(programs));
  EXPECT_TRUE(objects.ReadPruneRecord().record.doomed.empty());
}

TEST_F(HostProgramsTest, APruneKeepsWhatAVersionNames) {
  store::FolderStore store(folder());
  Publish(store, ChangeTo({Build("web", "1")}));
  const HostPrograms programs = Programs();
  const HostPrograms unnamed = Programs("2");
  Publish(store, SetTo(programs));
  Publish(store, SetToNone());
  EXPECT_TRUE(WholeHead(store).agent.empty());
  UploadCounts counts;
  for (const FileUpload& file : unnamed.files) {
    file.Put(store, counts, {});
  }
  ChannelObjects objects(store, JudgeNothing());
  EXPECT_EQ(RunPrune(objects, false).doomed, 2U);
  StoredRecord there = objects.ReadPruneRecord();
  for (auto& [key, since] : there.record.doomed) {
    since -= std::chrono::hours(25);
  }
  ASSERT_TRUE(objects.SwapPruneRecord(objects.ReadPruneRecord(), there.record));
  EXPECT_EQ(RunPrune(objects, false).deleted.size(), 2U);
  for (const FileUpload& file : programs.files) {
    EXPECT_TRUE(store.Exists(file.key)) << file.key;
  }
  EXPECT_EQ(store.List(images::kAgentsPrefix).size(), 2U);
}

TEST_F(HostProgramsTest, WhatIsThereOrHereAndIsAnotherIsSaid) {
  store::FolderStore store(folder());
  Publish(store, ChangeTo({Build("web", "1")}));
  const HostPrograms programs = Programs();
  const std::string key = programs.files.front().key;
  store.Put(key, store::Content::Text("cut"));
  const base::Error there = tests::ErrorOf([&] { Publish(store, SetTo(programs)); });
  EXPECT_EQ(there.code(), base::ExitCode::kVerification);
  EXPECT_THAT(there.what(), HasSubstr("delete it, and publish again"));
  store.Delete(key);
  Put("activate-x86_64", Program("another, newer file"));
  const base::Error here = tests::ErrorOf([&] { Publish(store, SetTo(programs)); });
  EXPECT_EQ(here.code(), base::ExitCode::kVerification);
  EXPECT_THAT(here.what(), HasSubstr("has changed meanwhile: type the command again"));
  EXPECT_EQ(WholeHead(store).version, 1U);
}

TEST_F(HostProgramsTest, EachArchitectureHasBoth) {
  const Agents agents = {Binary("activate"), Binary("activate", "aarch64")};
  const HostPrograms programs =
      HostProgramsOf(agents, {Binary("fetch", "aarch64"), Binary("fetch")});
  EXPECT_EQ(programs.agent.at("aarch64").sha256, agents.back().sha256);
  EXPECT_EQ(programs.fetch.size(), 2U);
  EXPECT_EQ(programs.files.size(), 4U);
  EXPECT_THAT(tests::MessageOf([&] { HostProgramsOf(agents, {Binary("fetch")}); }),
              HasSubstr("imgpush has activate for aarch64, and no fetch for it"));
  EXPECT_THAT(tests::MessageOf([&] {
                HostProgramsOf({Binary("activate")}, {Binary("fetch"), Binary("fetch", "aarch64")});
              }),
              HasSubstr("imgpush has fetch for aarch64, and no activate for it"));
}

TEST_F(HostProgramsTest, WhatNoHostWouldFetchIsRefused) {
  AgentBinary large = Binary("activate");
  large.size_bytes = kMaxFetchedBytes + 1;
  EXPECT_THAT(tests::MessageOf([&] { HostProgramsOf({large}, {Binary("fetch")}); }),
              HasSubstr("hosts fetch programs of at most"));
  EXPECT_THAT(
      tests::MessageOf([&] { HostProgramsOf({Binary("activate", "")}, {Binary("fetch")}); }),
      HasSubstr("for no machine that Slipway knows"));
}

}  // namespace
}  // namespace pusher

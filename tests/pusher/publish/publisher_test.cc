#include "pusher/publish/publisher.h"

#include <filesystem>
#include <thread>

#include "images/channel/prune.h"
#include "tests/pusher/publish/publish_scene.h"

namespace pusher {
namespace {

using testing::HasSubstr;

TEST_F(PublishTest, EverythingIsThereAndHostsBelieveTheHead) {
  store::FolderStore store(folder());
  const ImageUpload web = Build("web", "1");
  const PublishResult result = Publish(store, ChangeTo({web}));
  EXPECT_TRUE(result.changed);
  EXPECT_EQ(result.counts.objects, 4U + std::filesystem::exists(web.image().provenance_path()));
  const images::ChannelHead head = WholeHead(store);
  EXPECT_EQ(head.version, 1U);
  EXPECT_EQ(head.apps.at("web"), std::vector{web.variant()});
  for (const char* file : {"manifest.json", "image.caibx", "image.erofs", "release"}) {
    EXPECT_EQ(store.Get(images::ImageFileKey("web", web.image().id(), file), 1 << 20).body,
              base::ReadFile(web.image().path() + "/" + file));
  }
  const images::SignedHead there =
      images::SignedHead::Parse(store.Get("channels/web/head", 1 << 20).body, "head");
  const images::Trust trust = images::Trust::Parse(TrustIn({"alice"}), "trust");
  images::SshKeygenVerifier verifier(trust.texts);
  EXPECT_EQ(images::CheckHeadSigners(there, trust, verifier, there.head.created),
            std::vector<std::string>{"alice@x"});
}

TEST_F(PublishTest, TheSameAgainIsNoNewVersionAndPutsWhatIsLost) {
  store::FolderStore store(folder());
  const ImageUpload web = Build("web", "1");
  Publish(store, ChangeTo({web}));
  store.Delete(images::ImageFileKey("web", web.image().id(), "image.erofs"));
  const PublishResult result = Publish(store, ChangeTo({web}));
  EXPECT_FALSE(result.changed);
  EXPECT_EQ(result.counts.objects, 1U);
  EXPECT_EQ(WholeHead(store).version, 1U);
}

TEST_F(PublishTest, OtherApplicationsAndArchitecturesStay) {
  store::FolderStore store(folder());
  const ImageUpload intel = Build("web", "1", "x86_64");
  const ImageUpload arm = Build("web", "1", "aarch64");
  const ImageUpload newer = Build("web", "2", "x86_64");
  const ImageUpload db = Build("db", "1");
  Publish(store, ChangeTo({intel, arm}));
  Publish(store, ChangeTo({db}), "bob");
  Publish(store, ChangeTo({newer}));
  const images::ChannelHead head = WholeHead(store);
  EXPECT_EQ(head.version, 3U);
  EXPECT_EQ(head.apps.at("web"), (std::vector{newer.variant(), arm.variant()}));
  EXPECT_EQ(head.apps.at("db"), std::vector{db.variant()});
}

// Killed before or after any of its writes: what the head names is there, and the next publish
// makes of it what the first was to make.
TEST_F(PublishTest, KilledBetweenAnyTwoWrites) {
  const ImageUpload old = Build("web", "1");
  const ImageUpload newer = Build("web", "2");
  const int writes =
      KillAtEachWrite(ChangeTo({old}), ChangeTo({newer}), [&](const images::ChannelHead& head) {
        EXPECT_EQ(head.apps.at("web"), std::vector{newer.variant()});
      });
  EXPECT_GE(writes, 5);
}

TEST_F(PublishTest, KilledInTheFirstPublish) {
  const ImageUpload web = Build("web", "1");
  for (int at = 1;; ++at) {
    std::filesystem::remove_all(folder());
    store::FolderStore store(folder());
    WatchedStore watched(store);
    watched.after = [&](int write) {
      if (write == at) {
        throw Killed();
      }
    };
    bool was_killed = false;
    try {
      Publish(watched, ChangeTo({web}));
    } catch (const Killed&) {
      was_killed = true;
    }
    Publish(store, ChangeTo({web}));
    EXPECT_EQ(WholeHead(store).version, 1U) << "killed at " << at;
    if (!was_killed) {
      break;
    }
  }
}

TEST_F(PublishTest, WritesThatAreDoneTwiceDoNoHarm) {
  store::FolderStore store(folder());
  WatchedStore watched(store);
  watched.twice = true;
  Publish(watched, ChangeTo({Build("web", "1")}));
  Publish(watched, ChangeTo({Build("web", "2")}));
  EXPECT_EQ(WholeHead(store).version, 2U);
}

// Another publisher comes in, from start to end, before any write.
TEST_F(PublishTest, TwoAtOnceAreBothIn) {
  const ImageUpload web = Build("web", "1");
  const ImageUpload db = Build("db", "1");
  bool was_redone = false;
  for (int at = 1;; ++at) {
    std::filesystem::remove_all(folder());
    store::FolderStore store(folder());
    Publish(store, ChangeTo({Build("web", "0")}));
    WatchedStore watched(store);
    bool came_in = false;
    watched.before = [&](int write) {
      if (write == at) {
        came_in = true;
        Publish(store, ChangeTo({db}), "bob");
      }
    };
    const PublishResult result = Publish(watched, ChangeTo({web}));
    was_redone = was_redone || result.rounds > 1;
    const images::ChannelHead head = WholeHead(store);
    EXPECT_EQ(head.apps.at("web"), std::vector{web.variant()}) << at;
    EXPECT_EQ(head.apps.contains("db"), came_in) << at;
    EXPECT_EQ(head.version, came_in ? 3U : 2U) << at;
    if (!came_in) {
      EXPECT_GT(at, 5);
      break;
    }
  }
  EXPECT_TRUE(was_redone);
}

TEST_F(PublishTest, ManyInARaceLoseNothing) {
  constexpr int kVersions = 4;
  const std::vector<std::string> names = {"web", "db", "shop"};
  std::vector<std::vector<ImageUpload>> builds;
  for (const std::string& name : names) {
    auto& of_name = builds.emplace_back();
    for (int version = 0; version < kVersions; ++version) {
      of_name.push_back(Build(name, std::to_string(version)));
    }
  }
  std::vector<std::thread> publishers;
  for (size_t i = 0; i < names.size(); ++i) {
    publishers.emplace_back([&, i] {
      for (const ImageUpload& build : builds[i]) {
        store::FolderStore store(folder());
        EXPECT_TRUE(Publish(store, ChangeTo({build}), i == 0 ? "alice" : "bob").changed);
      }
    });
  }
  for (std::thread& publisher : publishers) {
    publisher.join();
  }
  store::FolderStore store(folder());
  const images::ChannelHead head = WholeHead(store);
  EXPECT_EQ(head.version, names.size() * kVersions);
  for (size_t i = 0; i < names.size(); ++i) {
    EXPECT_EQ(head.apps.at(names[i]), std::vector{builds[i].back().variant()});
  }
}

TEST_F(PublishTest, WhatIsDoomedIsTakenOutAndWhatIsDeletedIsWaitedFor) {
  store::FolderStore store(folder());
  const ImageUpload web = Build("web", "1");
  const std::string key = images::ImageFileKey("web", web.image().id(), "image.erofs");
  ChannelObjects objects(store, JudgeNothing());
  images::PruneRecord record;
  record.doomed = {{key, objects.Now()},
                   {"images/web/0000000000000000/image.erofs", objects.Now()}};
  ASSERT_TRUE(objects.SwapPruneRecord({}, record));
  Publish(store, ChangeTo({web}));
  EXPECT_EQ(objects.ReadPruneRecord().record.doomed.size(), 1U);

  record.doomed.clear();
  record.deletion = {"00112233aabbccdd", objects.Now(), {key}};
  ASSERT_TRUE(objects.SwapPruneRecord(objects.ReadPruneRecord(), record));
  const base::Error error = tests::ErrorOf([&] {
    Publish(store, ChangeTo({web, Build("db", "1")}));
  });
  EXPECT_EQ(error.code(), base::ExitCode::kBusy);
  EXPECT_THAT(error.what(), HasSubstr("a prune that began at"));
  EXPECT_EQ(WholeHead(store).version, 1U);
}

TEST_F(PublishTest, ARecordThatOthersChangeAllTheTimeIsNotFoughtForForEver) {
  store::FolderStore store(folder());
  const ImageUpload web = Build("web", "1");
  ChannelObjects objects(store, JudgeNothing());
  images::PruneRecord record;
  record.doomed = {{web.Keys().front(), objects.Now()}};
  ASSERT_TRUE(objects.SwapPruneRecord({}, record));
  WatchedStore watched(store);
  watched.lost = images::kPruneKey;
  const base::Error error = tests::ErrorOf([&] { Publish(watched, ChangeTo({web})); });
  EXPECT_EQ(error.code(), base::ExitCode::kBusy);
  EXPECT_THAT(error.what(), HasSubstr("prune.json all the time: try again later"));
  EXPECT_GT(watched.writes, kSoon.retries);
  EXPECT_FALSE(store.Exists("channels/web/head"));
}

// What it dooms would be taken for what nobody dooms.
TEST_F(PublishTest, WhatAPrunerWroteMustBeReadable) {
  store::FolderStore store(folder());
  WatchedStore watched(store);
  watched.hidden = images::kPruneKey;
  const base::Error error =
      tests::ErrorOf([&] { Publish(watched, ChangeTo({Build("web", "1")})); });
  EXPECT_THAT(error.what(), HasSubstr("prune.json may not be read"));
  EXPECT_FALSE(store.Exists("channels/web/head"));
}

TEST_F(PublishTest, ATextThatIsThereAndIsAnotherIsSaid) {
  store::FolderStore store(folder());
  const ImageUpload web = Build("web", "1");
  for (const char* file : {"manifest.json", "image.caibx"}) {
    const std::string key = images::ImageFileKey("web", web.image().id(), file);
    store.Put(key, store::Content::Text("cut"));
    const base::Error error = tests::ErrorOf([&] { Publish(store, ChangeTo({web})); });
    EXPECT_EQ(error.code(), base::ExitCode::kVerification);
    EXPECT_THAT(error.what(), HasSubstr("delete it, and publish again"));
    store.Delete(key);
  }
  Publish(store, ChangeTo({web}));
}

// The pruner deletes after the publisher has put, and before it claims.
TEST_F(PublishTest, WhatIsDeletedMeanwhileIsPutAgain) {
  store::FolderStore store(folder());
  const ImageUpload web = Build("web", "1");
  const std::string key = images::ImageFileKey("web", web.image().id(), "manifest.json");
  WatchedStore watched(store);
  watched.after = [&](int write) {
    if (write == 4) {
      store.Delete(key);
    }
  };
  const PublishResult result = Publish(watched, ChangeTo({web}));
  EXPECT_EQ(result.rounds, 2U);
  WholeHead(store);
}

TEST_F(PublishTest, AHeadOfNobodyWhoIsTrustedIsNotTakenOver) {
  store::FolderStore store(folder());
  Publish(store, ChangeTo({Build("web", "1")}));
  images::ChannelHead forged = WholeHead(store);
  forged.version = 2;
  forged.apps["evil"] = forged.apps["web"];
  const std::string text = SignAs(images::kChannelNamespace, forged.Serialize(), "eve");
  store.Put("channels/web/head", store::Content::Text(text));
  const base::Error error = tests::ErrorOf([&] { Publish(store, ChangeTo({Build("db", "1")})); });
  EXPECT_EQ(error.code(), base::ExitCode::kVerification);
  EXPECT_THAT(error.what(), HasSubstr("not signed by your key"));
  EXPECT_FALSE(store.Exists("channels/web/00000003"));
}

TEST_F(PublishTest, AChannelWhoseHeadIsLostGoesOnFromItsLastVersion) {
  store::FolderStore store(folder());
  Publish(store, ChangeTo({Build("web", "1")}));
  Publish(store, ChangeTo({Build("web", "2")}));
  store.Delete("channels/web/head");
  EXPECT_EQ(Publish(store, ChangeTo({Build("db", "1")})).repaired, 2U);
  EXPECT_EQ(WholeHead(store).version, 3U);
}

TEST_F(PublishTest, WhatTheHeadNamesAndNobodyHasIsSaid) {
  store::FolderStore store(folder());
  const ImageUpload web = Build("web", "1");
  Publish(store, ChangeTo({web}));
  store.Delete(images::ImageFileKey("web", web.image().id(), "image.erofs"));
  const base::Error error = tests::ErrorOf([&] { Publish(store, ChangeTo({Build("db", "1")})); });
  EXPECT_EQ(error.code(), base::ExitCode::kVerification);
  EXPECT_THAT(error.what(), HasSubstr("image.erofs is missing, and channel web needs it"));
  EXPECT_FALSE(store.Exists("channels/web/00000002"));
}

TEST_F(PublishTest, AReleaseIsRenewedAndNoOlderOneTakesItsPlace) {
  store::FolderStore store(folder());
  const ImageUpload web = Build("web", "1");
  const std::string key = images::ImageFileKey("web", web.image().id(), "release");
  Publish(store, ChangeTo({web}));
  const std::string newer = ReleaseOf(web.image().path(), "2026-11-30T00:00:00Z");
  base::WriteFileAtomically(web.image().path() + "/release", newer);
  Publish(store, ChangeTo({ImageUpload(web.image())}));
  EXPECT_EQ(store.Get(key, 1 << 16).body, newer);
  Publish(store, ChangeTo({web}));  // has the older one
  EXPECT_EQ(store.Get(key, 1 << 16).body, newer);
}

// Another machine has built the same image, and signed it with its own provenance.
TEST_F(PublishTest, ProvenanceAndReleaseThatBelongTogetherStay) {
  store::FolderStore store(folder());
  const std::string path = BuildUnsigned("web", "1");
  const auto publish_with = [&](const std::string& provenance) {
    base::WriteFileAtomically(path + "/provenance.json", provenance);
    base::WriteFileAtomically(path + "/release", ReleaseOf(path));
    Publish(store, ChangeTo({ImageUpload(images::ImageDirectory(path))}));
  };
  const images::ImageId id = images::ImageDirectory(path).id();
  const std::string key = images::ImageFileKey("web", id, "provenance.json");
  publish_with("first");
  publish_with("second");
  EXPECT_EQ(store.Get(key, 100).body, "first");
  // Its publisher was killed before it put the release.
  store.Delete(images::ImageFileKey("web", id, "release"));
  publish_with("second");
  EXPECT_EQ(store.Get(key, 100).body, "second");
  const std::string release = store.Get(images::ImageFileKey("web", id, "release"), 1 << 16).body;
  EXPECT_EQ(images::Release::Parse(release, "release").statement.provenance_sha256,
            base::Sha256Of("second"));
}

TEST_F(PublishTest, AnImageThatIsNotSignedOrDamagedIsNotPublished) {
  const std::string path = BuildUnsigned("web", "1");
  EXPECT_THAT(tests::MessageOf([&] { ImageUpload{images::ImageDirectory(path)}; }),
              HasSubstr("is not signed"));
  const ImageUpload web = Build("web", "2");
  std::string bytes = base::ReadFile(web.image().image_path());
  bytes[5000] = static_cast<char>(bytes[5000] ^ 1);
  std::filesystem::permissions(web.image().image_path(), std::filesystem::perms::owner_write,
                               std::filesystem::perm_options::add);
  base::WriteFileAtomically(web.image().image_path(), bytes);
  store::FolderStore store(folder());
  const base::Error error = tests::ErrorOf([&] { Publish(store, ChangeTo({web})); });
  EXPECT_EQ(error.code(), base::ExitCode::kVerification);
  EXPECT_THAT(error.what(), HasSubstr("is damaged: build it again"));
}

}  // namespace
}  // namespace pusher

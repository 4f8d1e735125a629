#include "pusher/publish/delta_publisher.h"

#include <filesystem>

#include "pusher/protocol/recorded_delta.h"
#include "tests/pusher/publish/publish_scene.h"

namespace pusher {
namespace {

using testing::HasSubstr;

class DeltaPublisherTest : public PublishTest {
 protected:
  // Text that compresses, most of which all versions share.
  ImageUpload BuildText(const std::string& version) const {
    tests::SyntheticImage image;
    image.version = version;
    for (uint64_t i = 0; i < 8; ++i) {
      std::string content = tests::NoiseBytes(i, 60'000);
      if (i < 3) {
        content.replace(30'000, 20, "another text of v" + version);
      }
      image.chunks.push_back(content);
    }
    const std::string path = tests::WriteImage(At("images"), image);
    base::WriteFileAtomically(path + "/release", ReleaseOf(path));
    return ImageUpload(images::ImageDirectory(path));
  }
  std::set<std::string> PublishWithDeltas(store::Store& store, const ImageUpload& image,
                                          uint64_t versions = 5) const {
    ChannelObjects objects(store, JudgeNothing());
    DeltaPublisher deltas(objects, versions, {});
    ChannelChange change = ChangeTo({image});
    std::set<std::string> out;
    change.put_more = [&](const std::optional<StoredHead>& current) {
      return out = deltas.Put(change.images, current);
    };
    Publish(store, change);
    return out;
  }
  static std::string KeyOf(const ImageUpload& image, const ImageUpload& old) {
    return images::DeltaKey(image.name(), image.image().id(), old.image().id());
  }
};

TEST_F(DeltaPublisherTest, AgainstTheLastVersionsOfTheChannel) {
  store::FolderStore store(folder());
  const ImageUpload first = BuildText("1");
  const ImageUpload second = BuildText("2");
  const ImageUpload third = BuildText("3");
  EXPECT_TRUE(PublishWithDeltas(store, first).empty());
  EXPECT_EQ(PublishWithDeltas(store, second), std::set{KeyOf(second, first)});
  EXPECT_EQ(PublishWithDeltas(store, third, 1), std::set{KeyOf(third, second)});
  EXPECT_EQ(PublishWithDeltas(store, third, 5).size(), 2U);
  EXPECT_TRUE(PublishWithDeltas(store, BuildText("4"), 0).empty());
}

TEST_F(DeltaPublisherTest, WhatIsRecordedIsPlayed) {
  store::FolderStore store(folder());
  const ImageUpload old = BuildText("1");
  const ImageUpload image = BuildText("2");
  PublishWithDeltas(store, old);
  PublishWithDeltas(store, image);
  const std::string recorded = store.Get(KeyOf(image, old), 1 << 20).body;
  EXPECT_LT(recorded.size(), image.image().manifest().image.size_bytes);
  size_t at = 0;
  RecordedDeltaReader reader(
      [&](std::span<uint8_t> out) {
        const size_t bytes = std::min(out.size(), recorded.size() - at);
        std::copy_n(recorded.begin() + static_cast<ptrdiff_t>(at), bytes, out.begin());
        at += bytes;
        return bytes;
      },
      "recorded");
  EXPECT_EQ(reader.header().to, image.image().stored().digest);
  EXPECT_EQ(reader.header().from, old.image().stored().digest);
  size_t messages = 0;
  while (reader.Next()) {
    ++messages;
  }
  EXPECT_GE(messages, 3U);
}

TEST_F(DeltaPublisherTest, AnOldVersionThatIsNotHereComesFromTheStore) {
  store::FolderStore store(folder());
  const ImageUpload old = BuildText("1");
  const ImageUpload image = BuildText("2");
  PublishWithDeltas(store, old);
  base::RemoveTree(old.image().path());
  EXPECT_EQ(PublishWithDeltas(store, image), std::set{KeyOf(image, old)});
}

TEST_F(DeltaPublisherTest, WithoutTheOldVersionThereIsNone) {
  store::FolderStore store(folder());
  const ImageUpload old = BuildText("1");
  const ImageUpload image = BuildText("2");
  PublishWithDeltas(store, old);
  base::RemoveTree(old.image().path());
  const std::string key = images::ImageFileKey("app", old.image().id(), "image.erofs");
  std::string bytes = store.Get(key, 1 << 24).body;
  bytes[9] = static_cast<char>(bytes[9] ^ 1);
  store.Put(key, store::Content::Text(bytes));
  EXPECT_TRUE(PublishWithDeltas(store, image).empty());
  EXPECT_FALSE(store.Exists(KeyOf(image, old)));
  EXPECT_EQ(WholeHead(store).version, 2U);
}

}  // namespace
}  // namespace pusher

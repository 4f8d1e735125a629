#include "pusher/publish/delta_publisher.h"

#include <filesystem>

#include "base/process.h"
#include "pusher/protocol/recorded_delta.h"
#include "pusher/session/push_session.h"
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

// A real agent, and what talks to it.
struct Agent {
  explicit Agent(const std::string& root)
      : child({TEST_AGENT, "receive", "--root", root, "--by", "me", "--dir"}),
        stream(child.from(), child.to(), {"host"}) {}
  base::Child child;
  Stream stream;
  Wire wire{stream};
};

RecordedDeltaReader::Source From(const std::string& text) {
  return [&text, at = size_t{0}](std::span<uint8_t> out) mutable {
    const size_t bytes = std::min(out.size(), text.size() - at);
    std::copy_n(text.begin() + static_cast<ptrdiff_t>(at), bytes, out.begin());
    at += bytes;
    return bytes;
  };
}

// To a host that holds the old version alone, and so lacks all that is recorded.
TEST_F(DeltaPublisherTest, AHostMakesTheImageOfIt) {
  store::FolderStore store(folder());
  const ImageUpload old = BuildText("1");
  const ImageUpload image = BuildText("2");
  PublishWithDeltas(store, old);
  PublishWithDeltas(store, image);
  const std::string recorded = store.Get(KeyOf(image, old), 1 << 20).body;
  EXPECT_LT(recorded.size(), image.image().manifest().image.size_bytes / 5);
  {
    Agent agent(At("host"));
    Push(agent.wire, {old.image()}, {}, {});
  }
  Agent agent(At("host"));
  EXPECT_EQ(ReceiveHello(agent.wire).held.size(), 1U);
  const images::Manifest& manifest = image.image().manifest();
  Begin begin;
  begin.images = 1;
  begin.new_images = {{manifest.name, image.image().stored().digest, manifest.image.sha256,
                       manifest.image.size_bytes}};
  SendText(agent.wire, MessageType::kBegin, begin.Serialize());
  RecordedDeltaReader reader(From(recorded), "recorded");
  EXPECT_EQ(reader.header().from, old.image().stored().digest);
  SendText(agent.wire, MessageType::kOffer, reader.offer().Serialize());
  bool has_deltas = false;
  while (const std::optional<Frame> frame = reader.Next()) {
    agent.wire.Send(frame->type, frame->payload);
    has_deltas = has_deltas || static_cast<MessageType>(frame->type) == MessageType::kDelta;
  }
  SendEmpty(agent.wire, MessageType::kCommit);
  Expect(agent.wire, MessageType::kNeed);
  Expect(agent.wire, MessageType::kMissing);
  Expect(agent.wire, MessageType::kStaged);
  EXPECT_TRUE(has_deltas);
  EXPECT_EQ(base::ReadFile(At("host/app/" + image.image().id().text() + "/image.erofs")),
            base::ReadFile(image.image().image_path()));
}

TEST_F(DeltaPublisherTest, AnOldVersionThatIsNotHereComesFromTheStore) {
  store::FolderStore store(folder());
  const ImageUpload old = BuildText("1");
  const ImageUpload image = BuildText("2");
  PublishWithDeltas(store, old);
  base::RemoveTree(old.image().path());
  EXPECT_EQ(PublishWithDeltas(store, image), std::set{KeyOf(image, old)});
}

TEST_F(DeltaPublisherTest, AnOldHeadThatIsNotToBeBelievedCostsItsDeltasAlone) {
  store::FolderStore store(folder());
  const ImageUpload second = BuildText("2");
  PublishWithDeltas(store, BuildText("1"));
  PublishWithDeltas(store, second);
  store.Put("channels/web/00000001", store::Content::Text("not a head\n"));
  const ImageUpload third = BuildText("3");
  EXPECT_EQ(PublishWithDeltas(store, third), std::set{KeyOf(third, second)});
  EXPECT_EQ(WholeHead(store).version, 3U);
}

TEST_F(DeltaPublisherTest, AManifestOfAnotherVersionIsNotTaken) {
  store::FolderStore store(folder());
  const ImageUpload old = BuildText("1");
  const ImageUpload image = BuildText("2");
  PublishWithDeltas(store, old);
  base::RemoveTree(old.image().path());
  store.Put(images::ImageFileKey("app", old.image().id(), "manifest.json"),
            store::Content::Text(BuildText("3").image().stored().text));
  EXPECT_TRUE(PublishWithDeltas(store, image).empty());
  EXPECT_FALSE(store.Exists(KeyOf(image, old)));
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

// Publishers on real folders, with real keys; and stores that fail, repeat, or let others in at any
// of their writes.
#ifndef TESTS_PUSHER_PUBLISH_PUBLISH_SCENE_H_
#define TESTS_PUSHER_PUBLISH_PUBLISH_SCENE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/atomic_file.h"
#include "base/machine.h"
#include "images/channel/object_key.h"
#include "images/channel/prune.h"
#include "pusher/publish/head_signer.h"
#include "pusher/publish/publisher.h"
#include "store/folder_store.h"
#include "tests/images/release/signing.h"
#include "tests/support/errors.h"
#include "tests/support/synthetic_image.h"

namespace pusher {

// What a process meets that is killed: nobody catches it.
struct Killed {};

// Passes everything on; `before` and `after` each write, counted from 1.
class WatchedStore : public store::Store {
 public:
  using Watch = std::function<void(int write)>;

  explicit WatchedStore(store::Store& inner) : inner_(inner) {}
  const std::string& location() const override { return inner_.location(); }
  store::Traffic traffic() const override { return {0, 0, 0, clock_offset.count()}; }

  Watch before = [](int /*write*/) {};
  Watch after = [](int /*write*/) {};
  bool twice = false;  // each write is done twice, as after an answer that was lost
  int writes = 0;
  int gets = 0;
  std::chrono::seconds clock_offset{0};
  std::string hidden;   // a key that may not be read
  std::string missing;  // one that is listed, and gone
  std::string lost;     // one that others always write first

 private:
  store::Object DoGet(const std::string& key, uint64_t max_bytes,
                      const std::string& known) override {
    ++gets;
    if (key == missing) {
      return {};
    }
    if (key == hidden) {
      return {store::State::kHidden, "", ""};
    }
    return inner_.Get(key, max_bytes, known);
  }
  store::RangesRead DoGetRanges(const std::string& key, const std::vector<store::Range>& ranges,
                                const store::RangeSink& sink) override {
    return inner_.GetRanges(key, ranges, sink);
  }
  store::Info DoHead(const std::string& key) override { return inner_.Head(key); }
  std::vector<store::Listed> DoList(const std::string& prefix, size_t most) override {
    return inner_.List(prefix, most);
  }
  store::Written DoPutIfAbsent(const std::string& key, const store::Content& content,
                               const store::PutOptions& options) override {
    return Write(key, [&] { return inner_.PutIfAbsent(key, content, options); });
  }
  store::Written DoCompareAndSwap(const std::string& key, const std::string& version,
                                  const store::Content& content,
                                  const store::PutOptions& options) override {
    return Write(key, [&] { return inner_.CompareAndSwap(key, version, content, options); });
  }
  void DoDelete(const std::string& key) override {
    Write(key, [&] {
      inner_.Delete(key);
      return store::Written();
    });
  }

  store::Written Write(const std::string& key, const std::function<store::Written()>& write) {
    const int number = ++writes;
    before(number);
    if (key == lost) {
      return std::nullopt;
    }
    store::Written out = write();
    if (twice) {
      write();
    }
    after(number);
    return out;
  }

  store::Store& inner_;
};

// Tries as often as users do, without their time.
inline constexpr store::RetryPolicy kSoon{
    kSwapPolicy.retries, std::chrono::milliseconds(0), std::chrono::milliseconds(0), {}};

class PublishTest : public tests::SigningTest {
 protected:
  // A signed build of application `name`.
  ImageUpload Build(const std::string& name, const std::string& version,
                    const std::string& architecture = "") const {
    return ImageUpload(images::ImageDirectory(BuildSigned(name, version, architecture)));
  }
  std::string BuildSigned(const std::string& name, const std::string& version,
                          const std::string& architecture = "") const {
    const std::string path = BuildUnsigned(name, version, architecture);
    base::WriteFileAtomically(path + "/release", ReleaseOf(path));
    return path;
  }
  std::string BuildUnsigned(const std::string& name, const std::string& version,
                            const std::string& architecture = "") const {
    tests::SyntheticImage image;
    image.name = name;
    image.version = version;
    image.architecture = architecture;
    image.required_features = {"erofs-zstd"};
    for (uint64_t i = 0; i < 4; ++i) {
      image.chunks.push_back(
          tests::NoiseBytes(i == 0 ? std::hash<std::string>()(name + version) : i, 20'000));
    }
    return tests::WriteImage(At("images"), image);
  }
  std::string ReleaseOf(const std::string& path,
                        const std::string& released = "2026-11-29T21:11:08Z") const {
    const images::ImageDirectory image(path);
    images::Statement statement;
    statement.channel = "production";
    statement.name = image.manifest().name;
    statement.manifest_sha256 = image.stored().digest;
    statement.provenance_sha256 =
        base::Sha256Of(base::ReadFileIfThere(image.provenance_path()).value_or(""));
    statement.released = *base::FromIso8601(released);
    return Sign(statement, {"alice"});
  }

  // What looks like a program for x86_64.
  static std::string Program(const std::string& rest) {
    std::string out =
        "\x7f"
        "ELF\x02\x01\x01";
    out.resize(base::kElfHeadBytes, '\0');
    out[18] = 62;  // e_machine of x86_64
    return out + rest;
  }

  static ChannelChange ChangeTo(std::vector<ImageUpload> images, const std::string& channel = "web",
                                const EditOptions& options = {}) {
    images::ChannelApps apps;
    for (const ImageUpload& image : images) {
      apps[image.name()].push_back(image.variant());
    }
    return {channel, EditToPublish(apps, options), std::move(images)};
  }

  PublishResult Publish(store::Store& store, const ChannelChange& change,
                        const std::string& key = "alice",
                        std::chrono::seconds patience = std::chrono::seconds(0)) const {
    const HeadJudge judge = JudgeByKeys({KeyFile("alice"), KeyFile("bob")});
    ChannelObjects objects(store, judge);
    return Publisher(objects, HeadSigner({KeyFile(key)}, judge, {}), {}, {patience, kSoon})
        .Publish(change);
  }

  // The head, all that it names is there.
  images::ChannelHead WholeHead(store::Store& store, const std::string& channel = "web") const {
    ChannelObjects objects(store, JudgeByKeys({KeyFile("alice"), KeyFile("bob")}));
    const std::optional<StoredHead> head = objects.ReadHead(channel);
    if (!head) {
      ADD_FAILURE() << "no head of " << channel;
      return {};
    }
    for (const std::string& key : images::KeysOf(head->head())) {
      EXPECT_TRUE(store.Exists(key) || key.ends_with("provenance.json")) << key;
    }
    const auto copy = objects.ReadCopy(channel, head->head().version);
    EXPECT_TRUE(copy && copy->line == head->signed_head.line);
    return head->head();
  }

  // Before, and after, each write of `second` to a store that has `first`: what the head names is
  // there, and typed again it does the rest. Returns how many writes it has.
  int KillAtEachWrite(const ChannelChange& first, const ChannelChange& second,
                      const std::function<void(const images::ChannelHead&)>& check) const {
    bool was_repaired = false;
    int writes = 0;
    for (const bool is_after : {false, true}) {
      bool was_killed = true;
      for (int at = 1; was_killed; ++at) {
        std::filesystem::remove_all(folder());
        store::FolderStore store(folder());
        Publish(store, first);
        WatchedStore watched(store);
        (is_after ? watched.after : watched.before) = [&](int write) {
          if (write == at) {
            throw Killed();
          }
        };
        was_killed = false;
        try {
          Publish(watched, second);
        } catch (const Killed&) {
          was_killed = true;
        }
        writes = watched.writes;
        EXPECT_LE(WholeHead(store).version, 2U);
        was_repaired = Publish(store, second).repaired != 0 || was_repaired;
        const images::ChannelHead head = WholeHead(store);
        EXPECT_EQ(head.version, 2U) << "killed at " << at;
        check(head);
      }
    }
    EXPECT_TRUE(was_repaired);
    return writes;
  }

  std::string folder() const { return At("store"); }
};

}  // namespace pusher

#endif  // TESTS_PUSHER_PUBLISH_PUBLISH_SCENE_H_

#include "fetcher/play.h"

#include <filesystem>

#include "pusher/protocol/delta_message.h"
#include "pusher/protocol/recorded_delta.h"
#include "tests/fetcher/fetch_scene.h"
#include "tests/fetcher/folder_server.h"

namespace fetcher {
namespace {

using testing::HasSubstr;
using tests::HttpReaction;
using tests::HttpRequest;

constexpr auto kDamaged = static_cast<int>(base::ExitCode::kVerification);
constexpr auto kFailed = static_cast<int>(base::ExitCode::kFailed);

class PlayTest : public FetchTest {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(folder());
    server_ = std::make_unique<tests::FolderServer>(folder() + "/");
  }
  PlayOrder Order(const std::vector<pusher::ImageUpload>& images) const {
    PlayOrder out;
    out.location = server_->Url();
    for (const pusher::ImageUpload& image : images) out.versions.push_back(DigestOf(image));
    out.options.retries = {3, std::chrono::milliseconds(1), std::chrono::milliseconds(5),
                           std::chrono::milliseconds(5)};
    out.options.limits.stall = std::chrono::seconds(1);
    return out;
  }
  // A host that has version 1, from the channel, whose version 2 is published, too.
  void Update() {
    PublishAll(store_, {old_});
    PublishAll(store_, {image_});
    ASSERT_TRUE(Play(Order({old_})).IsGood());
    ASSERT_TRUE(store_.Exists(delta_key()));
  }
  std::string delta_key() const { return DeltaKeyOf(image_, old_); }

  // What goes wrong is said by both, and nothing is staged.
  void ExpectFailure(const Played& played, int code, const std::string& text) const {
    EXPECT_EQ(played.host_code, code) << played.host_err;
    EXPECT_EQ(static_cast<int>(played.fetch_code), code);
    EXPECT_THAT(played.host_err, HasSubstr(text));
    EXPECT_EQ(Staged(), "");
  }

  store::FolderStore store_{folder()};
  const pusher::ImageUpload old_ = BuildText("1");
  const pusher::ImageUpload image_ = BuildText("2");
  std::unique_ptr<tests::FolderServer> server_;
};

TEST_F(PlayTest, AFirstInstallTakesTheImageByRanges) {
  Trust("host", {"alice"});
  PublishAll(store_, {image_});
  const Played played = Play(Order({image_}));
  EXPECT_TRUE(played.IsGood()) << played.host_err << played.fetch_err;
  EXPECT_TRUE(HasImage(image_));
  EXPECT_EQ(Staged(), "app=" + DigestOf(image_).manifest_sha256.ToHex() + " by channel web\n");
  EXPECT_EQ(Get("host/app/" + image_.image().id().text() + "/release"),
            base::ReadFile(image_.image().path() + "/release"));
  EXPECT_EQ(played.requests, 5U);  // release, manifest, index, provenance, image
  EXPECT_GE(played.bytes, image_.image().manifest().image.size_bytes);
}

TEST_F(PlayTest, AnUpdateTakesADeltaInTwoRequests) {
  Trust("host", {"alice"});
  Update();
  const Played played = Play(Order({image_}));
  EXPECT_TRUE(played.IsGood()) << played.host_err << played.fetch_err;
  EXPECT_TRUE(HasImage(image_));
  EXPECT_EQ(played.requests, 2U);
  EXPECT_LT(played.bytes, image_.image().manifest().image.size_bytes / 5);
}

TEST_F(PlayTest, WhatIsHeldNeedsItsReleaseAlone) {
  Trust("host", {"alice"});
  Update();
  const Played played = Play(Order({old_}));
  EXPECT_TRUE(played.IsGood()) << played.host_err << played.fetch_err;
  EXPECT_EQ(played.requests, 1U);
  EXPECT_EQ(Staged(), "app=" + DigestOf(old_).manifest_sha256.ToHex() + " by channel web\n");
}

TEST_F(PlayTest, SeveralVersionsAreOneGeneration) {
  const pusher::ImageUpload other = BuildText("1", 5, "other");
  Update();
  PublishAll(store_, {image_, other});
  const Played played = Play(Order({other, image_}));
  EXPECT_TRUE(played.IsGood()) << played.host_err << played.fetch_err;
  EXPECT_TRUE(HasImage(image_));
  EXPECT_TRUE(HasImage(other));
  EXPECT_EQ(std::ranges::count(Staged(), '\n'), 2);
}

TEST_F(PlayTest, WithoutADeltaOnlyMissingChunksAreRead) {
  Update();
  store_.Delete(delta_key());
  const Played played = Play(Order({image_}));
  EXPECT_TRUE(played.IsGood()) << played.host_err << played.fetch_err;
  EXPECT_TRUE(HasImage(image_));
  EXPECT_EQ(played.requests, 6U);  // one for the delta
  EXPECT_LT(played.bytes, image_.image().manifest().image.size_bytes / 2);
}

// Wherever it is: what is staged is right.
TEST_F(PlayTest, ADamagedDeltaCostsNoMoreThanRequests) {
  Update();
  const std::string right = store_.Get(delta_key(), 1 << 24).body;
  for (size_t at = 0; at < right.size(); at += 1 + right.size() / 40) {
    const PlayOrder order = Order({image_});
    std::filesystem::remove_all(At("host/app/" + image_.image().id().text()));
    Damage(store_, delta_key(), at);
    const Played played = Play(order);
    EXPECT_TRUE(played.IsGood()) << at << played.host_err << played.fetch_err;
    EXPECT_TRUE(HasImage(image_)) << at;
    store_.Put(delta_key(), store::Content::Text(right));
  }
}

TEST_F(PlayTest, ADeltaThatIsCutOffOrOfSomethingElseIsNoDelta) {
  Update();
  const std::string right = store_.Get(delta_key(), 1 << 24).body;
  std::string other_codec = right;
  other_codec.replace(other_codec.find("\"library\":\"") + 11, 1, "7");
  for (const std::string& text :
       {std::string(), std::string("{}\n"), right.substr(0, right.size() / 2), other_codec,
        right + "x", store_.Get(KeyOf(image_, "image.erofs"), 1 << 24).body}) {
    std::filesystem::remove_all(At("host/app/" + image_.image().id().text()));
    store_.Put(delta_key(), store::Content::Text(text));
    const Played played = Play(Order({image_}));
    EXPECT_TRUE(played.IsGood()) << text.substr(0, 100) << played.host_err << played.fetch_err;
    EXPECT_TRUE(HasImage(image_));
  }
}

// Whoever may write to the store can make right frames of wrong deltas: the host finds out, and
// gets what is missing by ranges.
TEST_F(PlayTest, ADeltaThatGivesOtherChunksIsNotTaken) {
  Update();
  int altered = 0;
  const std::string text =
      Altered(store_.Get(delta_key(), 1 << 24).body, [&](pusher::MessageType type, auto& payload) {
        if (type == pusher::MessageType::kDelta) {
          payload.back() ^= 1;
          ++altered;
        }
      });
  ASSERT_GT(altered, 0);
  store_.Put(delta_key(), store::Content::Text(text));
  const Played played = Play(Order({image_}));
  EXPECT_TRUE(played.IsGood()) << played.host_err << played.fetch_err;
  EXPECT_TRUE(HasImage(image_));
  EXPECT_GT(played.requests, 2U);
}

TEST_F(PlayTest, WhatTheStoreAlteredIsNotOffered) {
  PublishAll(store_, {image_});
  for (const char* file : {"manifest.json", "image.caibx", "image.erofs", "release"}) {
    const std::string key = KeyOf(image_, file);
    const std::string right = store_.Get(key, 1 << 24).body;
    Damage(store_, key, right.size() / 2);
    ExpectFailure(Play(Order({image_})), kDamaged, file);
    store_.Put(key, store::Content::Text(right));
  }
  const std::string provenance = store_.Get(KeyOf(image_, "provenance.json"), 1 << 20).body;
  store_.Put(KeyOf(image_, "provenance.json"), store::Content::Text("{}"));
  ExpectFailure(Play(Order({image_})), kDamaged, "provenance.json is not the one that was signed");
  store_.Delete(KeyOf(image_, "provenance.json"));
  ExpectFailure(Play(Order({image_})), kDamaged, "provenance.json is not the one that was signed");
  store_.Put(KeyOf(image_, "provenance.json"), store::Content::Text(provenance));
  for (const char* file : {"manifest.json", "image.caibx", "image.erofs"}) {
    const std::string key = KeyOf(image_, file);
    const std::string right = store_.Get(key, 1 << 24).body;
    store_.Delete(key);
    ExpectFailure(Play(Order({image_})), kFailed, std::string(file) + " is missing");
    store_.Put(key, store::Content::Text(right));
  }
  EXPECT_TRUE(Play(Order({image_})).IsGood());
}

TEST_F(PlayTest, AHostThatDemandsSignaturesTakesNoOthers) {
  Trust("host", {"bob"});
  PublishAll(store_, {image_});
  ExpectFailure(Play(Order({image_})), kDamaged, "nobody this host trusts");
  store_.Delete(KeyOf(image_, "release"));
  ExpectFailure(Play(Order({image_})), kDamaged, "is not signed");
}

TEST_F(PlayTest, WhatIsDamagedOnTheHostIsRepaired) {
  Update();
  const std::string path = At("host/app/" + old_.image().id().text() + "/image.erofs");
  std::string bytes = base::ReadFile(path);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  base::WriteFileAtomically(path, bytes);
  const Played played = Play(Order({old_}));
  EXPECT_TRUE(played.IsGood()) << played.host_err << played.fetch_err;
  EXPECT_TRUE(HasImage(old_));
}

// What it has of another image it does not ask for, and takes from nobody.
TEST_F(PlayTest, WhatTheHostHasOfARecordingIsLeftOut) {
  Update();
  tests::SyntheticImage other;
  other.name = "other";
  other.chunks = {base::ReadFile(image_.image().image_path())
                      .substr(0, image_.image().ReadIndex().chunks().front().size_bytes)};
  const std::string path = tests::WriteImage(At("images"), other);
  base::WriteFileAtomically(path + "/release", ReleaseOf(path));
  const pusher::ImageUpload upload{images::ImageDirectory(path)};
  PublishAll(store_, {upload});
  ASSERT_TRUE(Play(Order({upload})).IsGood());
  const Played played = Play(Order({image_}));
  EXPECT_TRUE(played.IsGood()) << played.host_err << played.fetch_err;
  EXPECT_TRUE(HasImage(image_));
}

TEST_F(PlayTest, AHostThatIsKilledGoesOnWhereItWas) {
  Update();
  for (int change = 1;; change += 4) {
    ::setenv("SLIPWAY_TEST_DIE_AT", std::to_string(change).c_str(), 1);
    const Played killed = Play(Order({image_}));
    ::unsetenv("SLIPWAY_TEST_DIE_AT");
    const Played played = Play(Order({image_}));
    EXPECT_TRUE(played.IsGood()) << change << played.host_err << played.fetch_err;
    EXPECT_TRUE(HasImage(image_)) << change;
    if (killed.host_code == 0) {
      EXPECT_GT(change, 10);
      break;
    }
    EXPECT_EQ(killed.host_code, 137) << killed.host_err;
    EXPECT_EQ(killed.fetch_code, base::ExitCode::kUnreachable) << killed.fetch_err;
    std::filesystem::remove_all(At("host/app/" + image_.image().id().text()));
  }
}

TEST_F(PlayTest, AServerWithoutRangesSendsTheImageOnce) {
  const pusher::ImageUpload large = BuildText("large", 400);  // more than what is kept
  PublishAll(store_, {large});
  int bodies = 0;
  server_->fault = [&](const HttpRequest& request, const HttpReaction&) {
    const bool is_image = request.headers.contains("range");
    bodies += is_image ? 1 : 0;
    return is_image ? std::optional(
                          HttpReaction{tests::HttpAnswerText(200, Get("store" + request.target))})
                    : std::nullopt;
  };
  const Played played = Play(Order({large}));
  EXPECT_TRUE(played.IsGood()) << played.host_code << played.host_err << played.fetch_err;
  EXPECT_TRUE(HasImage(large));
  EXPECT_EQ(bodies, 1);
}

// What a server may do to any request: nothing that is wrong is staged, and the next run, without
// it, goes through.
TEST_F(PlayTest, AnyRequestMayFail) {
  Update();
  using Make = std::function<HttpReaction(const HttpReaction& right)>;
  const std::map<std::string, Make> kinds = {
      {"500", [](const HttpReaction&) { return HttpReaction{tests::HttpAnswerText(500, "")}; }},
      {"503", [](const HttpReaction&) { return HttpReaction{tests::HttpAnswerText(503, "")}; }},
      {"404", [](const HttpReaction&) { return HttpReaction{tests::HttpAnswerText(404, "")}; }},
      {"403", [](const HttpReaction&) { return HttpReaction{tests::HttpAnswerText(403, "")}; }},
      {"cut off",
       [](const HttpReaction& right) {
         return HttpReaction{right.bytes.substr(0, right.bytes.size() * 2 / 3), true};
       }},
      {"altered",
       [](const HttpReaction& right) {
         HttpReaction out = right;
         out.bytes.back() = static_cast<char>(out.bytes.back() ^ 1);
         return out;
       }},
  };
  for (const bool by_delta : {true, false}) {
    if (!by_delta) store_.Delete(delta_key());
    for (const auto& [kind, make] : kinds) {
      for (const bool always : {false, true}) {
        for (size_t number = 0; number < 6; ++number) {
          std::filesystem::remove_all(At("host/app/" + image_.image().id().text()));
          std::filesystem::remove_all(At("host/incoming"));
          std::filesystem::create_directories(At("host/incoming"));
          const size_t first = server_->CountRequests();
          std::string target;
          server_->fault = [&, &make = make](const HttpRequest& request,
                                             const HttpReaction& right) {
            if (request.number == first + number) target = request.target;
            const bool is_it = request.number == first + number ||
                               (always && !target.empty() && request.target == target);
            return is_it ? std::optional(make(right)) : std::nullopt;
          };
          const Played played = Play(Order({image_}));
          const std::string what = fmt::format("{} {} of {}: {} {}", kind, always, number,
                                               played.host_err, played.fetch_err);
          EXPECT_EQ(played.host_code == 0, played.fetch_code == base::ExitCode()) << what;
          if (played.host_code == 0) {
            EXPECT_TRUE(HasImage(image_)) << what;
          } else {
            EXPECT_FALSE(HasImage(image_)) << what;
            EXPECT_EQ(static_cast<int>(played.fetch_code), played.host_code) << what;
          }
          server_->fault = nullptr;
          EXPECT_TRUE(Play(Order({image_})).IsGood()) << what;
          EXPECT_TRUE(HasImage(image_)) << what;
        }
      }
    }
  }
}

TEST_F(PlayTest, AServerThatStallsOnceIsAskedAgain) {
  PublishAll(store_, {image_});
  size_t stuck = 0;
  server_->fault = [&](const HttpRequest&, const HttpReaction& right) {
    return ++stuck == 5 ? std::optional(HttpReaction{right.bytes.substr(0, 90'000), false, true})
                        : std::nullopt;
  };
  const Played played = Play(Order({image_}));
  EXPECT_TRUE(played.IsGood()) << played.host_err << played.fetch_err;
  EXPECT_TRUE(HasImage(image_));
}

TEST_F(PlayTest, AStoreThatIsNotThereIsUnreachable) {
  PlayOrder order = Order({image_});
  order.location = "http://127.0.0.1:1";
  order.options.retries.retries = 1;
  ExpectFailure(Play(order), static_cast<int>(base::ExitCode::kUnreachable), "127.0.0.1:1");
}

}  // namespace
}  // namespace fetcher

// imgpush publishes to S3 as Ceph's radosgw has it: several at once, some of which are killed.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include "base/process.h"
#include "store/open.h"
#include "tests/pusher/publish/publish_scene.h"
#include "tests/support/run.h"
#include "tests/support/servers.h"

namespace pusher {
namespace {

using testing::HasSubstr;

class PublishOnCephTest : public PublishTest {
 protected:
  static void SetUpTestSuite() {
    ceph_ = new tests::CephHost({"user:web1", "user:web2", "one", "apps"});
  }
  static void TearDownTestSuite() { delete ceph_; }

  void SetUp() override {
    ::setenv("TMPDIR", scratch().c_str(), 1);  // what is killed leaves something there
    Put("credentials", "[default]\naws_access_key_id = " + ceph_->KeyId() +
                           "\naws_secret_access_key = " + ceph_->Secret() + "\n");
    std::filesystem::permissions(At("credentials"), std::filesystem::perms::owner_read);
  }
  void TearDown() override { ::unsetenv("TMPDIR"); }  // it is gone then
  std::string Location() const { return "s3+" + ceph_->Endpoint() + "/one/apps"; }
  std::vector<std::string> Command(std::vector<std::string> words) const {
    words.insert(words.begin(), TEST_IMGPUSH);
    words.insert(words.begin() + 2, {"--credentials", At("credentials")});
    return words;
  }
  std::vector<std::string> PublishCommand(const std::string& path) const {
    return Command({"publish", "--key", KeyFile("alice"), Location(), "web", path});
  }

  static tests::CephHost* ceph_;
};
tests::CephHost* PublishOnCephTest::ceph_ = nullptr;

// Three publishers at once, whose processes are killed now and then, and repeated until they are
// done: all that they published is in, in as many versions.
TEST_F(PublishOnCephTest, PublishersThatRaceAndAreKilledLoseNothing) {
  constexpr int kVersions = 3;
  const std::vector<std::string> names = {"web", "db", "shop"};
  std::vector<std::vector<std::string>> builds;
  for (const std::string& name : names) {
    auto& of_name = builds.emplace_back();
    for (int version = 0; version < kVersions; ++version) {
      of_name.push_back(BuildSigned(name, std::to_string(version)));
    }
  }
  std::vector<std::thread> publishers;
  for (size_t i = 0; i < names.size(); ++i) {
    publishers.emplace_back([&, i] {
      std::mt19937 random(static_cast<uint32_t>(i));
      for (const std::string& build : builds[i]) {
        for (int kill = 0; kill < 3; ++kill) {
          std::vector<std::string> quiet = {"sh", "-c", "exec \"$0\" \"$@\" >/dev/null 2>&1"};
          std::ranges::copy(PublishCommand(build), std::back_inserter(quiet));
          base::Child child(quiet);
          child.WaitFor(std::chrono::milliseconds(50 + random() % 400));
        }  // it is killed here, where it still runs
        const tests::RunResult done = tests::RunCommand(PublishCommand(build));
        EXPECT_EQ(done.exit_code, 0) << done.err;
      }
    });
  }
  for (std::thread& publisher : publishers) {
    publisher.join();
  }
  const auto store = store::Open(Location(), {.credentials_file = At("credentials")});
  const images::ChannelHead head = WholeHead(*store);
  EXPECT_EQ(head.version, names.size() * kVersions);
  for (size_t i = 0; i < names.size(); ++i) {
    EXPECT_EQ(head.apps.at(names[i]).front().manifest_sha256,
              images::ImageDirectory(builds[i].back()).stored().digest);
  }
  const auto deltas = store->List(images::kDeltasPrefix);
  EXPECT_GE(deltas.size(), names.size());

  const auto channel = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {"channel", "--json"});
    return nlohmann::json::parse(tests::MustRun(Command(words)));
  };
  EXPECT_EQ(channel({"list", Location(), "web"}).size(), names.size() * kVersions);
  EXPECT_EQ(channel({"rollback", "--key", KeyFile("alice"), Location(), "web", "1"})["version"],
            names.size() * kVersions + 1);
  EXPECT_EQ(channel({"prune", Location()})["deleted"].size(), 0U);
  WholeHead(*store);
}

// The policy of docs/channels.md, as it stands there.
std::string DocumentedPolicy() {
  const std::string text = base::ReadFile(TEST_CHANNELS_DOCUMENT);
  const size_t start = text.find("```json\n{ \"Version\": \"2012-10-17\"") + 8;
  return text.substr(start, text.find("```", start) - start);
}

TEST_F(PublishOnCephTest, AHostsKeyMayReadWhatIsPublishedAndWriteItsOwnReport) {
  const std::string location = "s3+" + ceph_->Endpoint() + "/apps";
  Put("policy", DocumentedPolicy());
  tests::MustRun({"curl", "--silent", "--show-error", "--fail", "--noproxy", "*", "--aws-sigv4",
                  "aws:amz:us-east-1:s3", "--user", ceph_->KeyId() + ":" + ceph_->Secret(),
                  "--header", "x-amz-content-sha256: UNSIGNED-PAYLOAD", "--upload-file",
                  At("policy"), ceph_->Endpoint() + "/apps?policy="});
  const std::string path = BuildSigned("web", "1");
  tests::MustRun(Command({"publish", "--key", KeyFile("alice"), location, "web", path}));
  const auto owner = store::Open(location, {.credentials_file = At("credentials")});
  owner->Put("state/web1.json", store::Content::Text("by the owner"));

  const auto as = [&](const std::string& host) {
    const std::string file =
        Put(host + ".key", "[default]\naws_access_key_id = " + host +
                               "-KEY\naws_secret_access_key = " + host + "-SECRET\n");
    std::filesystem::permissions(file, std::filesystem::perms::owner_read);
    return store::Open(location, {.credentials_file = file});
  };
  const auto web1 = as("web1");
  const auto web2 = as("web2");
  const images::ImageId id = images::ImageDirectory(path).id();
  for (const std::string& key :
       {std::string("channels/web/head"), images::ImageFileKey("web", id, "image.erofs")}) {
    EXPECT_EQ(web2->Head(key).state, store::State::kHere) << key;
  }
  EXPECT_EQ(web2->Get("channels/none/head", 100).state, store::State::kHidden);
  web1->Put("state/web1.json", store::Content::Text("by web1"), {store::Caching::kNoCache, true});
  EXPECT_EQ(owner->Get("state/web1.json", 100).body, "by web1");

  const auto is_refused = [](const std::function<void()>& act) {
    const base::Error error = tests::ErrorOf(act);
    EXPECT_THAT(error.what(), HasSubstr("403 (AccessDenied)"));
    return error.code() == base::ExitCode::kFailed;
  };
  for (const std::string& key : {std::string("state/web1.json"), std::string("channels/web/head"),
                                 images::ImageFileKey("web", id, "release"),
                                 std::string("channels/web/00000002"), std::string("prune.json")}) {
    EXPECT_TRUE(is_refused([&] { web2->Put(key, store::Content::Text("by web2")); })) << key;
    EXPECT_TRUE(is_refused([&] { web2->Delete(key); })) << key;
  }
  EXPECT_EQ(web2->Get("state/web1.json", 100).state, store::State::kHidden);
  EXPECT_TRUE(is_refused([&] { web2->List(""); }));
  EXPECT_EQ(owner->Get("state/web1.json", 100).body, "by web1");
  WholeHead(*owner);
}

}  // namespace
}  // namespace pusher

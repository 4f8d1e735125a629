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
  static void SetUpTestSuite() { ceph_ = new tests::CephHost({"one"}); }
  static void TearDownTestSuite() { delete ceph_; }

  void SetUp() override {
    ::setenv("TMPDIR", scratch().c_str(), 1);  // what is killed leaves something there
    Put("credentials", "[default]\naws_access_key_id = " + ceph_->KeyId() +
                           "\naws_secret_access_key = " + ceph_->Secret() + "\n");
    std::filesystem::permissions(At("credentials"), std::filesystem::perms::owner_read);
  }
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

}  // namespace
}  // namespace pusher

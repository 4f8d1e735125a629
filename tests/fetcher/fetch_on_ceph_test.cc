// The static program on S3 as Ceph's radosgw has it.
#include <gmock/gmock.h>

#include <filesystem>
#include <future>

#include "images/channel/state_document.h"
#include "tests/fetcher/ceph.h"
#include "tests/support/run.h"

namespace fetcher {
namespace {

TEST_F(FetchOnCephTest, ItInstallsUpdatesAndReports) {
  const std::string location = Location("apps");
  const auto store = Open(location);
  const pusher::ImageUpload old = BuildText("1", 200);
  const pusher::ImageUpload image = BuildText("2", 200);
  PublishAll(*store, {old});
  PublishAll(*store, {image});
  Trust("host", {"alice"});
  const auto play = [&](const pusher::ImageUpload& wanted) {
    return Play({location, {DigestOf(wanted)}, {}, {TEST_FETCH}});
  };

  const Played anonymous = play(old);
  EXPECT_EQ(anonymous.host_code, 1) << anonymous.host_err;
  GiveKey();
  const Played first = play(old);
  EXPECT_TRUE(first.IsGood()) << first.host_err << first.fetch_err;
  const Played update = play(image);
  EXPECT_TRUE(update.IsGood()) << update.host_err << update.fetch_err;
  EXPECT_TRUE(HasImage(image));
  EXPECT_EQ(update.requests, 2U);
  EXPECT_EQ(play(image).requests, 1U);
  // Without the delta: what S3 says of a missing object to whoever may not list is no error.
  store->Delete(DeltaKeyOf(image, old));
  std::filesystem::remove_all(At("host/app/" + image.image().id().text()));
  const Played by_ranges = play(image);
  EXPECT_TRUE(by_ranges.IsGood()) << by_ranges.host_err << by_ranges.fetch_err;
  EXPECT_TRUE(HasImage(image));

  tests::SocketPair pair;
  const pid_t fetch = Start({TEST_FETCH}, pair.b.get(), At("fetch.err"));
  pair.b.Reset();
  {
    pusher::Stream stream(pair.a.get(), pair.a.get(), {"fetch"});
    pusher::Wire wire(stream);
    Ask(wire, pusher::OpenStore{location, "", "", ""});
    Ask(wire, pusher::PutObject{"state/web1.json", 2});
    pusher::SendBlob(wire, "{}");
    const auto answer = pusher::FetchAnswer::Parse(
        pusher::Expect(wire, pusher::MessageType::kFetchAnswer).text(), "fetch");
    EXPECT_EQ(answer.state, pusher::FetchState::kHere);
    EXPECT_TRUE(answer.clock_offset_seconds.has_value());
  }
  pair.a.Reset();
  EXPECT_EQ(EndOf(fetch), 0);
  EXPECT_EQ(store->Get("state/web1.json", 10).body, "{}");
}

// All of `activate pull` but systemd, as bench/publish has 1000 of them.
TEST_F(FetchOnCephTest, TwentyHostsPullAtOnce) {
  const std::string location = Location("many");
  const auto store = Open(location);
  std::vector<std::string> hosts;
  for (int i = 0; i < 20; ++i) {
    hosts.push_back("host" + std::to_string(i));
    MakeHost(hosts.back(), location, "web");
  }
  GiveKey();
  const auto pull_all = [&] {
    std::vector<std::future<std::string>> pulls;
    for (const std::string& host : hosts) {
      pulls.push_back(std::async(std::launch::async, [this, host] {
        return tests::MustRun({TEST_PULL_AGENT, TEST_FETCH, At(host)});
      }));
    }
    for (std::future<std::string>& pull : pulls) {
      EXPECT_THAT(pull.get(), testing::HasSubstr(R"("exit_code":0,"result":"active")"));
    }
  };
  for (const char* version : {"1", "2"}) {
    const pusher::ImageUpload image = BuildText(version, 20);
    PublishAll(*store, {image});
    pull_all();
    pull_all();  // nothing new
    for (const std::string& host : hosts) {
      EXPECT_TRUE(HasImage(image, host)) << host;
      const auto state =
          images::StateDocument::Parse(store->Get("state/" + host + ".json", 1 << 20).body, host);
      EXPECT_EQ(state.channels.at("web").applied->version, std::stoul(version));
      EXPECT_EQ(state.sequence, std::stoul(version));  // one report of each change
    }
  }
}

}  // namespace
}  // namespace fetcher

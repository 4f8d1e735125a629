// The static program on S3 as Ceph's radosgw has it.
#include <cstdlib>
#include <filesystem>

#include "store/open.h"
#include "tests/fetcher/fetch_scene.h"
#include "tests/support/servers.h"

namespace fetcher {
namespace {

TEST_F(FetchTest, OnCephItInstallsUpdatesAndReports) {
  const tests::CephHost ceph({"one"});
  Put("credentials/store", "[default]\naws_access_key_id = " + ceph.KeyId() +
                               "\naws_secret_access_key = " + ceph.Secret() + "\n");
  std::filesystem::permissions(At("credentials/store"), std::filesystem::perms::owner_read);
  const std::string location = "s3+" + ceph.Endpoint() + "/one/apps";
  const auto store = store::Open(location, {.credentials_file = At("credentials/store")});
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
  ::setenv("CREDENTIALS_DIRECTORY", At("credentials").c_str(), 1);
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
  ::unsetenv("CREDENTIALS_DIRECTORY");
}

}  // namespace
}  // namespace fetcher

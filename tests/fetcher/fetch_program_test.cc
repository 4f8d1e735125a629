// The static program `fetch` itself.
#include <csignal>
#include <filesystem>

#include "tests/fetcher/fetch_scene.h"
#include "tests/fetcher/folder_server.h"
#include "tests/support/run.h"

namespace fetcher {
namespace {

using testing::HasSubstr;
using tests::HttpReaction;
using tests::HttpRequest;

class FetchProgramTest : public FetchTest {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(folder());
    server_ = std::make_unique<tests::FolderServer>(folder() + "/");
  }
  PlayOrder Order(const pusher::ImageUpload& image) const {
    return {server_->Url(), {DigestOf(image)}, {}, {TEST_FETCH}};
  }

  store::FolderStore store_{folder()};
  std::unique_ptr<tests::FolderServer> server_;
};

TEST_F(FetchProgramTest, ItSaysWhatItIs) {
  EXPECT_THAT(tests::MustRun({TEST_FETCH, "--version"}), testing::StartsWith("fetch "));
  EXPECT_THAT(tests::MustRun({TEST_FETCH, "--help"}), HasSubstr("activate pull"));
  EXPECT_EQ(tests::RunCommand({TEST_FETCH, "--what"}).exit_code, 2);
  EXPECT_EQ(tests::RunCommand({TEST_FETCH}).exit_code, 0);  // nobody asks
}

// With the agent, which has 64 MiB, it stays within 96.
TEST_F(FetchProgramTest, AFirstInstallOfALargeImageTakesLittleMemory) {
  const pusher::ImageUpload image = BuildText("large", 1000);
  PublishAll(store_, {image});
  const Played played = Play(Order(image));
  EXPECT_TRUE(played.IsGood()) << played.host_err << played.fetch_err;
  EXPECT_TRUE(HasImage(image));
  EXPECT_LT(played.fetch_kib, 32 << 10);
  std::printf("an image of %llu bytes: %llu requests, %llu bytes, %ld KiB of memory\n",
              static_cast<unsigned long long>(image.image().manifest().image.size_bytes),
              static_cast<unsigned long long>(played.requests),
              static_cast<unsigned long long>(played.bytes), played.fetch_kib);
}

// Right frames of wrong texts, which only the host can find out: its pull takes the image itself.
TEST_F(FetchProgramTest, ADeltaWithWrongTextsDoesNotStopAPull) {
  const pusher::ImageUpload old = BuildText("1", 100);
  const pusher::ImageUpload image = BuildText("2", 100);
  PublishAll(store_, {old});
  MakeHost("host", server_->Url(), "web");
  const std::vector<std::string> pull = {TEST_PULL_AGENT, TEST_FETCH, At("host")};
  const std::string active = R"("exit_code":0,"result":"active")";
  EXPECT_THAT(tests::MustRun(pull), HasSubstr(active));
  PublishAll(store_, {image});
  const std::string key = DeltaKeyOf(image, old);
  const std::string right = store_.Get(key, 1 << 24).body;
  int altered = 0;
  store_.Put(key, store::Content::Text(Altered(right, [&](pusher::MessageType type, auto& payload) {
               if (type == pusher::MessageType::kBlob) {
                 payload.at(payload.size() / 2) ^= 1;
                 ++altered;
               }
             })));
  ASSERT_EQ(altered, 1);
  EXPECT_THAT(tests::MustRun(pull), HasSubstr(active));
  EXPECT_TRUE(HasImage(image));
}

TEST_F(FetchProgramTest, ItMayBeKilledAtAnyRequest) {
  const pusher::ImageUpload old = BuildText("1", 100);
  const pusher::ImageUpload image = BuildText("2", 100);
  PublishAll(store_, {old});
  PublishAll(store_, {image});
  for (const pusher::ImageUpload* wanted : {&old, &image}) {
    for (size_t number = 0;; ++number) {
      const size_t first = server_->CountRequests();
      bool killed = false;
      server_->fault = [&](const HttpRequest& request,
                           const HttpReaction& right) -> std::optional<HttpReaction> {
        if (request.number != first + number) return std::nullopt;
        killed = true;
        ::kill(started_, SIGKILL);
        return HttpReaction{right.bytes.substr(0, right.bytes.size() / 2), true};
      };
      const Played played = Play(Order(*wanted));
      server_->fault = nullptr;
      const bool is_whole = played.host_code == 0;
      EXPECT_EQ(HasImage(*wanted), is_whole);
      EXPECT_TRUE(is_whole || killed) << played.host_err;
      if (is_whole) break;  // it was killed at no request of the play
      EXPECT_EQ(played.host_code, static_cast<int>(base::ExitCode::kUnreachable));
      ASSERT_LT(number, 20U);
    }
    EXPECT_TRUE(Play(Order(*wanted)).IsGood());
  }
}

}  // namespace
}  // namespace fetcher

// A folder that nginx serves, also by TLS.
#include <gmock/gmock.h>

#include <cstdlib>

#include "base/error.h"
#include "store/open.h"
#include "tests/support/errors.h"
#include "tests/support/random_bytes.h"
#include "tests/support/scratch.h"
#include "tests/support/servers.h"

namespace store {
namespace {

using testing::HasSubstr;

class NginxTest : public tests::ScratchTest {
 protected:
  NginxTest() {
    ::unsetenv("SSL_CERT_FILE");
    const std::unique_ptr<Store> folder = Open(At("served"));
    folder->Put("channels/web/head", Content::Text("one"));
    folder->Put("images/web/1/image.erofs", Content::Text(image_));
    host_ = std::make_unique<tests::WebHost>(At("served"), At("certificate"));
  }
  std::unique_ptr<Store> OpenTls(const std::string& path = "") const {
    return Open(host_->Tls() + path, {.ca_file = At("certificate")});
  }

  const std::vector<uint8_t> bytes_ = tests::RandomBytes(3'000'000, 3);
  const std::string image_{bytes_.begin(), bytes_.end()};
  std::unique_ptr<tests::WebHost> host_;
};

TEST_F(NginxTest, AFolderIsReadByTls) {
  const std::unique_ptr<Store> store = OpenTls();
  const Object head = store->Get("channels/web/head", 100);
  EXPECT_EQ(head.state, State::kHere);
  EXPECT_EQ(head.body, "one");
  EXPECT_EQ(store->Get("channels/web/head", 100, head.version).state, State::kUnchanged);
  EXPECT_EQ(store->Get("channels/web/missing", 100).state, State::kMissing);
  EXPECT_EQ(store->Head("images/web/1/image.erofs").size_bytes, image_.size());
  EXPECT_LT(store->traffic().received_bytes, 5'000U);
  EXPECT_EQ(Open(host_->Plain())->Get("channels/web/head", 100).body, "one");
}

// nginx's ETag has the size and the second alone.
TEST_F(NginxTest, WhatIsReplacedAtOnceHasAnotherVersion) {
  const std::unique_ptr<Store> folder = Open(At("served"));
  const std::unique_ptr<Store> store = OpenTls();
  std::string version;
  for (const std::string text : {"aaa", "bbb", "ccc", "ddd"}) {
    folder->Put("channels/web/head", Content::Text(text));
    const Object head = store->Get("channels/web/head", 100, version);
    EXPECT_EQ(head.body, text);
    version = head.version;
  }
}

TEST_F(NginxTest, RangesAreReadAlsoFromAServerWithoutThem) {
  const std::vector<Range> ranges = {{0, 10}, {2'000'000, 1'000'000}, {500'000, 100'000}};
  for (const std::string path : {"", "/no-ranges"}) {
    const std::unique_ptr<Store> store = OpenTls(path);
    std::vector<std::string> got(ranges.size());
    const RangesRead read = store->GetRanges(
        "images/web/1/image.erofs", ranges,
        [&](size_t index, base::Bytes piece) { got.at(index) += base::AsText(piece); });
    EXPECT_EQ(read.state, State::kHere);
    EXPECT_EQ(read.took_whole_body, !path.empty());
    for (size_t i = 0; i < ranges.size(); ++i) {
      EXPECT_TRUE(got[i] == image_.substr(ranges[i].offset, ranges[i].size_bytes)) << i;
    }
    EXPECT_EQ(store->traffic().requests, path.empty() ? 3U : 1U);
    EXPECT_EQ(store->GetRange("missing", {0, 1}).state, State::kMissing);
  }
}

TEST_F(NginxTest, OnlyItsOwnCertificateIsTrusted) {
  const auto get = [](const std::unique_ptr<Store>& store) {
    return tests::ErrorOf([&] { store->Get("channels/web/head", 100); });
  };
  const base::Error error = get(Open(host_->Tls()));
  EXPECT_EQ(error.code(), base::ExitCode::kUnreachable);
  EXPECT_THAT(error.what(), HasSubstr("SSL_CERT_FILE"));
  ::setenv("SSL_CERT_FILE", At("certificate").c_str(), 1);
  EXPECT_EQ(Open(host_->Tls())->Get("channels/web/head", 100).body, "one");
  ::unsetenv("SSL_CERT_FILE");
  // The right certificate for another name.
  const std::string by_number = "https://127.0.0.1" + host_->Tls().substr(host_->Tls().rfind(':'));
  EXPECT_THAT(get(Open(by_number, {.ca_file = At("certificate")})).what(), HasSubstr("127.0.0.1"));
}

TEST_F(NginxTest, RedirectsAreNotFollowed) {
  EXPECT_THAT(tests::MessageOf([&] { OpenTls("/moved")->Get("channels/web/head", 100); }),
              HasSubstr("it answers 301; redirects are not followed"));
}

}  // namespace
}  // namespace store

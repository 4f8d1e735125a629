// S3 as Ceph's radosgw has it, on one real Ceph for all tests.
#include "store/s3_store.h"

#include <gmock/gmock.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "base/error.h"
#include "base/random.h"
#include "store/open.h"
#include "tests/support/errors.h"
#include "tests/support/random_bytes.h"
#include "tests/support/scratch.h"
#include "tests/support/servers.h"

namespace store {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string TextOf(const std::vector<uint8_t>& bytes) { return {bytes.begin(), bytes.end()}; }

class S3StoreTest : public tests::ScratchTest {
 protected:
  static void SetUpTestSuite() { ceph_ = new tests::CephHost({"one"}); }
  static void TearDownTestSuite() { delete ceph_; }

  void SetUp() override {
    Put("credentials", "[default]\naws_access_key_id = " + ceph_->KeyId() +
                           "\naws_secret_access_key = " + ceph_->Secret() + "\n");
    std::filesystem::permissions(At("credentials"), std::filesystem::perms::owner_read);
  }
  // Below a prefix of the test's own.
  std::string Location() const { return "s3+" + ceph_->Endpoint() + "/one/" + prefix_; }
  std::unique_ptr<Store> OpenStore() const {
    return Open(Location(), {.credentials_file = At("credentials")});
  }

  static tests::CephHost* ceph_;
  std::string prefix_ = "test-" + base::RandomHex(4);
};
tests::CephHost* S3StoreTest::ceph_ = nullptr;

TEST_F(S3StoreTest, WhatIsWrittenIsRead) {
  const std::unique_ptr<Store> store = OpenStore();
  EXPECT_EQ(store->Get("channels/web/head", 100).state, State::kMissing);
  EXPECT_EQ(store->Head("channels/web/head").state, State::kMissing);
  const Written version = store->PutIfAbsent("channels/web/head", Content::Text("one"));
  ASSERT_TRUE(version);
  const Object read = store->Get("channels/web/head", 100);
  EXPECT_EQ(read.state, State::kHere);
  EXPECT_EQ(read.body, "one");
  EXPECT_EQ(read.version, *version);
  EXPECT_EQ(store->Get("channels/web/head", 100, *version).state, State::kUnchanged);
  const Info info = store->Head("channels/web/head");
  EXPECT_EQ(info.size_bytes, 3U);
  EXPECT_EQ(info.version, *version);
  store->Delete("channels/web/head");
  store->Delete("channels/web/head");
  EXPECT_FALSE(store->Exists("channels/web/head"));
  EXPECT_GE(store->traffic().requests, 8U);
  EXPECT_GT(store->traffic().received_bytes, 500U);
  EXPECT_LE(std::abs(store->traffic().clock_offset_seconds.value()), 5);
}

TEST_F(S3StoreTest, OnlyTheExpectedVersionIsReplaced) {
  const std::unique_ptr<Store> store = OpenStore();
  const Written first = store->PutIfAbsent("head", Content::Text("one"));
  EXPECT_FALSE(store->PutIfAbsent("head", Content::Text("other")));
  EXPECT_FALSE(store->CompareAndSwap("missing", *first, Content::Text("x")));
  EXPECT_FALSE(store->CompareAndSwap("head", "", Content::Text("x")));
  const Written second = store->CompareAndSwap("head", *first, Content::Text("two"));
  ASSERT_TRUE(second);
  EXPECT_FALSE(store->CompareAndSwap("head", *first, Content::Text("three")));
  EXPECT_EQ(store->Get("head", 10).body, "two");
  EXPECT_NE(store->Put("head", Content::Text("four")), *second);
  EXPECT_EQ(store->Get("head", 10).body, "four");
}

TEST_F(S3StoreTest, CephHonoursConditionalWrites) {
  const std::unique_ptr<Store> store = OpenStore();
  EXPECT_EQ(WhyConditionalWritesFail(*store), std::nullopt);
  EXPECT_TRUE(store->List("").empty());
}

TEST_F(S3StoreTest, OneOfTenWritersWins) {
  for (int round = 0; round < 5; ++round) {
    std::atomic<int> won = 0;
    std::vector<std::thread> writers;
    const std::string key = "key" + std::to_string(round);
    for (int i = 0; i < 10; ++i) {
      writers.emplace_back([&, i] {
        won += OpenStore()->PutIfAbsent(key, Content::Text(std::to_string(i))) ? 1 : 0;
      });
    }
    for (std::thread& writer : writers) {
      writer.join();
    }
    EXPECT_EQ(won, 1);
  }
}

// Each adds one to the number that it read, until that went through: none is lost.
TEST_F(S3StoreTest, NoSwapOfTenIsLost) {
  OpenStore()->Put("key", Content::Text("0 by nobody"));
  std::vector<std::thread> writers;
  for (int i = 0; i < 10; ++i) {
    writers.emplace_back([&, i] {
      const std::unique_ptr<Store> store = OpenStore();
      for (;;) {
        const Object read = store->Get("key", 100);
        const std::string next =
            std::to_string(std::stoi(read.body) + 1) + " by " + std::to_string(i);
        if (store->CompareAndSwap("key", read.version, Content::Text(next))) {
          return;
        }
      }
    });
  }
  for (std::thread& writer : writers) {
    writer.join();
  }
  EXPECT_THAT(OpenStore()->Get("key", 100).body, testing::StartsWith("10 "));
}

TEST_F(S3StoreTest, AFileIsReadByRangesOverSeveralConnections) {
  const std::string image = TextOf(tests::RandomBytes(20'000'000, 1));
  const std::unique_ptr<Store> store = OpenStore();
  ASSERT_TRUE(store->PutIfAbsent("images/web/1/image.erofs", Content::File(Put("image", image)),
                                 {Caching::kImmutable, true}));
  EXPECT_FALSE(store->PutIfAbsent("images/web/1/image.erofs", Content::File(Put("i", "other"))));
  std::vector<Range> ranges;
  for (uint64_t at = 0; at + 700'000 < image.size(); at += 1'000'000) {
    ranges.push_back({at, 700'000});
  }
  std::vector<std::string> got(ranges.size());
  const RangesRead read = store->GetRanges(
      "images/web/1/image.erofs", ranges,
      [&](size_t index, base::Bytes piece) { got.at(index) += base::AsText(piece); });
  EXPECT_EQ(read.state, State::kHere);
  EXPECT_FALSE(read.took_whole_body);
  for (size_t i = 0; i < ranges.size(); ++i) {
    EXPECT_TRUE(got[i] == image.substr(ranges[i].offset, ranges[i].size_bytes)) << i;
  }
  EXPECT_EQ(store->GetRange("missing", {0, 1}).state, State::kMissing);
  const base::Error error = tests::ErrorOf([&] {
    store->GetRange("images/web/1/image.erofs", {19'999'999, 2});
  });
  EXPECT_EQ(error.code(), base::ExitCode::kVerification);
  EXPECT_THAT(error.what(), HasSubstr("bytes 19999999-20000000 and answers with "
                                      "'bytes 19999999-19999999/20000000'"));
  EXPECT_THAT(tests::MessageOf([&] {
                store->GetRange("images/web/1/image.erofs", {20'000'000, 2});
              }),
              HasSubstr("ends before byte 20000002"));
  EXPECT_THAT(tests::MessageOf([&] { store->Get("images/web/1/image.erofs", 1000); }),
              HasSubstr("more than the 1000 bytes"));
}

TEST_F(S3StoreTest, ListsMoreThanAPageSorted) {
  const std::unique_ptr<Store> store = OpenStore();
  std::vector<std::thread> writers;
  for (int part = 0; part < 6; ++part) {
    writers.emplace_back([&, part] {
      const std::unique_ptr<Store> own = OpenStore();
      for (int i = part; i < 1203; i += 6) {
        own->Put("state/host-" + std::to_string(10000 + i), Content::Text(std::to_string(i)));
      }
    });
  }
  for (std::thread& writer : writers) {
    writer.join();
  }
  store->Put("state-old", Content::Text("x"));
  const std::vector<Listed> listed = store->List("state/");
  ASSERT_EQ(listed.size(), 1203U);
  for (size_t i = 0; i < listed.size(); ++i) {
    ASSERT_EQ(listed[i].key, "state/host-" + std::to_string(10000 + i));
  }
  EXPECT_EQ(listed[1202].size_bytes, 4U);
  EXPECT_EQ(listed[1202].version, store->Head("state/host-11202").version);
  EXPECT_TRUE(store->List("none").empty());
}

TEST_F(S3StoreTest, WhoMayNotIsToldWhatToDo) {
  const std::string key = "key";
  OpenStore()->Put(key, Content::Text("1"));
  const std::unique_ptr<Store> anonymous = Open(Location(), {.anonymous = true});
  EXPECT_EQ(anonymous->Get(key, 10).state, State::kHidden);
  EXPECT_EQ(anonymous->Get("missing", 10).state, State::kHidden);
  EXPECT_EQ(anonymous->Head("missing").state, State::kHidden);
  EXPECT_EQ(anonymous->GetRange("missing", {0, 1}).state, State::kHidden);
  EXPECT_THAT(tests::MessageOf([&] { anonymous->Put(key, Content::Text("2")); }),
              HasSubstr("/key: it answers 403 (AccessDenied); use a key that may do that"));
  EXPECT_THAT(tests::MessageOf([&] { anonymous->List(""); }), HasSubstr("403 (AccessDenied)"));

  Put("wrong", "aws_access_key_id=" + ceph_->KeyId() + "\naws_secret_access_key=topsecret\n");
  std::filesystem::permissions(At("wrong"), std::filesystem::perms::owner_read);
  const std::unique_ptr<Store> wrong = Open(Location(), {.credentials_file = At("wrong")});
  EXPECT_THAT(tests::MessageOf([&] { wrong->Get(key, 10); }),
              AllOf(HasSubstr("SignatureDoesNotMatch"), HasSubstr("the secret key is wrong"),
                    Not(HasSubstr("topsecret"))));

  const std::unique_ptr<Store> no_bucket =
      Open("s3+" + ceph_->Endpoint() + "/missing", {.credentials_file = At("credentials")});
  EXPECT_THAT(tests::MessageOf([&] { no_bucket->Get(key, 10); }),
              HasSubstr("404 (NoSuchBucket); make the bucket, or correct its name"));
  EXPECT_THAT(tests::MessageOf([&] { no_bucket->PutIfAbsent(key, Content::Text("1")); }),
              HasSubstr("NoSuchBucket"));
  EXPECT_THAT(tests::MessageOf([&] { no_bucket->List(""); }), HasSubstr("NoSuchBucket"));
}

TEST_F(S3StoreTest, TheEnvironmentsKeyAndEndpointCount) {
  ::setenv("AWS_ACCESS_KEY_ID", ceph_->KeyId().c_str(), 1);
  ::setenv("AWS_SECRET_ACCESS_KEY", ceph_->Secret().c_str(), 1);
  ::setenv("AWS_ENDPOINT_URL", ceph_->Endpoint().c_str(), 1);
  const std::unique_ptr<Store> store = Open("s3://one/" + prefix_ + "?region=eu-north-1");
  store->Put("key", Content::Text("1"));
  ::unsetenv("AWS_ACCESS_KEY_ID");
  ::unsetenv("AWS_SECRET_ACCESS_KEY");
  ::unsetenv("AWS_ENDPOINT_URL");
  EXPECT_EQ(OpenStore()->Get("key", 10).body, "1");
  EXPECT_EQ(store->location(), ceph_->Endpoint() + "/one/" + prefix_);
}

}  // namespace
}  // namespace store

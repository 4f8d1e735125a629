#include "store/folder_store.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <thread>

#include "base/error.h"
#include "store/open.h"
#include "tests/support/errors.h"
#include "tests/support/scratch.h"

namespace store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> KeysOf(const std::vector<Listed>& objects) {
  std::vector<std::string> out;
  for (const Listed& object : objects) {
    out.push_back(object.key);
  }
  return out;
}

class FolderStoreTest : public tests::ScratchTest {
 protected:
  std::string folder_ = At("stick");
  std::unique_ptr<Store> store_ = Open("file://" + folder_);
};

TEST_F(FolderStoreTest, WhatIsWrittenIsRead) {
  EXPECT_EQ(store_->Get("channels/web/head", 100).state, State::kMissing);
  const Written version = store_->PutIfAbsent("channels/web/head", Content::Text("one"));
  ASSERT_TRUE(version);
  const Object read = store_->Get("channels/web/head", 100);
  EXPECT_EQ(read.state, State::kHere);
  EXPECT_EQ(read.body, "one");
  EXPECT_EQ(read.version, *version);
  EXPECT_EQ(store_->Get("channels/web/head", 100, *version).state, State::kUnchanged);
  EXPECT_EQ(Get("stick/channels/web/head"), "one");
  const Info info = store_->Head("channels/web/head");
  EXPECT_EQ(info.size_bytes, 3U);
  EXPECT_EQ(info.version, *version);
}

TEST_F(FolderStoreTest, OnlyTheExpectedVersionIsReplaced) {
  const Written first = store_->PutIfAbsent("head", Content::Text("one"));
  EXPECT_FALSE(store_->PutIfAbsent("head", Content::Text("other")));
  EXPECT_FALSE(store_->CompareAndSwap("missing", *first, Content::Text("x")));
  EXPECT_FALSE(store_->CompareAndSwap("head", "", Content::Text("x")));
  const Written second = store_->CompareAndSwap("head", *first, Content::Text("two"));
  ASSERT_TRUE(second);
  EXPECT_FALSE(store_->CompareAndSwap("head", *first, Content::Text("three")));
  EXPECT_EQ(Get("stick/head"), "two");
  EXPECT_NE(store_->Put("head", Content::Text("four")), *second);
  EXPECT_EQ(Get("stick/head"), "four");
  EXPECT_EQ(WhyConditionalWritesFail(*store_), std::nullopt);
}

TEST_F(FolderStoreTest, OneOfTenWritersWins) {
  std::atomic<int> won = 0;
  std::vector<std::thread> writers;
  for (int i = 0; i < 10; ++i) {
    writers.emplace_back([&, i] {
      FolderStore store(folder_);
      won += store.PutIfAbsent("key", Content::Text(std::to_string(i))) ? 1 : 0;
    });
  }
  for (std::thread& writer : writers) {
    writer.join();
  }
  EXPECT_EQ(won, 1);
}

// Each adds one to the number that it read, until that went through: none is lost.
TEST_F(FolderStoreTest, NoSwapOfTenIsLost) {
  store_->Put("key", Content::Text("0"));
  std::vector<std::thread> writers;
  for (int i = 0; i < 10; ++i) {
    writers.emplace_back([&] {
      FolderStore store(folder_);
      for (;;) {
        const Object read = store.Get("key", 10);
        const std::string next = std::to_string(std::stoi(read.body) + 1);
        if (store.CompareAndSwap("key", read.version, Content::Text(next))) {
          return;
        }
      }
    });
  }
  for (std::thread& writer : writers) {
    writer.join();
  }
  EXPECT_EQ(store_->Get("key", 10).body, "10");
}

TEST_F(FolderStoreTest, RangesAreThoseOfTheFile) {
  store_->Put("image", Content::File(Put("source", "0123456789")));
  std::vector<std::string> got(3);
  const RangesRead read = store_->GetRanges(
      "image", {{7, 3}, {0, 2}, {4, 0}},
      [&](size_t index, base::Bytes piece) { got.at(index) += base::AsText(piece); });
  EXPECT_EQ(read.state, State::kHere);
  EXPECT_THAT(got, ElementsAre("789", "01", ""));
  EXPECT_EQ(store_->GetRange("image", {1, 3}).body, "123");
  EXPECT_EQ(store_->GetRange("missing", {0, 1}).state, State::kMissing);
  const base::Error error = tests::ErrorOf([&] { store_->GetRange("image", {8, 3}); });
  EXPECT_EQ(error.code(), base::ExitCode::kVerification);
  EXPECT_THAT(error.what(), HasSubstr("ends before byte 11"));
  EXPECT_EQ(tests::ErrorOf([&] {
              store_->GetRange("image", {UINT64_MAX, 2});
            }).code(),
            base::ExitCode::kVerification);
}

TEST_F(FolderStoreTest, ListsWhatBeginsWithThePrefixAndNothingOfOurOwn) {
  for (const char* key : {"images/web/2", "images/web/1", "images/web-2/1", "images-old", "a"}) {
    store_->Put(key, Content::Text(key));
  }
  Put("stick/.slipway-tmp-12", "left by a killed writer");
  Put("stick/no key", "foreign");
  ASSERT_EQ(::mkfifo(At("stick/fifo").c_str(), 0600), 0);
  EXPECT_THAT(KeysOf(store_->List("")),
              ElementsAre("a", "images-old", "images/web-2/1", "images/web/1", "images/web/2"));
  EXPECT_THAT(KeysOf(store_->List("images/web/")), ElementsAre("images/web/1", "images/web/2"));
  EXPECT_THAT(KeysOf(store_->List("images/web")),
              ElementsAre("images/web-2/1", "images/web/1", "images/web/2"));
  EXPECT_THAT(KeysOf(store_->List("images/web/1")), ElementsAre("images/web/1"));
  EXPECT_TRUE(store_->List("none/").empty());
  EXPECT_THAT(KeysOf(store_->List("", 5)), testing::SizeIs(5));
  const base::Error error = tests::ErrorOf([&] { store_->List("", 4); });
  EXPECT_EQ(error.code(), base::ExitCode::kFailed);
  EXPECT_THAT(error.what(), testing::HasSubstr("more than 4 objects"));
  const std::vector<Listed> all = store_->List("a");
  EXPECT_EQ(all.at(0).size_bytes, 1U);
  EXPECT_EQ(all.at(0).version, store_->Head("a").version);
}

TEST_F(FolderStoreTest, DeleteLeavesNoEmptyFolders) {
  store_->Delete("never/there");
  store_->Put("images/web/1/manifest", Content::Text("1"));
  store_->Put("images/db/1", Content::Text("1"));
  store_->Delete("images/web/1/manifest");
  store_->Delete("images/web/1/manifest");
  EXPECT_FALSE(std::filesystem::exists(At("stick/images/web")));
  EXPECT_TRUE(store_->Exists("images/db/1"));
  EXPECT_FALSE(store_->Exists("images/web/1/manifest"));
}

TEST_F(FolderStoreTest, ATooLargeObjectIsNotRead) {
  store_->Put("head", Content::Text("12345"));
  EXPECT_EQ(store_->Get("head", 5).body, "12345");
  const base::Error error = tests::ErrorOf([&] { store_->Get("head", 4); });
  EXPECT_EQ(error.code(), base::ExitCode::kVerification);
  EXPECT_THAT(error.what(), HasSubstr("more than the 4"));
}

TEST_F(FolderStoreTest, AFileThatShrinksIsNotPublished) {
  const std::string path = Put("source", "0123456789");
  const Content content = Content::File(path);
  std::filesystem::resize_file(path, 4);
  EXPECT_THAT(tests::MessageOf([&] { store_->Put("image", content); }),
              HasSubstr("became shorter"));
  EXPECT_FALSE(store_->Exists("image"));
}

TEST(KeyTest, KeysAreNarrow) {
  for (const char* key : {"a", "channels/web/00000042", "A-1_b.c", "..."}) {
    EXPECT_TRUE(IsKey(key)) << key;
  }
  const std::string long_part(201, 'a');
  const std::string long_key = std::string(513, 'a');
  for (const std::string& key :
       {std::string(), std::string("/a"), std::string("a/"), std::string("a//b"), std::string("."),
        std::string("a/../b"), std::string("a b"), std::string("a=b"), std::string("a:b"),
        std::string("a\n"), std::string("ä"), std::string("a?b"), std::string(".slipway-lock"),
        std::string("a/.slipway-tmp-1"), long_part, long_key + "/" + long_key}) {
    EXPECT_FALSE(IsKey(key)) << key;
  }
  EXPECT_TRUE(IsPrefix(""));
  EXPECT_TRUE(IsPrefix("images/"));
  EXPECT_FALSE(IsPrefix("/"));
  FolderStore store("/nowhere");
  EXPECT_EQ(tests::ErrorOf([&] { store.Get("../etc/passwd", 10); }).code(), base::ExitCode::kUsage);
}

}  // namespace
}  // namespace store

#include "pusher/publish/report_reader.h"

#include <filesystem>

#include "tests/images/channel/heads.h"
#include "tests/pusher/publish/publish_scene.h"

namespace pusher {
namespace {

class ReportReaderTest : public PublishTest {
 protected:
  void Report(const std::string& host, const std::string& error) {
    images::StateDocument document;
    document.host = host;
    document.time = tests::kCreated;
    document.sequence = 1;
    document.agent = "1.0";
    document.channels["web"].error = error;
    Put("store/state/" + host + ".json", document.Serialize());
  }
  // Returns what is wrong with each host, and counts the objects that were read.
  std::vector<std::string> Read(WatchedStore& store) const {
    store.gets = 0;
    std::vector<std::string> out;
    for (const HostState& state : ReportReader(store, At("cache/reports.json")).Read()) {
      out.push_back(state.document ? state.document->channels.at("web").error : state.error);
    }
    return out;
  }
  using Errors = std::vector<std::string>;
};

TEST_F(ReportReaderTest, OnlyWhatChangedIsReadAgain) {
  store::FolderStore folder_store(folder());
  WatchedStore store(folder_store);
  Report("web1", "one");
  Report("web2", "two");
  EXPECT_EQ(Read(store), (Errors{"one", "two"}));
  EXPECT_EQ(store.gets, 2);
  EXPECT_EQ(Read(store), (Errors{"one", "two"}));
  EXPECT_EQ(store.gets, 0);
  Report("web2", "another");
  Report("web3", "three");
  EXPECT_EQ(Read(store), (Errors{"one", "another", "three"}));
  EXPECT_EQ(store.gets, 2);
  std::filesystem::remove(folder() + "/state/web1.json");
  EXPECT_EQ(Read(store), (Errors{"another", "three"}));
  EXPECT_EQ(store.gets, 0);
}

TEST_F(ReportReaderTest, ADamagedCacheAndOneOfAnotherStoreAreReadAgain) {
  store::FolderStore folder_store(folder());
  WatchedStore store(folder_store);
  Report("web1", "one");
  Read(store);
  const std::string cache = Get("cache/reports.json");
  for (const std::string& damaged :
       {std::string("{"), std::string(), cache.substr(0, 40),
        std::string("{\"format\":1,\"reports\":[]}"),
        "{\"format\":2" + cache.substr(cache.find(',')),
        std::string("{\"format\":1,\"reports\":{},\"store\":\"/other\"}")}) {
    Put("cache/reports.json", damaged);
    EXPECT_EQ(Read(store), Errors{"one"}) << damaged;
    EXPECT_EQ(store.gets, 1) << damaged;
    EXPECT_EQ(Get("cache/reports.json"), cache);
  }
  Put("store/state/web1.json", "damaged");
  EXPECT_THAT(Read(store).at(0), testing::HasSubstr("state/web1.json"));
  Read(store);
  EXPECT_EQ(store.gets, 1);
}

// Between the list and its turn.
TEST_F(ReportReaderTest, AReportThatIsGoneIsLeftOut) {
  store::FolderStore folder_store(folder());
  WatchedStore store(folder_store);
  Report("web1", "one");
  Report("web2", "two");
  store.missing = "state/web1.json";
  EXPECT_EQ(Read(store), Errors{"two"});
}

TEST_F(ReportReaderTest, WhereTheCacheCannotBeWrittenAllIsRead) {
  store::FolderStore folder_store(folder());
  WatchedStore store(folder_store);
  Report("web1", "one");
  Put("cache", "a file");
  EXPECT_EQ(Read(store), Errors{"one"});
  EXPECT_EQ(Read(store), Errors{"one"});
  EXPECT_EQ(store.gets, 1);
}

}  // namespace
}  // namespace pusher

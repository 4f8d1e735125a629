#include "fetcher/fetch_service.h"

#include <gmock/gmock.h>

#include <functional>
#include <thread>

#include "pusher/protocol/fetch_link.h"
#include "store/folder_store.h"
#include "tests/pusher/protocol/pipe.h"
#include "tests/support/errors.h"
#include "tests/support/scratch.h"

namespace fetcher {
namespace {

using pusher::FetchState;
using pusher::MessageType;
using testing::HasSubstr;

class FetchServiceTest : public tests::ScratchTest {
 protected:
  FetchServiceTest() { store_.Put("channels/web/head", store::Content::Text("the head")); }
  ~FetchServiceTest() override {
    if (service_.joinable()) End();
  }

  void SetUp() override {
    service_ = std::thread([this, fd = pair_.b.get()] {
      pusher::Stream stream(fd, fd, {"activate"});
      pusher::Wire wire(stream);
      try {
        FetchService(wire, {.anonymous = true}).Run();
      } catch (const base::Error& error) {
        end_ = error.what();
      }
      ::shutdown(fd, SHUT_RDWR);
    });
  }
  // Why it ended; empty: for the end of the stream.
  std::string End() {
    ::shutdown(pair_.a.get(), SHUT_WR);
    service_.join();
    return end_;
  }
  void Ask(const pusher::FetchRequest& request) {
    pusher::SendText(wire_, MessageType::kFetchRequest, pusher::Serialize(request));
  }
  void Open(const std::string& location) { Ask(pusher::OpenStore{location, "", "", ""}); }
  pusher::FetchAnswer Answer(std::string* body = nullptr) {
    const auto out = pusher::FetchAnswer::Parse(
        pusher::Expect(wire_, MessageType::kFetchAnswer).text(), "fetch");
    const std::string blob = pusher::ReceiveBlob(wire_, out.size_bytes);
    if (body != nullptr) *body = blob;
    return out;
  }
  base::Error Failure() {
    return tests::ErrorOf([&] { pusher::Expect(wire_, MessageType::kFetchAnswer); });
  }
  void PutObject(const std::string& key, const std::string& body) {
    Ask(pusher::PutObject{key, body.size()});
    pusher::SendBlob(wire_, body);
  }

  store::FolderStore store_{At("store")};
  tests::SocketPair pair_;
  pusher::Stream stream_{pair_.a.get(), pair_.a.get(), {"fetch"}};
  pusher::Wire wire_{stream_};
  std::thread service_;
  std::string end_;
};

TEST_F(FetchServiceTest, ObjectsAreReadAsTheyAre) {
  Open(At("store"));
  Ask(pusher::GetObject{"channels/web/head", 100, ""});
  std::string body;
  const pusher::FetchAnswer first = Answer(&body);
  EXPECT_EQ(first.state, FetchState::kHere);
  EXPECT_EQ(body, "the head");
  Ask(pusher::GetObject{"channels/web/head", 100, first.version});
  EXPECT_EQ(Answer().state, FetchState::kUnchanged);
  Ask(pusher::GetObject{"channels/other/head", 100, ""});
  EXPECT_EQ(Answer().state, FetchState::kMissing);
  EXPECT_EQ(End(), "");
}

TEST_F(FetchServiceTest, WhatCannotBeReadIsSaidAndTheNextRequestMayCome) {
  Open(At("store"));
  Ask(pusher::GetObject{"channels/web/head", 3, ""});
  EXPECT_EQ(Failure().code(), base::ExitCode::kVerification);
  Ask(pusher::GetObject{"../etc/passwd", 100, ""});
  EXPECT_THAT(Failure().what(), HasSubstr("is no key of an object"));
  Ask(pusher::GetObject{"channels/web/head", 100, ""});
  EXPECT_EQ(Answer().state, FetchState::kHere);
  EXPECT_EQ(End(), "");
}

TEST_F(FetchServiceTest, AReportIsWrittenAndNothingElse) {
  Open(At("store"));
  PutObject("state/web1.json", "{}");
  EXPECT_EQ(Answer().state, FetchState::kHere);
  EXPECT_EQ(store_.Get("state/web1.json", 10).body, "{}");
  for (const std::string key :
       {"channels/web/head", "state/web1.txt", "state/a/b.json", "prune.json", "../state/a.json"}) {
    PutObject(key, "{}");
    EXPECT_EQ(Failure().code(), base::ExitCode::kUsage) << key;
  }
  EXPECT_EQ(store_.Get("channels/web/head", 100).body, "the head");
  PutObject("state/web1.json", std::string(5 << 20, 'x'));
  EXPECT_THAT(Failure().what(), HasSubstr("at most 4194304 bytes"));
  PutObject("state/web1.json", "");
  EXPECT_EQ(Answer().state, FetchState::kHere);
  EXPECT_EQ(End(), "");
}

TEST_F(FetchServiceTest, AStoreThatCannotBeOpenedIsSaidToEachRequest) {
  Open("ftp://example.org");
  for (int i = 0; i < 2; ++i) {
    Ask(pusher::GetObject{"channels/web/head", 100, ""});
    EXPECT_EQ(Failure().code(), base::ExitCode::kUsage);
  }
  Open(At("not-mounted"));
  Ask(pusher::GetObject{"channels/web/head", 100, ""});
  const base::Error not_mounted = Failure();
  EXPECT_EQ(not_mounted.code(), base::ExitCode::kUnreachable);
  EXPECT_THAT(not_mounted.what(), HasSubstr("is not there: mount it"));
  Open("http://127.0.0.1:1");
  PutObject("state/web1.json", "{}");
  EXPECT_THAT(Failure().what(), HasSubstr("can only be read"));
  Open(At("store"));
  Ask(pusher::GetObject{"channels/web/head", 100, ""});
  EXPECT_EQ(Answer().state, FetchState::kHere);
  EXPECT_EQ(End(), "");
}

TEST_F(FetchServiceTest, WhoeverAsksBeforeItNamesAStoreIsTold) {
  Ask(pusher::GetObject{"channels/web/head", 100, ""});
  EXPECT_THAT(Failure().what(), HasSubstr("it named no store"));
  Ask(pusher::PlayPush{{{"app", base::Sha256Of("one")}}});
  EXPECT_THAT(Failure().what(), HasSubstr("it named no store"));
  EXPECT_THAT(End(), HasSubstr("it named no store"));  // a push has no end of its own
}

TEST_F(FetchServiceTest, TheTrafficIsToldWithoutTheStore) {
  Ask(pusher::AskTraffic{});
  EXPECT_EQ(Answer(), pusher::FetchAnswer{});
  Open(At("store"));
  Ask(pusher::GetObject{"channels/web/head", 100, ""});
  const pusher::FetchAnswer head = Answer();
  Ask(pusher::AskTraffic{});
  const pusher::FetchAnswer told = Answer();
  EXPECT_EQ(told.state, FetchState::kMissing);
  EXPECT_EQ(told.requests, head.requests);
  EXPECT_EQ(told.bytes, head.bytes);
  EXPECT_EQ(End(), "");
}

TEST_F(FetchServiceTest, NonsenseEndsIt) {
  pusher::SendText(wire_, MessageType::kFetchRequest, "{\"op\":\"delete\"}");
  EXPECT_THAT(Failure().what(), HasSubstr("expected open, get, put, play or traffic"));
  EXPECT_THAT(End(), HasSubstr("expected open, get, put, play or traffic"));
}

TEST_F(FetchServiceTest, AnotherMessageEndsIt) {
  pusher::SendEmpty(wire_, MessageType::kCommit);
  EXPECT_THAT(Failure().what(), HasSubstr("broke the protocol"));
  EXPECT_THAT(End(), HasSubstr("message 9 came where 19 is due"));
}

TEST_F(FetchServiceTest, AnObjectThatIsLongerThanAnnouncedEndsIt) {
  Open(At("store"));
  Ask(pusher::PutObject{"state/web1.json", 1});
  pusher::SendBlob(wire_, "{}");
  EXPECT_THAT(Failure().what(), HasSubstr("not as long as announced"));
  EXPECT_FALSE(store_.Exists("state/web1.json"));
}

// What it is told to do by an agent that holds nothing to its word.
TEST_F(FetchServiceTest, AHostThatAsksForWhatWasNotOfferedIsRefused) {
  Open(At("store"));
  Ask(pusher::PlayPush{{{"app", base::Sha256Of("one")}}});
  pusher::Hello hello;
  hello.agent_version = "1";
  hello.held = {{"app", base::Sha256Of("one")}};
  pusher::SendHello(wire_, hello);
  pusher::Expect(wire_, MessageType::kBegin);
  EXPECT_TRUE(pusher::Offer::Parse(pusher::Expect(wire_, MessageType::kOffer).text(), "").held);
  pusher::Expect(wire_, MessageType::kCommit);
  pusher::SendText(wire_, MessageType::kAgain, pusher::Retransmit{{"other"}}.Serialize());
  EXPECT_THAT(Failure().what(), HasSubstr("it asks for other again"));
}

}  // namespace
}  // namespace fetcher

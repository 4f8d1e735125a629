// Answers of S3 that a real one does not give on demand. A real one: s3_store_test.cc.
#include <gmock/gmock.h>

#include <filesystem>

#include "store/open.h"
#include "store/s3_store.h"
#include "tests/support/errors.h"
#include "tests/support/scratch.h"
#include "tests/support/scripted_server.h"

namespace store {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;
using tests::HttpAnswerText;
using tests::HttpReaction;
using tests::HttpRequest;
using tests::ScriptedServer;

// One object as S3 has it, which does what it is told before it answers as the test wants.
class OneObject {
 public:
  explicit OneObject(std::string content = "", bool is_quoted = false)
      : content_(std::move(content)), wants_quotes_(is_quoted) {}

  HttpReaction Answer(const HttpRequest& request) {
    if (request.method == "PUT") {
      const int status = Put(request);
      return {HttpAnswerText(status, "", {"ETag: " + Tag()})};
    }
    if (content_.empty()) {
      return {HttpAnswerText(404, request.method == "HEAD" ? "" : "<Code>NoSuchKey</Code>")};
    }
    if (request.method == "HEAD") {
      return {"HTTP/1.1 200 OK\r\nETag: " + Tag() +
              "\r\nContent-Length: " + std::to_string(content_.size()) + "\r\n\r\n"};
    }
    return {HttpAnswerText(200, content_, {"ETag: " + Tag()})};
  }

  const std::string& content() const { return content_; }
  void Become(const std::string& content) { content_ = content; }
  std::string Tag() const { return "\"" + base::Sha256Of(content_).ToHex().substr(0, 32) + "\""; }

 private:
  int Put(const HttpRequest& request) {
    const auto match = request.headers.find("if-match");
    std::string wanted = Tag();
    if (!wants_quotes_) {
      wanted = wanted.substr(1, wanted.size() - 2);
    }
    if ((request.headers.contains("if-none-match") && !content_.empty()) ||
        (match != request.headers.end() && match->second != wanted)) {
      return 412;
    }
    content_ = request.body;
    return 200;
  }

  std::string content_;
  bool wants_quotes_;
};

class S3AnswersTest : public tests::ScratchTest {
 protected:
  std::unique_ptr<Store> OpenStore(const ScriptedServer& server) const {
    Put("credentials",
        "aws_access_key_id = name\naws_secret_access_key = topsecret\n"
        "aws_session_token = onlyfornow\n");
    std::filesystem::permissions(At("credentials"), std::filesystem::perms::owner_read |
                                                        std::filesystem::perms::owner_write);
    Options options;
    options.credentials_file = At("credentials");
    options.retries.first_delay = std::chrono::milliseconds(1);
    options.retries.max_delay = std::chrono::milliseconds(4);
    options.limits.stall = std::chrono::seconds(1);
    return Open("s3+" + server.Url() + "/bucket/prefix?region=eu-1", options);
  }
};

TEST_F(S3AnswersTest, RequestsAreSignedWithTheRealDigest) {
  OneObject object;
  const ScriptedServer server([&](const HttpRequest& request) { return object.Answer(request); });
  OpenStore(server)->PutIfAbsent("key", Content::Text("body"), {Caching::kNoCache, true});
  const HttpRequest request = server.Requests().at(0);
  EXPECT_EQ(request.target, "/bucket/prefix/key");
  EXPECT_EQ(request.headers.at("x-amz-content-sha256"), base::Sha256Of("body").ToHex());
  EXPECT_EQ(request.headers.at("x-amz-security-token"), "onlyfornow");
  EXPECT_EQ(request.headers.at("cache-control"), "no-cache");
  EXPECT_EQ(request.headers.at("x-amz-acl"), "bucket-owner-full-control");
  EXPECT_THAT(request.headers.at("authorization"),
              AllOf(HasSubstr("Credential=name/"), HasSubstr("/eu-1/s3/aws4_request"),
                    HasSubstr("x-amz-security-token"), HasSubstr("if-none-match"),
                    Not(HasSubstr("topsecret"))));
}

// Done, but the answer is lost or says otherwise; then what is there counts.
TEST_F(S3AnswersTest, AWriteWithoutAClearAnswerIsLookedAt) {
  const std::vector<HttpReaction> unclear = {{"", true},
                                             {"", false, true},
                                             {HttpAnswerText(500, "")},
                                             {HttpAnswerText(503, "")},
                                             {HttpAnswerText(409, "")},
                                             {HttpAnswerText(412, "")},
                                             {"HTTP/1.1 200 OK\r\nContent-Le", true}};
  for (const HttpReaction& reaction : unclear) {
    OneObject object;
    const ScriptedServer server([&](const HttpRequest& request) {
      const HttpReaction real = object.Answer(request);
      return request.number == 0 ? reaction : real;
    });
    const Written written = OpenStore(server)->PutIfAbsent("key", Content::Text("ours"));
    EXPECT_EQ(written.value_or("none"), object.Tag()) << reaction.bytes;
    EXPECT_EQ(object.content(), "ours");
  }
}

TEST_F(S3AnswersTest, AnotherWritersObjectIsNotTakenForOurs) {
  OneObject object;
  const ScriptedServer server([&](const HttpRequest& request) {
    if (request.number == 0) {
      object.Become("thei");  // as long as ours
      return HttpReaction{HttpAnswerText(500, "")};
    }
    return object.Answer(request);
  });
  EXPECT_FALSE(OpenStore(server)->PutIfAbsent("key", Content::Text("ours")));
  EXPECT_EQ(object.content(), "thei");
}

TEST_F(S3AnswersTest, AWriteThatWasNotDoneIsTriedAgain) {
  OneObject object;
  const ScriptedServer server([&](const HttpRequest& request) {
    return request.number == 0 ? HttpReaction{HttpAnswerText(500, "")} : object.Answer(request);
  });
  const std::unique_ptr<Store> store = OpenStore(server);
  const Written first = store->PutIfAbsent("key", Content::Text("one"));
  ASSERT_TRUE(first);
  EXPECT_TRUE(store->CompareAndSwap("key", *first, Content::Text("two")));
  EXPECT_EQ(object.content(), "two");
}

TEST_F(S3AnswersTest, ASwapOfALostAnswerIsLookedAt) {
  OneObject object("one");
  const std::string before = object.Tag();
  const ScriptedServer server([&](const HttpRequest& request) {
    HttpReaction real = object.Answer(request);
    return request.number == 0 ? HttpReaction{"", true} : real;
  });
  EXPECT_TRUE(OpenStore(server)->CompareAndSwap("key", before, Content::Text("two")));
  EXPECT_EQ(object.content(), "two");
}

TEST_F(S3AnswersTest, StoresThatWantVersionsInQuotesGetThem) {
  OneObject object("one", true);
  const ScriptedServer server([&](const HttpRequest& request) { return object.Answer(request); });
  const std::unique_ptr<Store> store = OpenStore(server);
  const Written second = store->CompareAndSwap("key", object.Tag(), Content::Text("two"));
  ASSERT_TRUE(second);
  EXPECT_FALSE(store->CompareAndSwap("key", "\"stale\"", Content::Text("x")));
  EXPECT_TRUE(store->CompareAndSwap("key", *second, Content::Text("three")));
  EXPECT_EQ(object.content(), "three");
}

TEST_F(S3AnswersTest, TheProbeFindsStoresThatIgnoreConditions) {
  for (const std::string ignored : {"if-none-match", "if-match"}) {
    OneObject object;
    const ScriptedServer server([&](HttpRequest request) {
      request.headers.erase(ignored);
      if (request.method == "DELETE") {
        object.Become("");
        return HttpReaction{HttpAnswerText(204, "")};
      }
      return object.Answer(request);
    });
    const std::unique_ptr<Store> store = OpenStore(server);
    const std::optional<std::string> why = WhyConditionalWritesFail(*store);
    EXPECT_THAT(why.value_or(""), HasSubstr("ignores If-"));
    EXPECT_EQ(object.content(), "");
  }
  // Refuses what it should take.
  OneObject object;
  const ScriptedServer server([&](const HttpRequest& request) {
    return request.method == "DELETE"             ? HttpReaction{HttpAnswerText(204, "")}
           : request.headers.contains("if-match") ? HttpReaction{HttpAnswerText(412, "")}
                                                  : object.Answer(request);
  });
  EXPECT_THAT(WhyConditionalWritesFail(*OpenStore(server)).value_or(""),
              HasSubstr("does not replace an object by its version"));
}

TEST_F(S3AnswersTest, WhatIsNoListIsRefused) {
  for (const std::string& body :
       {std::string("<html>welcome</html>"), std::string("<ListBucketResult></ListBucketResult>"),
        std::string("<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"),
        std::string("<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>a</Key>"
                    "<Size>x</Size><ETag>1</ETag></Contents></ListBucketResult>"),
        std::string("<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>a"
                    "<ETag>1</ETag></Key><Size>1</Size></Contents></ListBucketResult>"),
        // The same page for ever.
        std::string("<ListBucketResult><IsTruncated>true</IsTruncated><Contents><Key>a</Key>"
                    "<Size>1</Size><ETag>1</ETag></Contents></ListBucketResult>")}) {
    const ScriptedServer server(
        [&](const HttpRequest&) { return HttpReaction{HttpAnswerText(200, body)}; });
    EXPECT_EQ(tests::ErrorOf([&] { OpenStore(server)->List(""); }).code(),
              base::ExitCode::kVerification)
        << body;
  }
}

TEST_F(S3AnswersTest, KeysThatCannotBeOursAreNotListed) {
  const ScriptedServer server([&](const HttpRequest& request) {
    std::string body = "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"x\"><IsTruncated>";
    body += request.number == 0 ? "true" : "false";
    body += "</IsTruncated>";
    const std::vector<std::string> keys =
        request.number == 0
            ? std::vector<std::string>{"prefix/b", "prefix/a b", "prefix/x&amp;y", "prefix/c"}
            : std::vector<std::string>{"prefix/d", "other/e"};
    for (const std::string& key : keys) {
      body += "<Contents><Key>" + key + "</Key><LastModified>now</LastModified>" +
              "<ETag>&quot;1&quot;</ETag><Size>12</Size></Contents>";
    }
    return HttpReaction{HttpAnswerText(200, body + "</ListBucketResult>")};
  });
  const std::vector<Listed> listed = OpenStore(server)->List("");
  ASSERT_THAT(listed, SizeIs(3));
  EXPECT_EQ(listed[0].key, "b");
  EXPECT_EQ(listed[0].version, "\"1\"");
  EXPECT_EQ(listed[2].key, "d");
  EXPECT_THAT(tests::MessageOf([&] { OpenStore(server)->List("", 0); }),
              testing::HasSubstr("more than 0 objects"));
  EXPECT_EQ(server.Requests().at(0).target, "/bucket?list-type=2&prefix=prefix%2F");
  EXPECT_EQ(server.Requests().at(1).target,
            "/bucket?list-type=2&prefix=prefix%2F&start-after=prefix%2Fx%26y");
}

}  // namespace
}  // namespace store

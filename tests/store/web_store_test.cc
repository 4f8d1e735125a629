// A web server that fails on demand. A real one: nginx_test.cc.
#include "store/web_store.h"

#include <gmock/gmock.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <map>

#include "base/error.h"
#include "base/interrupt.h"
#include "store/open.h"
#include "tests/support/errors.h"
#include "tests/support/random_bytes.h"
#include "tests/support/scripted_server.h"

namespace store {
namespace {

using std::chrono::milliseconds;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;
using tests::HttpAnswerText;
using tests::HttpReaction;
using tests::HttpRequest;
using tests::ScriptedServer;

// Tries again at once; a stall is found after a second.
Options Quick() {
  Options out;
  out.retries.first_delay = milliseconds(1);
  out.retries.max_delay = milliseconds(4);
  out.retries.max_retry_after = milliseconds(50);
  out.limits.stall = std::chrono::seconds(1);
  out.anonymous = true;
  return out;
}

std::string Content10k() {
  const std::vector<uint8_t> bytes = tests::RandomBytes(10'000, 7);
  return {bytes.begin(), bytes.end()};
}

// The answer to a request with a Range of `content`, as it should be.
std::string RangeAnswer(const HttpRequest& request, const std::string& content) {
  const std::string range = request.headers.at("range");  // "bytes=A-B"
  const size_t first = std::stoul(range.substr(6));
  const size_t last = std::stoul(range.substr(range.find('-') + 1));
  return HttpAnswerText(
      206, content.substr(first, last - first + 1),
      {"Content-Range: bytes " + range.substr(6) + "/" + std::to_string(content.size()),
       "ETag: \"v1\""});
}

// What the ranges of "key" give; ranges that were not asked for are empty.
struct Got {
  RangesRead read;
  std::vector<std::string> parts;
};
Got ReadRanges(Store& store, const std::vector<Range>& ranges) {
  Got out;
  out.parts.resize(ranges.size());
  out.read = store.GetRanges("key", ranges, [&](size_t index, base::Bytes piece) {
    out.parts.at(index) += base::AsText(piece);
  });
  return out;
}

void ExpectParts(const Got& got, const std::vector<Range>& ranges, const std::string& content) {
  for (size_t i = 0; i < ranges.size(); ++i) {
    EXPECT_TRUE(got.parts[i] == content.substr(ranges[i].offset, ranges[i].size_bytes)) << i;
  }
}

const std::vector<Range> kRanges = {{5'000, 1'000}, {0, 100}, {100, 1},
                                    {9'000, 1'000}, {0, 0},   {50, 5'000}};

TEST(WebStoreTest, AServerThatIsBusyIsAskedAgain) {
  for (const int status : {500, 502, 503, 504, 429, 408}) {
    const ScriptedServer server([&](const HttpRequest& request) {
      return HttpReaction{request.number < 5 ? HttpAnswerText(status, "", {"Retry-After: 0"})
                                             : HttpAnswerText(200, "body")};
    });
    EXPECT_EQ(Open(server.Url(), Quick())->Get("key", 10).body, "body");
    EXPECT_THAT(server.Requests(), SizeIs(6));
  }
}

TEST(WebStoreTest, AfterFiveRetriesItIsGivenUp) {
  const ScriptedServer server([](const HttpRequest&) {
    return HttpReaction{HttpAnswerText(503, "<Error><Code>SlowDown</Code></Error>")};
  });
  const base::Error error =
      tests::ErrorOf([&] { Open(server.Url() + "/a", Quick())->Get("key", 10); });
  EXPECT_EQ(error.code(), base::ExitCode::kUnreachable);
  EXPECT_EQ(error.what(), server.Url() +
                              "/a/key: it answers 503 (SlowDown); try again when the server and "
                              "the network are well");
  EXPECT_THAT(server.Requests(), SizeIs(6));
}

TEST(WebStoreTest, OtherAnswersAreFinal) {
  for (const auto& [status, text] : std::map<int, std::string>{
           {400, "it answers 400"},
           {401, "use a key that may do that"},
           {301, "redirects are not followed"},
           {403, "it answers 403 (ExpiredToken); use a key that the store knows"},
           {501, "it answers 501"}}) {
    const ScriptedServer server([&, code = status](const HttpRequest&) {
      return HttpReaction{HttpAnswerText(code, code == 403 ? "<Code>ExpiredToken</Code>" : "",
                                         {"Location: /elsewhere"})};
    });
    const base::Error error = tests::ErrorOf([&] { Open(server.Url(), Quick())->Get("key", 10); });
    EXPECT_EQ(error.code(), base::ExitCode::kFailed);
    EXPECT_THAT(error.what(), HasSubstr(text));
    EXPECT_THAT(server.Requests(), SizeIs(1));
  }
}

TEST(WebStoreTest, ABodyThatIsCutOffIsReadAgain) {
  const ScriptedServer server([](const HttpRequest& request) {
    const std::string whole = HttpAnswerText(200, "0123456789");
    return request.number == 0 ? HttpReaction{whole.substr(0, whole.size() - 4), true}
                               : HttpReaction{whole};
  });
  EXPECT_EQ(Open(server.Url(), Quick())->Get("key", 10).body, "0123456789");
}

TEST(WebStoreTest, AServerThatFallsSilentIsLeft) {
  const ScriptedServer server([](const HttpRequest& request) {
    const std::string whole = HttpAnswerText(200, "0123456789");
    return request.number == 0   ? HttpReaction{"", false, true}
           : request.number == 1 ? HttpReaction{whole.substr(0, whole.size() - 4), false, true}
                                 : HttpReaction{whole};
  });
  EXPECT_EQ(Open(server.Url(), Quick())->Get("key", 10).body, "0123456789");
}

TEST(WebStoreTest, NobodyThereIsSaidInOneLine) {
  const base::Error error =
      tests::ErrorOf([&] { Open("http://127.0.0.1:1", Quick())->Get("key", 10); });
  EXPECT_EQ(error.code(), base::ExitCode::kUnreachable);
  EXPECT_THAT(error.what(), AllOf(HasSubstr("http://127.0.0.1:1/key: "), HasSubstr("try again")));
}

TEST(WebStoreTest, ABodyMayNotBeLargerThanItsLimit) {
  const ScriptedServer server(
      [](const HttpRequest&) { return HttpReaction{HttpAnswerText(200, "0123456789")}; });
  const std::unique_ptr<Store> store = Open(server.Url(), Quick());
  EXPECT_EQ(store->Get("key", 10).body, "0123456789");
  EXPECT_EQ(tests::ErrorOf([&] { store->Get("key", 9); }).code(), base::ExitCode::kVerification);
}

TEST(WebStoreTest, RangesComeWholeHoweverOftenTheyAreCutOff) {
  const std::string content = Content10k();
  std::map<std::string, int> tries;  // of a range, by its last byte
  const ScriptedServer server([&](const HttpRequest& request) {
    const std::string whole = RangeAnswer(request, content);
    const std::string range = request.headers.at("range");
    const int before = tries[range.substr(range.find('-'))]++;
    return before < 4 && before % 2 == 0 ? HttpReaction{whole.substr(0, whole.size() / 2), true}
           : before < 4                  ? HttpReaction{HttpAnswerText(503, "")}
                                         : HttpReaction{whole};
  });
  const std::unique_ptr<Store> store = Open(server.Url(), Quick());
  const Got got = ReadRanges(*store, kRanges);
  EXPECT_EQ(got.read.state, State::kHere);
  EXPECT_FALSE(got.read.took_whole_body);
  ExpectParts(got, kRanges, content);
  // Of what was cut off, only the rest was asked for again.
  size_t asked = 0;
  for (const HttpRequest& request : server.Requests()) {
    const std::string range = request.headers.at("range");
    EXPECT_EQ(range.find(','), std::string::npos);
    asked += range == "bytes=5000-5999" || range == "bytes=0-99" ? 1U : 0U;
  }
  EXPECT_LT(asked, server.Requests().size());
}

TEST(WebStoreTest, AServerWithoutRangesSendsOneWholeBodyOnce) {
  const std::string content = Content10k();
  const ScriptedServer server(
      [&](const HttpRequest&) { return HttpReaction{HttpAnswerText(200, content)}; });
  const Got got = ReadRanges(*Open(server.Url(), Quick()), kRanges);
  EXPECT_TRUE(got.read.took_whole_body);
  ExpectParts(got, kRanges, content);
  EXPECT_THAT(server.Requests(), SizeIs(1));
}

TEST(WebStoreTest, AWholeBodyThatIsCutOffIsReadAgain) {
  const std::string content = Content10k();
  const ScriptedServer server([&](const HttpRequest& request) {
    const std::string whole = HttpAnswerText(200, content);
    return request.number < 2 ? HttpReaction{whole.substr(0, 2'000 + request.number * 4'000), true}
                              : HttpReaction{whole};
  });
  const Got got = ReadRanges(*Open(server.Url(), Quick()), kRanges);
  EXPECT_TRUE(got.read.took_whole_body);
  ExpectParts(got, kRanges, content);
  EXPECT_THAT(server.Requests(), SizeIs(3));
}

TEST(WebStoreTest, AnotherRangeThanWasAskedForIsRefused) {
  for (const std::string header :
       {"Content-Range: bytes 0-9/20", "Content-Range: bytes 10-18/20", "X: none",
        "Content-Range: bytes 10-19/19", "Content-Range: bytes 10-19",
        "Content-Range: bytes 10-19/20\r\nContent-Range: bytes 10-19/20",
        "Content-Range: items 10-19/20",
        "Content-Range: bytes 10-19/20 "
        "x"}) {
    const ScriptedServer server([&](const HttpRequest&) {
      return HttpReaction{HttpAnswerText(206, "0123456789", {header})};
    });
    const base::Error error = tests::ErrorOf([&] {
      Open(server.Url(), Quick())->GetRange("key", {10, 10});
    });
    EXPECT_EQ(error.code(), base::ExitCode::kVerification) << header;
    EXPECT_THAT(error.what(), HasSubstr("was asked for bytes 10-19"));
    EXPECT_THAT(server.Requests(), SizeIs(1));
  }
}

TEST(WebStoreTest, MoreBytesThanTheRangeAreRefused) {
  const ScriptedServer server([&](const HttpRequest&) {
    return HttpReaction{HttpAnswerText(206, "0123456789x", {"Content-Range: bytes 10-19/*"})};
  });
  EXPECT_THAT(tests::MessageOf([&] {
                Open(server.Url(), Quick())->GetRange("key", {10, 10});
              }),
              HasSubstr("more bytes than it was asked for"));
}

TEST(WebStoreTest, AnObjectThatChangesBetweenRangesIsRefused) {
  const std::string content = Content10k();
  const ScriptedServer server([&](const HttpRequest& request) {
    std::string answer = RangeAnswer(request, content);
    answer.replace(answer.find("\"v1\""), 4, request.number < 3 ? "\"v1\"" : "\"v2\"");
    return HttpReaction{answer};
  });
  EXPECT_THAT(tests::MessageOf([&] { ReadRanges(*Open(server.Url(), Quick()), kRanges); }),
              HasSubstr("was changed while it was read"));
}

TEST(WebStoreTest, WhatTheSinkThrowsIsThrown) {
  const std::string content = Content10k();
  const ScriptedServer server(
      [&](const HttpRequest& request) { return HttpReaction{RangeAnswer(request, content)}; });
  const std::unique_ptr<Store> store = Open(server.Url(), Quick());
  EXPECT_THAT(tests::MessageOf([&] {
                store->GetRanges("key", kRanges, [](size_t index, base::Bytes) {
                  if (index == 3) {
                    base::Fail(base::ExitCode::kFailed, "the disk is full");
                  }
                });
              }),
              HasSubstr("the disk is full"));
  ExpectParts(ReadRanges(*store, kRanges), kRanges, content);  // it can still be used
}

// The first of those that the server may answer at once hangs for a while: those behind it are
// read, but no more than may be kept.
TEST(WebStoreTest, RangesAreNotReadTooFarAhead) {
  const std::string content = Content10k();
  std::vector<Range> ranges;
  for (uint64_t at = 0; at < content.size(); at += 1000) ranges.push_back({at, 1000});
  std::vector<std::string> asked;
  std::vector<std::string> before_the_second_try;
  const ScriptedServer server([&](const HttpRequest& request) {
    const std::string& range = asked.emplace_back(request.headers.at("range"));
    if (range == "bytes=1000-1999" && before_the_second_try.empty()) {
      if (std::ranges::count(asked, range) == 1) {
        return HttpReaction{"", false, true};
      }
      before_the_second_try = asked;
    }
    return HttpReaction{RangeAnswer(request, content)};
  });
  Options options = Quick();
  options.limits.ahead_bytes = 3500;
  const std::unique_ptr<Store> store = Open(server.Url(), options);
  ExpectParts(ReadRanges(*store, ranges), ranges, content);
  EXPECT_THAT(before_the_second_try,
              testing::UnorderedElementsAre("bytes=0-999", "bytes=1000-1999", "bytes=2000-2999",
                                            "bytes=3000-3999", "bytes=1000-1999"));
  options.limits.ahead_bytes = 1;  // one at a time
  ExpectParts(ReadRanges(*Open(server.Url(), options), ranges), ranges, content);
}

// What was asked for before the first request was repeated, to which nothing is answered at first.
class FirstHangs {
 public:
  HttpReaction Answer(const std::string& asked, const std::string& answer) {
    before_.push_back(asked);
    if (before_.size() == 1) {
      return HttpReaction{"", false, true};
    }
    if (asked == before_.front() && first_.empty()) {
      first_ = before_;
    }
    return HttpReaction{answer};
  }
  const std::vector<std::string>& before_the_second_try() const { return first_; }

 private:
  std::vector<std::string> before_;
  std::vector<std::string> first_;
};

TEST(WebStoreTest, SeveralObjectsAreAskedForAtOnce) {
  FirstHangs hangs;
  const ScriptedServer server([&](const HttpRequest& request) {
    const std::string& key = request.target;
    return hangs.Answer(
        key, key == "/c" ? HttpAnswerText(404, "") : HttpAnswerText(200, "this is " + key));
  });
  const std::vector<Object> got =
      Open(server.Url(), Quick())->GetAll({{"a", 10}, {"b", 10}, {"c", 10}});
  EXPECT_EQ(got.at(0).body, "this is /a");
  EXPECT_EQ(got.at(1).body, "this is /b");
  EXPECT_EQ(got.at(2).state, State::kMissing);
  EXPECT_THAT(hangs.before_the_second_try(),
              AllOf(SizeIs(4), testing::IsSupersetOf({"/a", "/b", "/c"})));

  const std::unique_ptr<Store> store = Open(server.Url(), Quick());
  EXPECT_EQ(tests::ErrorOf([&] {
              store->GetAll({{"a", 10}, {"b", 9}});
            }).code(),
            base::ExitCode::kVerification);
  EXPECT_EQ(store->Get("b", 10).body, "this is /b");  // it can still be used
}

TEST(WebStoreTest, WhereRangesAreOfferedTheFirstIsNotWaitedFor) {
  const std::string content = Content10k();
  FirstHangs hangs;
  const ScriptedServer server([&](const HttpRequest& request) {
    return request.headers.contains("range")
               ? hangs.Answer(request.headers.at("range"), RangeAnswer(request, content))
               : HttpReaction{HttpAnswerText(200, "text", {"Accept-Ranges: bytes"})};
  });
  const std::unique_ptr<Store> store = Open(server.Url(), Quick());
  EXPECT_EQ(store->Get("text", 10).body, "text");
  ExpectParts(ReadRanges(*store, kRanges), kRanges, content);
  EXPECT_THAT(hangs.before_the_second_try(), SizeIs(6));
}

// Handlers belong to the process, so it is one of its own.
[[noreturn]] void ExitAsInterrupted(const std::string& url, const std::string& key) {
  Options options = Quick();
  options.limits.stall = std::chrono::hours(1);
  options.retries.max_retry_after = std::chrono::hours(1);
  try {
    Open(url, options)->Get(key, 10);
  } catch (const base::Error& error) {
    ::_exit(static_cast<int>(error.code()));
  }
  ::_exit(0);
}

void InterruptSoon() {
  sigevent event{};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGTERM;
  timer_t timer{};
  const itimerspec soon{{0, 0}, {0, 500'000'000}};
  ASSERT_EQ(::timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
  ASSERT_EQ(::timer_settime(timer, 0, &soon, nullptr), 0);
}

// It names itself in the key, and the server interrupts it instead of an answer.
TEST(WebStoreTest, AnInterruptEndsWaitingForTheServer) {
  const ScriptedServer server([&](const HttpRequest& request) {
    ::kill(std::stoi(request.target.substr(1)), SIGTERM);
    return HttpReaction{"", false, true};
  });
  EXPECT_EXIT(
      {
        base::InstallInterruptHandlers();
        ExitAsInterrupted(server.Url(), std::to_string(::getpid()));
      },
      testing::ExitedWithCode(130), "");
}

TEST(WebStoreTest, AnInterruptEndsWaitingForTheNextTry) {
  const ScriptedServer server([&](const HttpRequest&) {
    return HttpReaction{HttpAnswerText(503, "", {"Retry-After: 3600"})};
  });
  EXPECT_EXIT(
      {
        base::InstallInterruptHandlers();
        InterruptSoon();
        ExitAsInterrupted(server.Url(), "key");
      },
      testing::ExitedWithCode(130), "");
}

TEST(WebStoreTest, IsReadOnly) {
  const std::unique_ptr<Store> store = Open("http://127.0.0.1:1/x");
  const auto is_refused = [&](auto call) {
    const base::Error error = tests::ErrorOf(call);
    return error.code() == base::ExitCode::kUsage &&
           std::string(error.what()).starts_with("http://127.0.0.1:1/x can only be read, so ");
  };
  EXPECT_TRUE(is_refused([&] { store->Put("key", Content::Text("1")); }));
  EXPECT_TRUE(is_refused([&] { store->PutIfAbsent("key", Content::Text("1")); }));
  EXPECT_TRUE(is_refused([&] { store->CompareAndSwap("key", "1", Content::Text("1")); }));
  EXPECT_TRUE(is_refused([&] { store->Delete("key"); }));
  EXPECT_TRUE(is_refused([&] { store->List(""); }));
}

TEST(WebStoreTest, TheEnvironmentsProxyIsUsed) {
  const ScriptedServer proxy(
      [](const HttpRequest&) { return HttpReaction{HttpAnswerText(200, "by proxy")}; });
  ::setenv("http_proxy", proxy.Url().c_str(), 1);
  EXPECT_EQ(Open("http://store.example.org/a", Quick())->Get("key", 10).body, "by proxy");
  ::unsetenv("http_proxy");
  EXPECT_EQ(proxy.Requests().at(0).target, "http://store.example.org/a/key");
}

}  // namespace
}  // namespace store

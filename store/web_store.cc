#include "store/web_store.h"

#include <algorithm>
#include <charconv>
#include <deque>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/printable.h"

namespace store {
namespace {

using std::chrono::milliseconds;

constexpr int kNotModified = 304;
constexpr int kUnauthorized = 401;
constexpr int kForbidden = 403;

// Of the body, as the head says; 0 where it does not.
uint64_t LengthIn(const Answer& head) {
  uint64_t out = 0;
  if (const auto length = head.headers.find("content-length"); length != head.headers.end()) {
    const std::string& text = length->second;
    std::from_chars(text.data(), text.data() + text.size(), out);
  }
  return out;
}

// Keeps the body of one request, which is tried until its answer is final.
class Keeper : public Receiver {
 public:
  Keeper(Asked& its, const RetryPolicy& policy) : asked(its), retries(policy) {}

  bool Begin(const Answer& head) override {
    asked.body.clear();
    const uint64_t size_bytes = LengthIn(head);
    Check(size_bytes);
    asked.body.reserve(size_bytes);
    return true;
  }
  bool Take(base::Bytes piece) override {
    Check(asked.body.size() + piece.size());
    asked.body += base::AsText(piece);
    return true;
  }

  Asked& asked;
  Retries retries;

 private:
  void Check(uint64_t size_bytes) const {
    if (size_bytes > asked.max_bytes) {
      base::Fail(base::ExitCode::kVerification, "{} has more than the {} bytes that it may have",
                 asked.request.url, asked.max_bytes);
    }
  }
};

// What to do about an answer; empty where nobody knows.
std::string AdviceFor(const Answer& answer) {
  const std::string code = CodeOf(answer);
  if (answer.failure == Failure::kFinal) {
    return "if you trust it, name the file of its certificate authority: in SSL_CERT_FILE, or for "
           "a host with --ca-file of imgpush channel enroll";
  }
  if (answer.failure != Failure::kNone || answer.status >= 500 || answer.status == 429) {
    return "try again when the server and the network are well";
  }
  if (code == "SignatureDoesNotMatch") {
    return "the secret key is wrong, or the region";
  }
  if (code == "InvalidAccessKeyId" || code == "ExpiredToken" || code == "InvalidToken") {
    return "use a key that the store knows";
  }
  if (code == "RequestTimeTooSkewed") {
    return "set this machine's clock";
  }
  if (code == "AuthorizationHeaderMalformed") {
    return "give the bucket's region: ?region=NAME";
  }
  if (code == "NoSuchBucket") {
    return "make the bucket, or correct its name";
  }
  if (answer.status >= 300 && answer.status < 400) {
    return "redirects are not followed: give the address that it redirects to";
  }
  if (answer.status == kForbidden || answer.status == kUnauthorized) {
    return "use a key that may do that";
  }
  return "";
}

// Whose keys or certificates are wrong is not told that an object is missing.
bool IsAboutTheKey(const std::string& code) {
  return !code.empty() && code != "AccessDenied" && code != "NoSuchKey";
}

}  // namespace

std::string VersionOf(const Answer& answer) {
  const auto tag = answer.headers.find("etag");
  return tag == answer.headers.end() ? "" : tag->second;
}

WebStore::WebStore(const std::string& url, const std::string& path, ClientSettings settings,
                   const RetryPolicy& policy)
    : location_(path.empty() ? url : url + "/" + path),
      client_(std::move(settings)),
      policy_(policy) {}

void WebStore::Fail(const std::string& url, const Answer& answer) const {
  const std::string advice = AdviceFor(answer);
  const std::string plain_url = url.substr(0, url.find('?'));
  throw base::Error(
      IsTransient(answer) || answer.failure != Failure::kNone ? base::ExitCode::kUnreachable
                                                              : base::ExitCode::kFailed,
      fmt::format("{}: {}{}{}", plain_url, Describe(answer), advice.empty() ? "" : "; ", advice));
}

State WebStore::StateOf(const std::string& url, const Answer& answer) const {
  if (answer.failure == Failure::kNone && !IsAboutTheKey(CodeOf(answer))) {
    if (answer.status == kNotFound) {
      return State::kMissing;
    }
    if (answer.status == kForbidden) {
      return State::kHidden;
    }
  }
  Fail(url, answer);
}

Answer WebStore::Ask(const Request& request) {
  for (Retries retries(policy_);;) {
    Answer answer = client_.Run(request);
    if (!retries.Wait(answer)) {
      return answer;
    }
  }
}

void WebStore::AskForBodies(std::vector<Asked>& all) {
  std::deque<Keeper> keepers;
  std::vector<Keeper*> left;
  for (Asked& asked : all) {
    left.push_back(&keepers.emplace_back(asked, policy_));
  }
  while (!left.empty()) {
    for (Keeper* const keeper : left) {
      client_.Start(keeper->asked.request, keeper);
    }
    std::vector<Keeper*> again;
    milliseconds delay(0);
    for (size_t running = left.size(); running > 0; --running) {
      HttpClient::Done done = client_.NextEnded();
      auto& keeper = static_cast<Keeper&>(*done.receiver);
      keeper.asked.answer = std::move(done.answer);
      if (const std::optional<milliseconds> wait = keeper.retries.Next(keeper.asked.answer)) {
        again.push_back(&keeper);
        delay = std::max(delay, *wait);
      }
    }
    left = std::move(again);
    SleepUnlessInterrupted(delay);
  }
}

Object WebStore::ObjectOf(Asked&& asked) {
  if (!asked.answer.IsGood()) {
    return {StateOf(asked.request.url, asked.answer), "", ""};
  }
  const auto ranges = asked.answer.headers.find("accept-ranges");
  support_.is_known |= ranges != asked.answer.headers.end() && ranges->second == "bytes";
  return {State::kHere, std::move(asked.body), VersionOf(asked.answer)};
}

Object WebStore::DoGet(const std::string& key, uint64_t max_bytes,
                       const std::string& known_version) {
  std::vector<Asked> asked{{Request{.url = UrlOf(key)}, max_bytes}};
  if (!known_version.empty()) {
    asked.front().request.headers = {"If-None-Match: " + known_version};
  }
  AskForBodies(asked);
  const Answer& answer = asked.front().answer;
  if (answer.failure == Failure::kNone && answer.status == kNotModified) {
    return {State::kUnchanged, "", known_version};
  }
  return ObjectOf(std::move(asked.front()));
}

std::vector<Object> WebStore::DoGetAll(const std::vector<Wanted>& wanted) {
  std::vector<Asked> asked;
  asked.reserve(wanted.size());
  for (const Wanted& one : wanted) {
    asked.push_back({Request{.url = UrlOf(one.key)}, one.max_bytes});
  }
  AskForBodies(asked);
  std::vector<Object> out;
  out.reserve(asked.size());
  for (Asked& one : asked) {
    out.push_back(ObjectOf(std::move(one)));
  }
  return out;
}

RangesRead WebStore::DoGetRanges(const std::string& key, const std::vector<Range>& ranges,
                                 const RangeSink& sink) {
  const std::string url = UrlOf(key);
  if (std::all_of(ranges.begin(), ranges.end(),
                  [](const Range& one) { return one.size_bytes == 0; })) {
    return {DoHead(key).state, false};
  }
  RangeReader reader(client_, url, policy_, support_);
  RangeReader::Result result = reader.Read(ranges, sink);
  if (result.refusal) {
    result.read.state = StateOf(url, *result.refusal);
  }
  return result.read;
}

Info WebStore::DoHead(const std::string& key) {
  const Request request{.method = "HEAD", .url = UrlOf(key)};
  const Answer answer = Ask(request);
  if (!answer.IsGood()) {
    return {StateOf(request.url, answer), 0, ""};
  }
  return {State::kHere, LengthIn(answer), VersionOf(answer)};
}

}  // namespace store

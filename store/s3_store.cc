#include "store/s3_store.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "store/list_answer.h"

namespace store {
namespace {

constexpr uint64_t kMaxObjectBytes = uint64_t{5} << 30;  // of one PUT
constexpr uint64_t kMaxPageBytes = uint64_t{8} << 20;
constexpr uint64_t kSmallBytes = uint64_t{1} << 20;
constexpr int kBadRequest = 400;
constexpr int kPreconditionFailed = 412;

std::string Unquoted(const std::string& version) {
  const bool is_quoted = version.size() >= 2 && version.front() == '"' && version.back() == '"';
  return is_quoted ? version.substr(1, version.size() - 2) : version;
}

// Whether a write under its condition may still go through.
bool IsAsBefore(const Info& there, const std::string& expected) {
  return expected.empty() ? there.state != State::kHere
                          : Unquoted(there.version) == Unquoted(expected);
}

std::string Encoded(const std::string& text) {
  constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  std::string out;
  for (const char c : text) {
    out += kPlain.find(c) != std::string_view::npos
               ? std::string(1, c)
               : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

}  // namespace

S3Store::S3Store(const std::string& bucket_url, const std::string& prefix, ClientSettings settings,
                 const RetryPolicy& policy)
    : WebStore(bucket_url, prefix, std::move(settings), policy),
      bucket_url_(bucket_url),
      prefix_(prefix.empty() ? "" : prefix + "/") {}

Request S3Store::PutRequest(const std::string& key, const Content& content,
                            const PutOptions& options) const {
  if (content.size_bytes() > kMaxObjectBytes) {
    base::Fail(base::ExitCode::kFailed, "{} would have {} bytes: S3 takes 5 GiB at once",
               UrlOf(key), content.size_bytes());
  }
  Request out{.method = "PUT", .url = UrlOf(key), .content = &content};
  out.is_bounded = content.size_bytes() <= kSmallBytes;
  out.headers = {"Content-Type: application/octet-stream"};
  if (options.caching == Caching::kNoCache) {
    out.headers.emplace_back("Cache-Control: no-cache");
  } else if (options.caching == Caching::kImmutable) {
    out.headers.emplace_back("Cache-Control: public, max-age=31536000, immutable");
  }
  if (options.for_bucket_owner) {
    out.headers.emplace_back("x-amz-acl: bucket-owner-full-control");
  }
  return out;
}

S3Store::There S3Store::LookAt(const std::string& key, const Content& content) {
  There out{false, Head(key)};
  if (out.info.state != State::kHere || out.info.size_bytes != content.size_bytes()) {
    return out;
  }
  if (content.size_bytes() <= kSmallBytes) {  // with the version of the very bytes
    Object object = Get(key, kSmallBytes);
    out.is_ours = object.state == State::kHere && base::Sha256Of(object.body) == content.sha256();
    out.info = {object.state, object.body.size(), std::move(object.version)};
    return out;
  }
  base::Sha256Hasher hasher;
  const RangesRead read =
      GetRanges(key, {{0, content.size_bytes()}},
                [&](size_t /*index*/, base::Bytes piece) { hasher.Update(piece); });
  out.is_ours = read.state == State::kHere && hasher.Finish() == content.sha256();
  return out;
}

bool S3Store::IsRefused(const Answer& answer, const std::string& expected) const {
  if (answer.failure != Failure::kNone) {
    return false;
  }
  const bool is_swap = !expected.empty();
  return answer.status == kPreconditionFailed ||
         (is_swap && answer.status == kNotFound && CodeOf(answer) != "NoSuchBucket") ||
         (is_swap && answer.status == kBadRequest && !is_quoted_);  // perhaps for the form
}

// Not every answer tells whether the write was done: none may come; racing writers may be told 500;
// and 412 may be said to libcurl's own repetition of a request that was done. So what is there
// decides.
Written S3Store::PutUnder(const std::string& condition, const std::string& key,
                          const std::string& expected, const Content& content,
                          const PutOptions& options) {
  Request request = PutRequest(key, content, options);
  request.headers.push_back(condition);
  request.is_alone = content.size_bytes() > kSmallBytes;
  bool may_be_done = !request.is_alone;
  for (Retries retries(policy());;) {
    const Answer answer = client().Run(request);
    if (answer.IsGood()) {
      const std::string version = VersionOf(answer);
      return version.empty() ? Head(key).version : version;
    }
    const bool is_refused = IsRefused(answer, expected);
    if (!is_refused && !IsTransient(answer)) {
      Fail(request.url, answer);
    }
    if (is_refused && !may_be_done) {
      return std::nullopt;
    }
    if (answer.failure != Failure::kNotSent) {
      may_be_done = true;
      base::LogInfo("store: {}: {}; looking at what is there", request.url, Describe(answer));
      const There there = LookAt(key, content);
      if (there.is_ours) {
        return there.info.version;
      }
      if (is_refused || !IsAsBefore(there.info, expected)) {
        return std::nullopt;
      }
    }
    if (!retries.Wait(answer)) {
      Fail(request.url, answer);
    }
  }
}

Written S3Store::DoPutIfAbsent(const std::string& key, const Content& content,
                               const PutOptions& options) {
  return PutUnder("If-None-Match: *", key, "", content, options);
}

// radosgw compares If-Match with the version without its quotes, and others want it as it is: where
// the store refuses one form and the version is still there, the other is tried.
Written S3Store::DoCompareAndSwap(const std::string& key, const std::string& version,
                                  const Content& content, const PutOptions& options) {
  if (version.empty()) {
    return std::nullopt;
  }
  for (int form = 0; form < 2; ++form) {
    const std::string plain = Unquoted(version);
    const std::string value = is_quoted_ ? "\"" + plain + "\"" : plain;
    Written written = PutUnder("If-Match: " + value, key, version, content, options);
    if (written || Unquoted(Head(key).version) != plain) {
      return written;
    }
    is_quoted_ = !is_quoted_;
  }
  return std::nullopt;
}

std::string S3Store::DoPut(const std::string& key, const Content& content,
                           const PutOptions& options) {
  const Request request = PutRequest(key, content, options);
  const Answer answer = Ask(request);
  if (!answer.IsGood()) {
    Fail(request.url, answer);
  }
  return VersionOf(answer);
}

void S3Store::DoDelete(const std::string& key) {
  const Request request{.method = "DELETE", .url = UrlOf(key)};
  const Answer answer = Ask(request);
  if (!answer.IsGood() && (answer.status != kNotFound || CodeOf(answer) == "NoSuchBucket")) {
    Fail(request.url, answer);
  }
}

// Pages begin after a key, not at a token: that would need more letters in a query, which libcurl's
// signatures do not all agree with.
std::vector<Listed> S3Store::DoList(const std::string& prefix, size_t most) {
  std::vector<Listed> out;
  std::string after;
  for (;;) {
    std::string url =
        fmt::format("{}?list-type=2&prefix={}", bucket_url_, Encoded(prefix_ + prefix));
    if (!after.empty()) {
      url += "&start-after=" + Encoded(after);
    }
    std::vector<Asked> asked{{Request{.url = url}, kMaxPageBytes}};
    AskForBodies(asked);
    if (!asked.front().answer.IsGood()) {
      Fail(url, asked.front().answer);
    }
    ListPage page = ParseListPage(asked.front().body, location());
    const std::string before = after;
    for (Listed& object : page.objects) {
      after = std::max(after, object.key);
      if (object.key.starts_with(prefix_) && IsKey(object.key.substr(prefix_.size()))) {
        object.key.erase(0, prefix_.size());
        AddListed(std::move(object), most, out);
      }
    }
    if (page.is_last) {
      break;
    }
    if (after == before) {
      base::Fail(base::ExitCode::kVerification, "{} lists the same objects again", location());
    }
  }
  std::sort(out.begin(), out.end(),
            [](const Listed& one, const Listed& other) { return one.key < other.key; });
  return out;
}

}  // namespace store

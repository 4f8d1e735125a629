#include "store/transfer.h"

#include <algorithm>
#include <cctype>
#include <new>
#include <utility>

#include "base/error.h"
#include "base/printable.h"
#include "base/version.h"

namespace store {
namespace {

constexpr size_t kMaxErrorBodyBytes = size_t{64} << 10;  // what is kept of it
constexpr uint64_t kMostErrorBytes = uint64_t{16} << 20;
constexpr size_t kMaxReasonBytes = 300;
constexpr uint64_t kMaxFieldBytes = uint64_t{1} << 20;
constexpr long kSlowBytesPerSecond = 100;
constexpr const char* kEmptyDigest =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

template <typename Value>
void Set(const Easy& curl, CURLoption option, Value value) {
  if (curl_easy_setopt(curl.get(), option, value) != CURLE_OK) {
    FailLibrary(fmt::format("does not take option {}", static_cast<int>(option)));
  }
}

void Append(HeaderLines& lines, const std::string& line) {
  curl_slist* longer = curl_slist_append(lines.get(), line.c_str());
  if (longer == nullptr) {
    throw std::bad_alloc();
  }
  static_cast<void>(lines.release());
  lines.reset(longer);
}

std::string_view TrimmedLine(std::string_view line) {
  constexpr std::string_view kBlank = " \t\r\n";
  const size_t start = line.find_first_not_of(kBlank);
  return start == std::string_view::npos
             ? std::string_view()
             : line.substr(start, line.find_last_not_of(kBlank) + 1 - start);
}

// Before anything of the request was on its way.
bool IsBeforeRequest(CURLcode result) {
  switch (result) {
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
      return true;
    default:
      return false;
  }
}

bool IsFinal(CURLcode result) {
  switch (result) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
    case CURLE_NOT_BUILT_IN:
    case CURLE_OUT_OF_MEMORY:
      return true;
    default:
      return false;
  }
}

}  // namespace

void FailLibrary(const std::string& what) {
  base::Fail(base::ExitCode::kFailed, "libcurl {}", what);
}

Transfer::Transfer(const Request& request, const ClientSettings& settings, Receiver* receiver)
    : curl_(curl_easy_init()), receiver_(receiver), content_(request.content) {
  if (!curl_) {
    FailLibrary("cannot be used");
  }
  SetGeneral(request, settings);
  SetCallbacks();
  SetMethod(request);
  SetHeaders(request, settings);
}

void Transfer::SetGeneral(const Request& request, const ClientSettings& settings) {
  const Limits& limits = settings.limits;
  Set(curl_, CURLOPT_URL, request.url.c_str());
  Set(curl_, CURLOPT_PROTOCOLS_STR, request.url.starts_with("https:") ? "https" : "http");
  Set(curl_, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  Set(curl_, CURLOPT_USERAGENT, (std::string("Slipway/") + base::kVersion).c_str());
  Set(curl_, CURLOPT_NOSIGNAL, 1L);
  Set(curl_, CURLOPT_QUICK_EXIT, 1L);  // an interrupt does not wait for a name server
  Set(curl_, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(limits.connect.count()));
  Set(curl_, CURLOPT_LOW_SPEED_LIMIT, kSlowBytesPerSecond);
  Set(curl_, CURLOPT_LOW_SPEED_TIME, static_cast<long>(limits.stall.count()));
  if (request.is_bounded) {
    Set(curl_, CURLOPT_TIMEOUT_MS, static_cast<long>(limits.whole.count()));
  }
  if (request.is_alone) {
    Set(curl_, CURLOPT_FRESH_CONNECT, 1L);
  }
  if (!settings.ca_file.empty()) {
    Set(curl_, CURLOPT_CAINFO, settings.ca_file.c_str());
    Set(curl_, CURLOPT_CAPATH, static_cast<char*>(nullptr));  // no others beside them
    Set(curl_, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  }
}

void Transfer::SetCallbacks() {
  Set(curl_, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);  // those of a proxy are not the answer's
  Set(curl_, CURLOPT_ERRORBUFFER, error_.data());
  Set(curl_, CURLOPT_HEADERFUNCTION, &OnHeader);
  Set(curl_, CURLOPT_HEADERDATA, this);
  Set(curl_, CURLOPT_WRITEFUNCTION, &OnBody);
  Set(curl_, CURLOPT_WRITEDATA, this);
}

void Transfer::SetMethod(const Request& request) {
  if (content_ != nullptr && content_->size_bytes() <= kMaxFieldBytes) {
    // An upload would ask for the answer 100 first; and "Expect:" against that spoils signatures.
    fields_.resize(content_->size_bytes());
    content_->Read(0, {reinterpret_cast<uint8_t*>(fields_.data()), fields_.size()});
    Set(curl_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(fields_.size()));
    Set(curl_, CURLOPT_POSTFIELDS, fields_.data());
    Set(curl_, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  } else if (content_ != nullptr) {
    Set(curl_, CURLOPT_UPLOAD, 1L);
    Set(curl_, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(content_->size_bytes()));
    Set(curl_, CURLOPT_READFUNCTION, &OnRead);
    Set(curl_, CURLOPT_READDATA, this);
    Set(curl_, CURLOPT_SEEKFUNCTION, &OnSeek);
    Set(curl_, CURLOPT_SEEKDATA, this);
  } else if (request.method == "HEAD") {
    Set(curl_, CURLOPT_NOBODY, 1L);
  } else if (request.method != "GET") {
    Set(curl_, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
}

void Transfer::SetHeaders(const Request& request, const ClientSettings& settings) {
  for (const std::string& line : request.headers) {
    Append(lines_, line);
  }
  if (settings.credentials) {
    // By itself, libcurl knows the digest only of what it has in memory.
    Append(lines_, "x-amz-content-sha256: " +
                       (content_ == nullptr ? kEmptyDigest : content_->sha256().ToHex()));
    if (!settings.credentials->token.empty()) {
      Append(lines_, "x-amz-security-token: " + settings.credentials->token);
    }
    Set(curl_, CURLOPT_AWS_SIGV4, ("aws:amz:" + settings.region + ":s3").c_str());
    Set(curl_, CURLOPT_USERNAME, settings.credentials->key_id.c_str());
    Set(curl_, CURLOPT_PASSWORD, settings.credentials->secret.c_str());
  }
  Set(curl_, CURLOPT_HTTPHEADER, lines_.get());
}

Answer Transfer::Ended(CURLcode result) {
  if (thrown_) {
    std::rethrow_exception(thrown_);
  }
  if (result == CURLE_OK && is_head_done_) {
    return std::move(answer_);
  }
  answer_.failure = is_stopped_               ? Failure::kStopped
                    : IsFinal(result)         ? Failure::kFinal
                    : IsBeforeRequest(result) ? Failure::kNotSent
                                              : Failure::kCutOff;
  if (result == CURLE_OK) {
    result = CURLE_RECV_ERROR;  // libcurl takes half a head for an answer
  }
  const bool has_text = error_[0] != '\0';
  answer_.reason =
      base::Printable(has_text ? error_.data() : curl_easy_strerror(result), kMaxReasonBytes);
  return std::move(answer_);
}

template <typename Call>
bool Transfer::Guarded(Call call) noexcept {
  try {
    if (call()) {
      return true;
    }
    is_stopped_ = true;
  } catch (...) {
    thrown_ = std::current_exception();
  }
  return false;
}

size_t Transfer::OnHeader(char* data, size_t /*one*/, size_t size_bytes, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const bool goes_on = transfer.Guarded([&] { return transfer.TakeHeader({data, size_bytes}); });
  return goes_on ? size_bytes : 0;
}

size_t Transfer::OnBody(char* data, size_t /*one*/, size_t size_bytes, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const bool goes_on = transfer.Guarded([&] { return transfer.TakeBody({data, size_bytes}); });
  return goes_on ? size_bytes : 0;
}

size_t Transfer::OnRead(char* data, size_t /*one*/, size_t size_bytes, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  size_t got = CURL_READFUNC_ABORT;
  transfer.Guarded([&] {
    got = transfer.content_->Read(transfer.sent_, {reinterpret_cast<uint8_t*>(data), size_bytes});
    transfer.sent_ += got;
    return true;
  });
  return got;
}

int Transfer::OnSeek(void* self, curl_off_t offset, int origin) {
  if (origin != SEEK_SET || offset < 0) {
    return CURL_SEEKFUNC_CANTSEEK;
  }
  static_cast<Transfer*>(self)->sent_ = static_cast<uint64_t>(offset);
  return CURL_SEEKFUNC_OK;
}

bool Transfer::TakeHeader(std::string_view line) {
  if (is_head_done_) {
    return true;  // of a trailer
  }
  if (line.starts_with("HTTP/")) {  // also after one of status 100
    answer_.headers.clear();
    return true;
  }
  line = TrimmedLine(line);
  if (line.empty()) {
    return EndHead();
  }
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) {
    return true;
  }
  std::string name(line.substr(0, colon));
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const std::string value(TrimmedLine(line.substr(colon + 1)));
  const auto [at, is_new] = answer_.headers.try_emplace(name, value);
  if (!is_new) {
    at->second += ", " + value;
  }
  return true;
}

bool Transfer::EndHead() {
  const auto status = static_cast<int>(InfoOf<long>(curl_, CURLINFO_RESPONSE_CODE));
  if (status < 200) {
    return true;
  }
  answer_.status = status;
  is_head_done_ = true;
  return !answer_.IsGood() || receiver_ == nullptr || receiver_->Begin(answer_);
}

bool Transfer::TakeBody(std::string_view piece) {
  if (!answer_.IsGood()) {
    answer_.body += piece.substr(0, kMaxErrorBodyBytes - answer_.body.size());
    error_bytes_ += piece.size();
    if (error_bytes_ > kMostErrorBytes) {
      base::Fail(base::ExitCode::kFailed, "a server answers {}, and the answer does not end",
                 answer_.status);
    }
    return true;
  }
  return receiver_ == nullptr || receiver_->Take(base::AsBytes(piece));
}

}  // namespace store

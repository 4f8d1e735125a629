#include "activator/os/network_check.h"

#include <curl/curl.h>

#include <algorithm>
#include <memory>

#include "base/error.h"
#include "base/printable.h"
#include "images/service/address.h"

namespace activator {
namespace {

using std::chrono::milliseconds;

constexpr size_t kMaxBodyBytes = size_t{64} << 10;
constexpr size_t kMaxSaidBytes = 300;

struct CurlDeleter {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Curl = std::unique_ptr<CURL, CurlDeleter>;
using HeaderList = std::unique_ptr<curl_slist, CurlDeleter>;

template <typename Value>
void Set(const Curl& curl, CURLoption option, Value value) {
  if (curl_easy_setopt(curl.get(), option, value) != CURLE_OK) {
    base::Fail(base::ExitCode::kFailed, "libcurl does not take option {}",
               static_cast<int>(option));
  }
}

Curl NewCurl(const std::string& url, milliseconds limit) {
  static const bool kReady = curl_global_init(CURL_GLOBAL_NOTHING) == CURLE_OK;
  Curl curl(kReady ? curl_easy_init() : nullptr);
  if (!curl) {
    base::Fail(base::ExitCode::kFailed, "libcurl cannot be used");
  }
  const long milliseconds_left = std::max<long>(1, static_cast<long>(limit.count()));
  Set(curl, CURLOPT_URL, url.c_str());
  Set(curl, CURLOPT_NOSIGNAL, 1L);
  Set(curl, CURLOPT_TIMEOUT_MS, milliseconds_left);
  Set(curl, CURLOPT_CONNECTTIMEOUT_MS, milliseconds_left);
  return curl;
}

struct Body {
  std::string text;
  bool is_full = false;
};

// Takes less than it is given, which ends the transfer, where the body is longer than we look at.
size_t Collect(char* data, size_t /*one*/, size_t size_bytes, void* to) {
  Body& body = *static_cast<Body*>(to);
  const size_t take = std::min(size_bytes, kMaxBodyBytes - body.text.size());
  body.text.append(data, take);
  body.is_full = take < size_bytes;
  return take;
}

// It may be cut within a character, or be no text at all.
std::string AsciiOf(const std::string& text) {
  std::string out = base::Printable(text, kMaxSaidBytes);
  std::replace_if(
      out.begin(), out.end(), [](char c) { return c < 0; }, '?');
  return out + (text.size() > kMaxSaidBytes ? "..." : "");
}

HeaderList Headers(const std::map<std::string, std::string>& headers) {
  HeaderList out;
  for (const auto& [name, value] : headers) {
    // ";" sends one without a value; "Name:" would leave it out.
    const std::string line = value.empty() ? name + ";" : name + ": " + value;
    curl_slist* longer = curl_slist_append(out.get(), line.c_str());
    if (longer == nullptr) {
      throw std::bad_alloc();
    }
    static_cast<void>(out.release());
    out.reset(longer);
  }
  return out;
}

ProbeResult Judge(const images::HttpCheck& check, uint64_t status, const Body& body) {
  if (status != check.expect) {
    return {false, fmt::format("status {} instead of {}", status, check.expect),
            AsciiOf(body.text)};
  }
  if (body.text.find(check.body) == std::string::npos) {
    return {false,
            fmt::format("status {}, but '{}' is not in {}", status, AsciiOf(check.body),
                        body.is_full ? fmt::format("the first {} bytes of its body", kMaxBodyBytes)
                                     : "its body"),
            AsciiOf(body.text)};
  }
  return {true, "", ""};
}

}  // namespace

ProbeResult AskHttp(const images::HttpCheck& check, milliseconds limit) {
  const std::optional<images::SocketUrl> on_socket = images::ParseSocketUrl(check.url);
  const Curl curl = NewCurl(on_socket ? "http://localhost" + on_socket->path : check.url, limit);
  if (on_socket) {
    Set(curl, CURLOPT_UNIX_SOCKET_PATH, on_socket->socket.c_str());
  }
  const HeaderList headers = Headers(check.headers);
  Body body;
  Set(curl, CURLOPT_USERAGENT, "Slipway");
  Set(curl, CURLOPT_HTTPHEADER, headers.get());
  Set(curl, CURLOPT_WRITEFUNCTION, &Collect);
  Set(curl, CURLOPT_WRITEDATA, &body);
  const CURLcode result = curl_easy_perform(curl.get());
  if (result != CURLE_OK && !(result == CURLE_WRITE_ERROR && body.is_full)) {
    return {false, curl_easy_strerror(result), AsciiOf(body.text)};
  }
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  return Judge(check, static_cast<uint64_t>(std::max(0L, status)), body);
}

ProbeResult AskTcp(const std::string& address, milliseconds limit) {
  const bool is_path = address.starts_with('/');
  const Curl curl = NewCurl(is_path ? "http://localhost" : "http://" + address, limit);
  if (is_path) {
    Set(curl, CURLOPT_UNIX_SOCKET_PATH, address.c_str());
  }
  Set(curl, CURLOPT_CONNECT_ONLY, 1L);
  const CURLcode result = curl_easy_perform(curl.get());
  return {result == CURLE_OK, result == CURLE_OK ? "" : curl_easy_strerror(result), ""};
}

ProbeResult AskOverNetwork(const images::Health& health, milliseconds limit) {
  return health.http ? AskHttp(*health.http, limit) : AskTcp(*health.tcp, limit);
}

}  // namespace activator

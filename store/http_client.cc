#include "store/http_client.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "store/transfer.h"

namespace store {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPollSlice(200);  // after which an interrupt is seen whoever got the signal
constexpr long kKeptConnections = 8;

void PrepareLibrary() {
  static const bool kReady = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  if (!kReady) {
    FailLibrary("cannot be used");
  }
}

}  // namespace

struct HttpClient::Multi {
  CURLM* const handle = curl_multi_init();
  ~Multi() { curl_multi_cleanup(handle); }
};

HttpClient::HttpClient(ClientSettings settings) : settings_(std::move(settings)) {
  PrepareLibrary();
  multi_ = std::make_unique<Multi>();
  if (multi_->handle == nullptr) {
    FailLibrary("cannot be used");
  }
  curl_multi_setopt(multi_->handle, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
  curl_multi_setopt(multi_->handle, CURLMOPT_MAXCONNECTS, kKeptConnections);
}

HttpClient::~HttpClient() { DropAll(); }

void HttpClient::DropAll() {
  for (const std::unique_ptr<Transfer>& transfer : transfers_) {
    Count(*transfer);
    curl_multi_remove_handle(multi_->handle, transfer->handle());
  }
  transfers_.clear();
}

void HttpClient::Start(const Request& request, Receiver* receiver) {
  base::LogDebug("store: {} {}", request.method, request.url.substr(0, request.url.find('?')));
  try {
    auto transfer = std::make_unique<Transfer>(request, settings_, receiver);
    if (curl_multi_add_handle(multi_->handle, transfer->handle()) != CURLM_OK) {
      FailLibrary("cannot begin a transfer");
    }
    transfers_.push_back(std::move(transfer));
  } catch (...) {
    DropAll();
    throw;
  }
  ++traffic_.requests;
}

void HttpClient::Count(const Transfer& transfer) {
  const auto whole = [](curl_off_t value) {
    return static_cast<uint64_t>(std::max<curl_off_t>(0, value));
  };
  const Easy& curl = transfer.curl();
  traffic_.sent_bytes += whole(InfoOf<long>(curl, CURLINFO_REQUEST_SIZE)) +
                         whole(InfoOf<curl_off_t>(curl, CURLINFO_SIZE_UPLOAD_T));
  traffic_.received_bytes += whole(InfoOf<long>(curl, CURLINFO_HEADER_SIZE)) +
                             whole(InfoOf<curl_off_t>(curl, CURLINFO_SIZE_DOWNLOAD_T));
  const auto date = transfer.answer().headers.find("date");
  if (date != transfer.answer().headers.end()) {
    if (const std::optional<int64_t> seconds = ParseHttpDate(date->second)) {
      const auto now = base::SystemClock().Now().time_since_epoch();
      traffic_.clock_offset_seconds =
          *seconds - std::chrono::duration_cast<std::chrono::seconds>(now).count();
    }
  }
}

std::optional<HttpClient::Done> HttpClient::TakeEnded() {
  int left = 0;
  const CURLMsg* message = nullptr;
  do {
    message = curl_multi_info_read(multi_->handle, &left);
  } while (message != nullptr && message->msg != CURLMSG_DONE);
  if (message == nullptr) {
    return std::nullopt;
  }
  CURL* const handle = message->easy_handle;
  const CURLcode result = message->data.result;
  const auto at = std::find_if(transfers_.begin(), transfers_.end(),
                               [&](const auto& one) { return one->handle() == handle; });
  const std::unique_ptr<Transfer> transfer = std::move(*at);
  transfers_.erase(at);
  curl_multi_remove_handle(multi_->handle, handle);
  Count(*transfer);
  return Done{transfer->receiver(), transfer->Ended(result)};
}

std::optional<HttpClient::Done> HttpClient::Next(milliseconds limit) {
  const auto end = base::SystemClock().Monotonic() + limit;
  try {
    for (;;) {
      int running = 0;
      if (curl_multi_perform(multi_->handle, &running) != CURLM_OK) {
        FailLibrary("cannot go on");
      }
      if (std::optional<Done> done = TakeEnded()) {
        return done;
      }
      base::ThrowIfInterrupted();
      const auto left = std::chrono::ceil<milliseconds>(end - base::SystemClock().Monotonic());
      if (left <= milliseconds(0)) {
        return std::nullopt;
      }
      const auto slice = static_cast<int>(std::min(left, kPollSlice).count());
      curl_multi_poll(multi_->handle, nullptr, 0, slice, nullptr);
    }
  } catch (...) {
    DropAll();
    throw;
  }
}

HttpClient::Done HttpClient::NextEnded() {
  for (;;) {
    if (std::optional<Done> done = Next(std::chrono::hours(1))) {
      return *std::move(done);
    }
  }
}

Answer HttpClient::Run(const Request& request, Receiver* receiver) {
  Start(request, receiver);
  return NextEnded().answer;
}

std::optional<int64_t> ParseHttpDate(const std::string& text) {
  const time_t seconds = curl_getdate(text.c_str(), nullptr);
  return seconds == -1 ? std::nullopt : std::optional<int64_t>(seconds);
}

}  // namespace store

// One request on its way, as libcurl's handle.
#ifndef SLIPWAY_STORE_TRANSFER_H_
#define SLIPWAY_STORE_TRANSFER_H_

#include <curl/curl.h>

#include <array>
#include <exception>
#include <memory>
#include <string>
#include <string_view>

#include "store/http.h"

namespace store {

struct EasyDeleter {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Easy = std::unique_ptr<CURL, EasyDeleter>;
using HeaderLines = std::unique_ptr<curl_slist, EasyDeleter>;

[[noreturn]] void FailLibrary(const std::string& what);

template <typename Value>
Value InfoOf(const Easy& curl, CURLINFO info) {
  Value value = 0;
  curl_easy_getinfo(curl.get(), info, &value);
  return value;
}

class Transfer {
 public:
  // All but the URL must stay until it has ended.
  Transfer(const Request& request, const ClientSettings& settings, Receiver* receiver);

  CURL* handle() const { return curl_.get(); }
  const Easy& curl() const { return curl_; }
  Receiver* receiver() const { return receiver_; }
  const Answer& answer() const { return answer_; }
  // After its end. Throws what the receiver threw.
  Answer Ended(CURLcode result);

 private:
  void SetGeneral(const Request& request, const ClientSettings& settings);
  void SetCallbacks();
  void SetMethod(const Request& request);
  void SetHeaders(const Request& request, const ClientSettings& settings);

  static size_t OnHeader(char* data, size_t one, size_t size_bytes, void* self);
  static size_t OnBody(char* data, size_t one, size_t size_bytes, void* self);
  static size_t OnRead(char* data, size_t one, size_t size_bytes, void* self);
  static int OnSeek(void* self, curl_off_t offset, int origin);

  // Nothing may be thrown through libcurl.
  template <typename Call>
  bool Guarded(Call call) noexcept;
  bool TakeHeader(std::string_view line);
  bool EndHead();
  bool TakeBody(std::string_view piece);

  Easy curl_;
  HeaderLines lines_;
  Receiver* receiver_;
  const Content* content_;
  std::string fields_;  // a small content
  uint64_t sent_ = 0;
  bool is_head_done_ = false;
  bool is_stopped_ = false;
  std::exception_ptr thrown_;
  std::array<char, CURL_ERROR_SIZE> error_{};
  Answer answer_;
  uint64_t error_bytes_ = 0;  // of the body of an answer that is not good
};

}  // namespace store

#endif  // SLIPWAY_STORE_TRANSFER_H_

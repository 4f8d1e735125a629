// Requests over HTTP/1.1 by libcurl, several at once, signed for S3 where there are credentials
// (SigV4). Knows nothing of stores and tries nothing twice. With store/transfer.h the only place
// that knows libcurl.
//
// A client is for one thread. It keeps connections open between requests. Proxies are those that
// libcurl finds in the environment (https_proxy, http_proxy, no_proxy). Redirects are not followed.
#ifndef SLIPWAY_STORE_HTTP_CLIENT_H_
#define SLIPWAY_STORE_HTTP_CLIENT_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/http.h"
#include "store/store.h"

namespace store {

class Transfer;

class HttpClient {
 public:
  explicit HttpClient(ClientSettings settings);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // `receiver` may be nullptr, and outlives the transfer. Of what is thrown in between, nothing is
  // left running.
  Answer Run(const Request& request, Receiver* receiver = nullptr);

  // Begins a request that Next will return, with the receiver as its name. What it throws drops all
  // that are in progress.
  void Start(const Request& request, Receiver* receiver);
  struct Done {
    Receiver* receiver;
    Answer answer;
  };
  // Drives all requests until one has ended; nullopt: none had within `limit`. Throws what its
  // receiver threw, and when interrupted; then, all requests are dropped.
  std::optional<Done> Next(std::chrono::milliseconds limit);
  // The same, without a limit.
  Done NextEnded();
  void DropAll();

  const Traffic& traffic() const { return traffic_; }
  const ClientSettings& settings() const { return settings_; }

 private:
  std::optional<Done> TakeEnded();
  void Count(const Transfer& transfer);

  struct Multi;
  ClientSettings settings_;
  std::unique_ptr<Multi> multi_;
  std::vector<std::unique_ptr<Transfer>> transfers_;
  Traffic traffic_;
};

// Seconds since 1970 of a date as HTTP has it; nullopt where it is none.
std::optional<int64_t> ParseHttpDate(const std::string& text);

}  // namespace store

#endif  // SLIPWAY_STORE_HTTP_CLIENT_H_

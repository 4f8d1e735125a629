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
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "store/content.h"
#include "store/credentials.h"
#include "store/store.h"

namespace store {

struct Limits {
  std::chrono::milliseconds connect{15'000};
  // A transfer ends that moved less than 100 bytes a second for so long.
  std::chrono::seconds stall{30};
  // For all of a request whose answer is kept in memory.
  std::chrono::milliseconds whole{300'000};
  size_t connections = 6;  // for the ranges of one object
};

struct ClientSettings {
  std::string ca_file;  // the only certificates that count; empty: https is not possible
  Limits limits;
  std::optional<Credentials> credentials;  // what requests are signed with
  std::string region;                      // for which
};

struct Request {
  std::string method = "GET";
  std::string url;
  std::vector<std::string> headers{};  // "Name: value"
  const Content* content = nullptr;    // of PUT
  bool is_bounded = true;              // Limits::whole counts
  // On a connection of its own: libcurl repeats a request by itself where one that it used before
  // turns out closed, and then an answer may be that to the second.
  bool is_alone = false;
};

enum class Failure {
  kNone,     // a whole answer is there
  kNotSent,  // no connection: the server has not seen the request
  kCutOff,   // no whole answer, whether or not the server did what was asked
  kFinal,    // the same would happen again: an untrusted certificate
  kStopped,  // the receiver wanted no more
};

struct Answer {
  Failure failure = Failure::kNone;
  std::string reason;                          // of the failure
  int status = 0;                              // 0: not even a head
  std::map<std::string, std::string> headers;  // names in lower case; of several: "one, other"
  std::string body;                            // of status 300 and more: its first 64 KiB

  bool IsGood() const { return failure == Failure::kNone && status >= 200 && status < 300; }
};

// What came instead of what was asked for, for messages: "it answers 503 (SlowDown)".
std::string Describe(const Answer& answer);
// What S3 calls it: "AccessDenied"; empty where the body does not say.
std::string CodeOf(const Answer& answer);

// Gets the good answers (status 2xx), in the thread that calls Next. May throw.
class Receiver {
 public:
  Receiver() = default;
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;
  virtual ~Receiver() = default;
  // The head is complete. false: stop.
  virtual bool Begin(const Answer& head) = 0;
  virtual bool Take(base::Bytes piece) = 0;
};

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

  // Begins a request that Next will return, with the receiver as its name.
  void Start(const Request& request, Receiver* receiver);
  struct Done {
    Receiver* receiver;
    Answer answer;
  };
  // Drives all requests until one has ended; nullopt: none had within `limit`. Throws what its
  // receiver threw, and when interrupted; then, all requests are dropped.
  std::optional<Done> Next(std::chrono::milliseconds limit);
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

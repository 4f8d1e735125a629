// A request over HTTP and what is answered.
#ifndef SLIPWAY_STORE_HTTP_H_
#define SLIPWAY_STORE_HTTP_H_

#include <chrono>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "store/content.h"
#include "store/credentials.h"

namespace store {

struct Limits {
  std::chrono::milliseconds connect{15'000};
  // A transfer ends that moved less than 100 bytes a second for so long.
  std::chrono::seconds stall{30};
  // For all of a request whose answer is kept in memory.
  std::chrono::milliseconds whole{300'000};
  size_t connections = 6;  // for the ranges of one object
  // No range is begun that ends further behind the start of the first one that is not done: how
  // much somebody has to keep who wants them in order. One is always read.
  uint64_t ahead_bytes = std::numeric_limits<uint64_t>::max();
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

}  // namespace store

#endif  // SLIPWAY_STORE_HTTP_H_

// Ranges of one object over several connections, each byte once whatever is tried again. One range
// a request: of several, S3 and others answer only the first, without saying so.
#ifndef SLIPWAY_STORE_RANGE_READER_H_
#define SLIPWAY_STORE_RANGE_READER_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/http_client.h"
#include "store/retry.h"
#include "store/store.h"

namespace store {

// What a store has learnt of its server: until it has answered one range, others wait, for it may
// send the whole object each time.
struct RangeSupport {
  bool is_known = false;
};

class RangeReader {
 public:
  RangeReader(HttpClient& client, std::string url, const RetryPolicy& policy,
              RangeSupport& support);
  ~RangeReader();

  // What the server answered instead, where it was no part of the object, for the caller to judge.
  struct Result {
    RangesRead read;
    std::optional<Answer> refusal;
  };
  Result Read(const std::vector<Range>& ranges, const RangeSink& sink);

 private:
  class Part;

  bool Begin(Part& part, const Answer& head);
  void CheckPart(const Part& part, const Answer& head);
  bool Take(Part& part, base::Bytes piece);
  void Distribute(base::Bytes piece);
  void Deliver(Part& part, base::Bytes piece);
  void StartDue();
  std::chrono::milliseconds UntilDue() const;
  bool IsDone() const;
  // A refusal ends everything.
  std::optional<Answer> Settle(Part& part, Answer answer);
  [[noreturn]] void FailEnd(const Part& part) const;

  HttpClient& client_;
  const std::string url_;
  const RetryPolicy policy_;
  RangeSupport& support_;
  const RangeSink* sink_ = nullptr;
  std::vector<std::unique_ptr<Part>> parts_;
  size_t running_ = 0;
  std::optional<std::string> version_;  // of the object, where the server names one
  // The one whose request is answered with the whole object.
  Part* whole_ = nullptr;
  uint64_t whole_at_ = 0;
};

}  // namespace store

#endif  // SLIPWAY_STORE_RANGE_READER_H_

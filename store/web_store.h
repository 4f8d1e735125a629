// Objects of a web server, which can only be read; and the reading half of S3.
#ifndef SLIPWAY_STORE_WEB_STORE_H_
#define SLIPWAY_STORE_WEB_STORE_H_

#include <string>
#include <vector>

#include "store/http_client.h"
#include "store/range_reader.h"
#include "store/retry.h"
#include "store/store.h"

namespace store {

inline constexpr int kNotFound = 404;

struct Asked {
  Request request;
  uint64_t max_bytes = 0;  // of the body
  std::string body{};
  Answer answer{};
};

class WebStore : public Store {
 public:
  // Keys are below `path` of `url`, which ends with no "/".
  WebStore(const std::string& url, const std::string& path, ClientSettings settings,
           const RetryPolicy& policy);

  const std::string& location() const override { return location_; }
  Traffic traffic() const override { return client_.traffic(); }

 protected:
  // Again where it makes sense, and without a receiver, which would get the bytes twice.
  Answer Ask(const Request& request);
  // The same, of all at once, and with their bodies, which are those of the last tries.
  void AskForBodies(std::vector<Asked>& all);
  std::string UrlOf(const std::string& key) const { return location_ + "/" + key; }
  // An answer that nothing can be made of, as an Error: what failed and what to do.
  [[noreturn]] void Fail(const std::string& url, const Answer& answer) const;
  // kMissing or kHidden; throws for all other answers.
  State StateOf(const std::string& url, const Answer& answer) const;

  HttpClient& client() { return client_; }
  const RetryPolicy& policy() const { return policy_; }

 private:
  Object DoGet(const std::string& key, uint64_t max_bytes,
               const std::string& known_version) override;
  std::vector<Object> DoGetAll(const std::vector<Wanted>& wanted) override;
  RangesRead DoGetRanges(const std::string& key, const std::vector<Range>& ranges,
                         const RangeSink& sink) override;
  Info DoHead(const std::string& key) override;
  Object ObjectOf(Asked&& asked);

  std::string location_;
  HttpClient client_;
  RetryPolicy policy_;
  RangeSupport support_;
};

// The version that an answer names; empty where it names none.
std::string VersionOf(const Answer& answer);

}  // namespace store

#endif  // SLIPWAY_STORE_WEB_STORE_H_

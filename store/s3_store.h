// A bucket of an S3-compatible store, or the part of it below a prefix. Measured with Ceph's
// radosgw; docs/formats/store.md says what differs between stores.
#ifndef SLIPWAY_STORE_S3_STORE_H_
#define SLIPWAY_STORE_S3_STORE_H_

#include <string>
#include <vector>

#include "store/web_store.h"

namespace store {

class S3Store : public WebStore {
 public:
  // `bucket_url`: "https://HOST/BUCKET".
  S3Store(const std::string& bucket_url, const std::string& prefix, ClientSettings settings,
          const RetryPolicy& policy);

 private:
  Written DoPutIfAbsent(const std::string& key, const Content& content,
                        const PutOptions& options) override;
  Written DoCompareAndSwap(const std::string& key, const std::string& version,
                           const Content& content, const PutOptions& options) override;
  std::string DoPut(const std::string& key, const Content& content,
                    const PutOptions& options) override;
  void DoDelete(const std::string& key) override;
  std::vector<Listed> DoList(const std::string& prefix, size_t most) override;

  // A write under the header `condition`; what is there decides after an unclear answer.
  // `expected`: the version that it replaces, or empty.
  Written PutUnder(const std::string& condition, const std::string& key,
                   const std::string& expected, const Content& content, const PutOptions& options);
  // The condition did not hold, or the store knows no such one.
  bool IsRefused(const Answer& answer, const std::string& expected) const;
  Request PutRequest(const std::string& key, const Content& content,
                     const PutOptions& options) const;
  // What is at `key` now: our bytes, in that version; or something else.
  struct There {
    bool is_ours = false;
    Info info;
  };
  There LookAt(const std::string& key, const Content& content);

  std::string bucket_url_;
  std::string prefix_;
  // Whether the store wants versions as it gives them in If-Match, in quotes.
  bool is_quoted_ = false;
};

}  // namespace store

#endif  // SLIPWAY_STORE_S3_STORE_H_

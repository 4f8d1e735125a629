// Opens a store by its name.
#ifndef SLIPWAY_STORE_OPEN_H_
#define SLIPWAY_STORE_OPEN_H_

#include <chrono>
#include <memory>
#include <string>

#include "store/http.h"
#include "store/retry.h"
#include "store/store.h"

namespace store {

struct Options {
  // Of s3://; empty: $AWS_ENDPOINT_URL_S3, $AWS_ENDPOINT_URL, or Amazon's of the region.
  std::string endpoint{};
  // Empty: the location's, $AWS_REGION, $AWS_DEFAULT_REGION, or us-east-1.
  std::string region{};
  // A file of credentials; empty: of the environment (store/credentials.h).
  std::string credentials_file{};
  // Signs nothing, whatever the environment has.
  bool anonymous = false;
  // The certificates that servers must have one of; empty: $SSL_CERT_FILE, or the distribution's.
  std::string ca_file{};
  // A folder that is not there is no empty store, but one that is not mounted: Error{kUnreachable}.
  bool must_exist = false;
  Limits limits{};
  RetryPolicy retries{};
};

// Asks nobody: a store that is not there is found out by the first call.
std::unique_ptr<Store> Open(const std::string& location, const Options& options = {});

}  // namespace store

#endif  // SLIPWAY_STORE_OPEN_H_

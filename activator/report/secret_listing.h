// `activate secret list`: which secrets there are, and who reads them; never a value.
#ifndef SLIPWAY_ACTIVATOR_REPORT_SECRET_LISTING_H_
#define SLIPWAY_ACTIVATOR_REPORT_SECRET_LISTING_H_

#include <string>
#include <vector>

#include "images/version/host_layout.h"

namespace activator {

struct ListedSecret {
  std::string name;  // of the application
  std::string key;
  std::string set_at;                // ISO 8601; empty: it is missing
  std::vector<std::string> read_by;  // units of the active generation
  std::string problem;               // what is wrong with it, as a service has it; or empty
};

struct SecretListing {
  bool encrypted = false;  // how this host keeps them
  std::vector<ListedSecret> secrets;
};

// What is kept, and what the active generation needs. `name`: of an application; empty: of all.
SecretListing ListSecrets(const images::HostLayout& layout, const std::string& name);

std::string SecretsText(const SecretListing& listing);
std::string SecretsJson(const SecretListing& listing);  // in report_json.cc

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_REPORT_SECRET_LISTING_H_

// Which services of a generation read which secrets, by the manifests of its versions.
#ifndef SLIPWAY_ACTIVATOR_STATE_SECRET_READERS_H_
#define SLIPWAY_ACTIVATOR_STATE_SECRET_READERS_H_

#include <string>
#include <vector>

#include "activator/state/generation.h"
#include "images/version/host_layout.h"

namespace activator {

struct SecretReader {
  std::string name;  // of the application
  std::string key;
  std::string unit;  // "web.service"
};

// By application and unit. None of a version that is gone or damaged.
std::vector<SecretReader> SecretReadersOf(const images::HostLayout& layout, const Apps& apps);
// Those of one application. Throws where its version cannot be read.
std::vector<SecretReader> SecretReadersIn(const images::HostLayout& layout, const std::string& name,
                                          const base::Sha256& digest);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_STATE_SECRET_READERS_H_

// The file of certificates that TLS servers are checked against.
#ifndef SLIPWAY_STORE_CA_BUNDLE_H_
#define SLIPWAY_STORE_CA_BUNDLE_H_

#include <string>

namespace store {

// `configured`, otherwise $SSL_CERT_FILE, otherwise the first there is of the places where Debian,
// Flatcar, NixOS, Fedora and their relatives have it below `root`. Throws Error{kUsage} where there
// is none.
std::string CaBundle(const std::string& configured, const std::string& root = "");

}  // namespace store

#endif  // SLIPWAY_STORE_CA_BUNDLE_H_

// Run-time sets that are data of the build machine's, which an image of any source can take: the
// certificates of authorities, and time zones.
#ifndef SLIPWAY_BUILDER_SOURCE_DATA_SETS_H_
#define SLIPWAY_BUILDER_SOURCE_DATA_SETS_H_

#include <array>

#include "builder/source/closure.h"
#include "builder/source/exclusions.h"

namespace builder {

// Where systems keep the certificates that they trust, in one file: Debian, Fedora (two), SUSE,
// OpenSSL itself. The first is where most programs look.
inline constexpr std::array<const char*, 5> kCertificateFiles = {
    "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem"};

// Those that `sets` names, of the machine whose root directory is `root`; "" is this one.
// `closure.problems` gets what that machine does not have. What the tree has already is refused
// when it is filled. One of which `excluded` leaves nothing is none.
void AddDataSets(const std::optional<std::vector<std::string>>& sets, const Exclusions& excluded,
                 const std::string& root, Closure& closure);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_SOURCE_DATA_SETS_H_

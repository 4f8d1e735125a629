// The host's own files that services see, where the activator keeps them for binds.
#ifndef SLIPWAY_UNITS_HOST_FILES_H_
#define SLIPWAY_UNITS_HOST_FILES_H_

namespace units {

// The copies below are written in place, so that a bind of one shows what becomes of the host's
// file, which is usually replaced by another file.
inline constexpr const char* kHostFiles = "/run/slipway";
inline constexpr const char* kResolvConf = "resolv.conf";
inline constexpr const char* kHosts = "hosts";
// A link to the file of certificates that this host has, wherever that is.
inline constexpr const char* kCertificates = "certificates.crt";

// Where most programs look for certificates.
inline constexpr const char* kCertificatesInImage = "/etc/ssl/certs/ca-certificates.crt";

}  // namespace units

#endif  // SLIPWAY_UNITS_HOST_FILES_H_

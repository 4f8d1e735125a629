// The host's own files that services see, where the activator keeps them for binds.
#ifndef SLIPWAY_UNITS_HOST_FILES_H_
#define SLIPWAY_UNITS_HOST_FILES_H_

#include <array>

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

// Below /etc, where a machine has its own: Debian, Arch, Alpine, NixOS; Fedora and RHEL; SUSE.
inline constexpr std::array<const char*, 5> kCertificateFiles = {
    "/ssl/certs/ca-certificates.crt", "/pki/tls/certs/ca-bundle.crt",
    "/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/ssl/ca-bundle.pem", "/ssl/cert.pem"};

}  // namespace units

#endif  // SLIPWAY_UNITS_HOST_FILES_H_

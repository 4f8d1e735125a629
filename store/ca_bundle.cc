#include "store/ca_bundle.h"

#include <array>
#include <cstdlib>

#include "base/error.h"
#include "base/file.h"

namespace store {
namespace {

constexpr std::array<const char*, 6> kPlaces = {
    "/etc/ssl/certs/ca-certificates.crt",                 // Debian, Ubuntu, Flatcar, NixOS, Arch
    "/etc/ssl/certs/ca-bundle.crt",                       // NixOS, older Fedora
    "/etc/pki/tls/certs/ca-bundle.crt",                   // Fedora, RHEL
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  // Fedora
    "/etc/ssl/ca-bundle.pem",                             // SUSE
    "/etc/ssl/cert.pem",                                  // Alpine
};

std::string Checked(const std::string& path, const std::string& what) {
  if (!base::Exists(path)) {
    base::Fail(base::ExitCode::kUsage, "there is no {} ({})", path, what);
  }
  return path;
}

}  // namespace

std::string CaBundle(const std::string& configured, const std::string& root) {
  if (!configured.empty()) {
    return Checked(configured, "the configured file of certificates");
  }
  const char* variable = std::getenv("SSL_CERT_FILE");
  if (variable != nullptr && *variable != '\0') {
    return Checked(variable, "SSL_CERT_FILE");
  }
  for (const char* place : kPlaces) {
    if (base::Exists(root + place)) {
      return root + place;
    }
  }
  base::Fail(base::ExitCode::kUsage,
             "this system has no certificates to check servers with: install ca-certificates, or "
             "name a file of them in SSL_CERT_FILE");
}

}  // namespace store

// Public keys as ssh has them: a type and its fields, each with its length before it (RFC 4253).
#ifndef SLIPWAY_IMAGES_RELEASE_PUBLIC_KEY_H_
#define SLIPWAY_IMAGES_RELEASE_PUBLIC_KEY_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace images {

// Of all that is wrong with a release, and with what says whom a host trusts.
inline constexpr base::ExitCode kUntrusted = base::ExitCode::kVerification;

// Takes strings with their lengths from the front of `bytes`.
class SshFields {
 public:
  explicit SshFields(std::string_view bytes) : rest_(bytes) {}
  std::optional<std::string> Next();
  bool Skip(size_t bytes);  // false: there are fewer
  bool AtEnd() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

// What `blob` is the key of: "ssh-ed25519". nullopt: ssh-keygen takes no such key. A certificate is
// no key. Of what a key's numbers are, only their sizes are looked at.
std::optional<std::string> TypeOfKey(std::string_view blob);

// Of a signature: the key itself, also where a certificate vouches for it.
struct SigningKey {
  std::string blob;  // without the certificate
  std::string type;
  std::string authority;  // the key that signed the certificate; empty: there is none
};
std::optional<SigningKey> ReadSigningKey(std::string_view blob);

// "SHA256:...", as `ssh-keygen -l` prints it.
std::string FingerprintOf(std::string_view key);

}  // namespace images

#endif  // SLIPWAY_IMAGES_RELEASE_PUBLIC_KEY_H_

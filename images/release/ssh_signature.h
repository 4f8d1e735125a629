// One signature as `ssh-keygen -Y sign` writes it: an armored block (OpenSSH's PROTOCOL.sshsig).
// Nothing is verified here: signature_verifier.h does that.
#ifndef SLIPWAY_IMAGES_RELEASE_SSH_SIGNATURE_H_
#define SLIPWAY_IMAGES_RELEASE_SSH_SIGNATURE_H_

#include <string>
#include <string_view>

#include "images/release/public_key.h"

namespace images {

inline constexpr std::string_view kSignatureBegin = "-----BEGIN SSH SIGNATURE-----\n";
inline constexpr std::string_view kSignatureEnd = "-----END SSH SIGNATURE-----\n";

struct SshSignature {
  std::string block;  // armored, with its last newline
  SigningKey key;
  std::string fingerprint;  // of the key
  std::string name_space;   // what it was made for: another use of the key is no signature of this

  // Throws Error{kVerification} for all that ssh-keygen does not write, so that no two blocks are
  // the same signature: other lines, another encoding, other versions, other name spaces than
  // `name_space`. `where` begins the message.
  static SshSignature Parse(std::string_view block, std::string_view name_space,
                            const std::string& where);
};

}  // namespace images

#endif  // SLIPWAY_IMAGES_RELEASE_SSH_SIGNATURE_H_

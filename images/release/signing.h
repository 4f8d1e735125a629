// Signs by a person's own ssh key, as ssh-keygen does.
#ifndef SLIPWAY_IMAGES_RELEASE_SIGNING_H_
#define SLIPWAY_IMAGES_RELEASE_SIGNING_H_

#include <string>

#include "base/io.h"
#include "images/release/ssh_signature.h"

namespace images {

// ssh's own key of this user, the first in the order in which it tries them. Throws Error{kUsage}
// where there is none.
std::string DefaultSigningKey();

// `key`: a file, with a private key, a certificate, or the public key of one in ssh-agent. May ask
// for a passphrase or a touch, which `program` says before. Throws Error{kFailed} unless the
// signature is there and is verified.
SshSignature Sign(const std::string& line, const std::string& name_space, const std::string& key,
                  const std::string& program, const base::Io& io);

}  // namespace images

#endif  // SLIPWAY_IMAGES_RELEASE_SIGNING_H_

// Turns the `User` of an OCI image's configuration into numbers, because systemd would look the
// name up on the host, which does not know the image's users.
#ifndef SLIPWAY_BUILDER_CONTENTS_OCI_USER_H_
#define SLIPWAY_BUILDER_CONTENTS_OCI_USER_H_

#include <cstdint>
#include <optional>
#include <string>

#include "builder/tree/tree.h"

namespace builder {

struct OciUser {
  uint32_t uid = 0;
  uint32_t gid = 0;
};

// `text`: a user by name or number, with ":" and a group by name or number, or without: then the
// group is the user's in the image's /etc/passwd, or the user's number where it is not in there.
// nullopt for nobody and root. Throws Error{kUsage}: a name that the image does not know.
std::optional<OciUser> ResolveOciUser(const std::string& text, const Tree& tree);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_CONTENTS_OCI_USER_H_

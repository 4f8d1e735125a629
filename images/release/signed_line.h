// A line of text and signatures over exactly that line: the form of releases and of channels'
// heads.
#ifndef SLIPWAY_IMAGES_RELEASE_SIGNED_LINE_H_
#define SLIPWAY_IMAGES_RELEASE_SIGNED_LINE_H_

#include <cstddef>
#include <string>
#include <vector>

#include "images/release/ssh_signature.h"

namespace images {

inline constexpr size_t kMaxSignatures = 16;

struct SignedLine {
  std::string line;                      // as signed, with its newline
  std::vector<SshSignature> signatures;  // 1 to kMaxSignatures, each by another key

  std::string Serialize() const;
  // The signatures are for `name_space`. Throws Error{kVerification} that says what is wrong, also
  // where `text` has more than `max_bytes`. `where` begins the message.
  static SignedLine Parse(const std::string& text, size_t max_bytes, std::string_view name_space,
                          const std::string& where);
};

}  // namespace images

#endif  // SLIPWAY_IMAGES_RELEASE_SIGNED_LINE_H_

// A line of text and signatures over exactly that line: the form of releases and of channels'
// heads.
#ifndef SLIPWAY_IMAGES_RELEASE_SIGNED_LINE_H_
#define SLIPWAY_IMAGES_RELEASE_SIGNED_LINE_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "images/release/ssh_signature.h"

namespace images {

inline constexpr size_t kMaxSignatures = 16;

struct SignedLine {
  std::string line;                      // as signed, with its newline
  std::vector<SshSignature> signatures;  // 1 to kMaxSignatures, each by another key

  std::string Serialize() const;
};

// The first line of `text`, with its newline. This and ParseSignatures throw Error{kVerification}
// that says what is wrong, LineOf also where `text` has more than `max_bytes`. `where` begins the
// message.
std::string LineOf(const std::string& text, size_t max_bytes, const std::string& where);
// What follows the line: signatures for `name_space`.
std::vector<SshSignature> ParseSignatures(std::string_view text, std::string_view name_space,
                                          const std::string& where);

}  // namespace images

#endif  // SLIPWAY_IMAGES_RELEASE_SIGNED_LINE_H_

// Who may sign: ssh-keygen's allowed_signers format, of which only what is certain to mean what it
// says is taken. ssh-keygen itself skips lines that it does not understand.
#ifndef SLIPWAY_IMAGES_RELEASE_SIGNERS_H_
#define SLIPWAY_IMAGES_RELEASE_SIGNERS_H_

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "images/release/public_key.h"

namespace images {

struct Signer {
  size_t line = 0;  // from 1
  std::vector<std::string> principals;
  bool is_authority = false;  // signs certificates of others
  std::string key;
  // In UTC, with or without the Z.
  std::optional<std::chrono::system_clock::time_point> valid_after{};
  std::optional<std::chrono::system_clock::time_point> valid_before{};
};

// At least one. Throws Error{kVerification} for each line that is wrong, with its number.
// `name_of_file` begins each message.
std::vector<Signer> ParseSigners(const std::string& text, const std::string& name_of_file);

// The lines that speak of this key, or of the authority that vouches for it.
std::vector<Signer> SignersOf(const std::vector<Signer>& signers, const SigningKey& key);

// Keys that count no longer: public keys, one a line, or a key revocation list of ssh-keygen.
// Throws as ParseSigners.
void CheckRevoked(const std::string& content, const std::string& name_of_file);

}  // namespace images

#endif  // SLIPWAY_IMAGES_RELEASE_SIGNERS_H_

// What a host demands of releases, as its ROOT/trust says it: signers, keys that are revoked, and
// the policy. The authority on the files is docs/formats/release.md.
#ifndef SLIPWAY_IMAGES_RELEASE_TRUST_H_
#define SLIPWAY_IMAGES_RELEASE_TRUST_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "images/release/signers.h"

namespace images {

inline constexpr const char* kSignersFile = "signers";
inline constexpr const char* kRevokedFile = "revoked";
inline constexpr const char* kPolicyFile = "policy.json";
inline constexpr std::array kTrustFiles = {kRevokedFile, kSignersFile, kPolicyFile};
inline constexpr uint64_t kMaxTrustBytes = uint64_t{1} << 20;  // of each file

struct Policy {
  std::vector<std::string> channels;  // at least one
  uint64_t threshold = 1;             // signers that a release must have
  bool requires_verity = false;       // only images with a verity root are taken
  bool operator==(const Policy&) const = default;

  std::string Serialize() const;
  static Policy Parse(const std::string& text, const std::string& name_of_file);
};

// The files as they are.
struct TrustTexts {
  std::string signers;
  std::string revoked;
  std::string policy;
  bool operator==(const TrustTexts&) const = default;

  std::string& Of(const std::string& file);
  const std::string& Of(const std::string& file) const;
};

// `directory`/FILE each. Throws Error{kVerification} where one is missing or cannot be read.
TrustTexts ReadTrustTexts(const std::string& directory);

struct Trust {
  TrustTexts texts;
  std::vector<Signer> signers;
  Policy policy;

  // Throws Error{kVerification} that names the file, and the line, of what is wrong.
  // `directory` begins each message.
  static Trust Parse(TrustTexts texts, const std::string& directory);
};

}  // namespace images

#endif  // SLIPWAY_IMAGES_RELEASE_TRUST_H_

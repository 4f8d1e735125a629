// NAME/ID/release: who released a version, for what, when. A statement, one line of canonical JSON,
// and signatures over exactly that line. The authority on the format is docs/formats/release.md.
#ifndef SLIPWAY_IMAGES_RELEASE_RELEASE_H_
#define SLIPWAY_IMAGES_RELEASE_RELEASE_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/digest.h"
#include "images/release/signed_line.h"

namespace images {

inline constexpr const char* kReleaseFile = "release";
inline constexpr const char* kReleaseNamespace = "slipway-release";
inline constexpr uint64_t kMaxReleaseBytes = uint64_t{64} << 10;

struct Statement {
  std::string channel;
  base::Sha256 manifest_sha256;
  std::string name;
  base::Sha256 provenance_sha256;                  // of the empty text where there is none
  std::chrono::system_clock::time_point released;  // whole seconds
  bool operator==(const Statement&) const = default;

  // With its newline: what is signed.
  std::string Serialize() const;
};

struct Release : SignedLine {
  Statement statement;

  // Throws Error{kVerification} that says what is wrong. `name_of_file` begins it.
  static Release Parse(const std::string& text, const std::string& name_of_file);
};

// The file of the version directory `path`; nullopt: it has none. Throws
// Error{kVerification} where it is too long or cannot be read.
std::optional<std::string> ReadReleaseText(const std::string& path);

// Throws Error{kVerification} where the release is of something else.
void CheckBelongs(const Statement& statement, const std::string& name,
                  const base::Sha256& manifest_sha256, const std::string& name_of_file);

}  // namespace images

#endif  // SLIPWAY_IMAGES_RELEASE_RELEASE_H_

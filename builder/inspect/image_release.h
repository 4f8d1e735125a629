// The release beside a built image, for the commands that look into it.
#ifndef SLIPWAY_BUILDER_INSPECT_IMAGE_RELEASE_H_
#define SLIPWAY_BUILDER_INSPECT_IMAGE_RELEASE_H_

#include <optional>
#include <string>

#include "images/release/release.h"
#include "images/version/image_directory.h"

namespace builder {

// nullopt: it is not signed. Throws Error{kVerification} where it is damaged or of something else.
std::optional<images::Release> ReadReleaseOf(const images::ImageDirectory& image);

// For who only looks.
struct ReleaseOrProblem {
  std::optional<images::Release> release;
  std::string problem;  // why it cannot be read; empty: none
};
ReleaseOrProblem TryReleaseOf(const images::ImageDirectory& image);

// As ReadReleaseOf, with every signature verified to be one over this release. Whose keys are to be
// trusted is for hosts to say.
std::optional<images::Release> VerifyReleaseOf(const images::ImageDirectory& image);

// "production, 2026-11-30T12:00:00Z, signed by SHA256:... (ssh-ed25519)"; "none".
std::string ReleaseText(const std::optional<images::Release>& release);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_INSPECT_IMAGE_RELEASE_H_

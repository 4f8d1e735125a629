// Which of the images in an OCI layout or a `docker save` is meant. What is none (signatures,
// attestations, bills of materials) and what is for other machines is passed over; one image under
// several tags is one.
#ifndef SLIPWAY_BUILDER_SOURCE_OCI_INDEX_H_
#define SLIPWAY_BUILDER_SOURCE_OCI_INDEX_H_

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "builder/source/oci_platform.h"

namespace builder {

// Where an image lies and which one it is: "PATH", "PATH:TAG", "PATH@sha256:HEX" or
// "PATH:TAG@sha256:HEX". The path ends where something lies.
struct OciReference {
  std::string path;
  std::string tag;     // also a whole name, "app:1.2"; "" for any
  std::string digest;  // of a manifest, an index or a configuration; "" for any
};
OciReference ParseOciReference(const std::string& text);

// One image of several.
struct OciCandidate {
  std::string digest;              // of its manifest; of its configuration in a `docker save`
  std::set<std::string> digests;   // all that it can be named by
  std::vector<std::string> names;  // "docker.io/library/nginx:1.27", "1.27"
  OciPlatform platform;
  size_t place = 0;  // in a `docker save`'s list
};

// The one that is meant, with the name that named it first. Throws Error{kFailed} that says what
// there is where it is none or several.
OciCandidate ChooseOciImage(std::vector<OciCandidate> candidates, const OciReference& reference,
                            const OciPlatform& platform);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_SOURCE_OCI_INDEX_H_

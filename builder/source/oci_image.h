// Reads the layers and the configuration of an OCI image: a layout in a directory, or an archive of
// one or of `docker save`. Specifications: the OCI's image-spec 1.1, and for docker's manifest.json
// moby's image/spec/v1.2.md.
#ifndef SLIPWAY_BUILDER_SOURCE_OCI_IMAGE_H_
#define SLIPWAY_BUILDER_SOURCE_OCI_IMAGE_H_

#include <string>
#include <vector>

#include "builder/source/oci_health.h"
#include "builder/source/oci_index.h"
#include "builder/source/oci_platform.h"

namespace builder {

struct OciImage {
  std::string name;  // of its reference, "nginx" and "1.27"; empty where it has none
  std::string tag;
  std::string id;                        // "sha256:HEX", the configuration's digest
  std::string architecture;              // as uname -m gives it
  std::vector<std::string> layers;       // files, the lowest first; their digests are right
  std::vector<std::string> command;      // Entrypoint and Cmd
  std::vector<std::string> environment;  // "NAME=VALUE"
  std::string working_directory;
  std::string user;
  std::string stop_signal;                 // "SIGQUIT", "3"; empty for the usual one
  std::vector<std::string> exposed_ports;  // "80/tcp", "80"
  OciHealthcheck healthcheck;
  std::vector<std::string> volumes;
};

// An archive is unpacked into `folder`, an empty directory. Throws Error{kFailed}: not an image,
// none for `platform` or of the reference's name, several; Error{kVerification}: a digest is wrong.
OciImage OpenOciImage(const OciReference& reference, const OciPlatform& platform,
                      const std::string& folder);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_SOURCE_OCI_IMAGE_H_

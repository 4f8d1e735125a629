// The name of an application's version, for people: "1.28.0".
#ifndef SLIPWAY_ACTIVATOR_STATE_APP_VERSION_H_
#define SLIPWAY_ACTIVATOR_STATE_APP_VERSION_H_

#include <string>

#include "base/digest.h"
#include "images/version/host_layout.h"

namespace activator {

// The version's label, otherwise the manifest's "version"; empty where it has none, or is not
// there. Reads the file's end alone, since a host may have a thousand, each with a long closure.
std::string VersionOf(const images::HostLayout& layout, const std::string& name,
                      const images::ImageId& id);
std::string VersionOf(const images::HostLayout& layout, const std::string& name,
                      const base::Sha256& manifest_digest);

// The manifest's alone: a label may be given anew, and says nothing of the past.
std::string ManifestVersionOf(const images::HostLayout& layout, const std::string& name,
                              const images::ImageId& id);

// "83bf2a6d6fb73136 (1.28.0)".
std::string IdAndVersion(const images::HostLayout& layout, const std::string& name,
                         const base::Sha256& manifest_digest);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_STATE_APP_VERSION_H_

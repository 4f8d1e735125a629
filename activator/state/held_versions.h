// Lists the complete versions that a host holds, of all applications, as sources of chunks.
#ifndef SLIPWAY_ACTIVATOR_STATE_HELD_VERSIONS_H_
#define SLIPWAY_ACTIVATOR_STATE_HELD_VERSIONS_H_

#include <optional>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/unique_fd.h"
#include "chunker/index.h"
#include "images/version/host_layout.h"
#include "images/version/image_directory.h"

namespace activator {

// A complete version.
struct HeldVersion : images::VersionDirectory {
  base::Sha256 manifest_sha256;
  base::Sha256 image_sha256;
};

// `activate verify --repair` puts it into a version that it found damaged.
inline constexpr const char* kDamagedMark = "damaged";

// The version at `path`, where it is complete: manifest, image of the right size and index, and not
// marked as damaged. Content is not read. A damaged version is as good as none: whoever needs it is
// sent it again.
std::optional<images::ImageDirectory> OpenIfComplete(const std::string& path);

// Whether all of the version at `path` is right: manifest, index and image are read and have the
// digests that they should, and a provenance is there unless the sender has none either.
bool IsIntact(const std::string& path, const base::Sha256& manifest_sha256, bool with_provenance);

// What is wrong with the content of its image and of the image's Merkle tree, which are read once;
// empty: nothing.
std::string DamageOf(const images::ImageDirectory& version);

// Not valid where nothing is there or it cannot be opened: as bad as a wrong byte.
base::UniqueFd OpenIfReadable(const std::string& path);

// False also where the file cannot be read: a bad sector is as bad as a wrong byte.
bool HasDigest(const std::string& path, const base::Sha256& digest);

// Of the empty text where the version has none; nullopt: it cannot be read.
std::optional<base::Sha256> ProvenanceDigestOf(const std::string& path);

// Every complete version, by name then id.
std::vector<HeldVersion> CompleteVersions(const images::HostLayout& layout);

// The index of a held version; nullopt where it has gone or is damaged.
std::optional<chunker::ChunkIndex> IndexOf(const HeldVersion& image);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_STATE_HELD_VERSIONS_H_

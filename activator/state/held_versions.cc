#include "activator/state/held_versions.h"

#include "base/error.h"
#include "base/file.h"

namespace activator {

std::optional<images::ImageDirectory> OpenIfComplete(const std::string& path) {
  try {
    images::ImageDirectory directory(path);
    directory.ReadIndex();
    return base::Exists(path + "/" + kDamagedMark) ? std::nullopt : std::optional(directory);
  } catch (const base::Error&) {
    return std::nullopt;
  }
}

bool IsIntact(const std::string& path, const base::Sha256& manifest_sha256, bool with_provenance) {
  const std::optional<images::ImageDirectory> found = OpenIfComplete(path);
  return found && found->stored().digest == manifest_sha256 &&
         (!with_provenance || base::Exists(found->provenance_path())) &&
         HasDigest(found->image_path(), found->manifest().image.sha256);
}

bool HasDigest(const std::string& path, const base::Sha256& digest) {
  try {
    return base::Exists(path) && base::Sha256OfFile(path) == digest;
  } catch (const base::Error& error) {
    if (error.code() == base::ExitCode::kInterrupted) {
      throw;
    }
    return false;
  }
}

std::optional<base::Sha256> ProvenanceDigestOf(const std::string& path) {
  try {
    return base::Sha256Of(base::ReadFileIfThere(path + "/" + images::kProvenanceFile).value_or(""));
  } catch (const base::Error& error) {
    if (error.code() == base::ExitCode::kInterrupted) {
      throw;
    }
    return std::nullopt;
  }
}

std::vector<HeldVersion> CompleteVersions(const images::HostLayout& layout) {
  std::vector<HeldVersion> out;
  for (const images::VersionDirectory& version : layout.Versions()) {
    if (const std::optional<images::ImageDirectory> found = OpenIfComplete(version.path)) {
      out.push_back({version, found->stored().digest, found->manifest().image.sha256});
    }
  }
  return out;
}

std::optional<chunker::ChunkIndex> IndexOf(const HeldVersion& image) {
  try {
    return images::ImageDirectory(image.path).ReadIndex();
  } catch (const base::Error&) {
    return std::nullopt;
  }
}

}  // namespace activator

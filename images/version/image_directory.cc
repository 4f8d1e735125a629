#include "images/version/image_directory.h"

#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "images/label.h"

namespace images {

StoredManifest StoredManifest::Parse(std::string text, const std::string& name_of_file) {
  Manifest manifest = Manifest::Parse(text, name_of_file);
  const base::Sha256 digest = base::Sha256Of(text);
  return {std::move(manifest), std::move(text), digest, ImageId::Of(digest)};
}

ImageDirectory::ImageDirectory(std::string path)
    : path_(std::move(path)),
      stored_(StoredManifest::Parse(base::ReadFile(path_ + "/" + kManifestFile),
                                    path_ + "/" + kManifestFile)),
      label_(ReadLabel(path_)) {
  const std::string real = base::RealPath(path_);  // "." and links to a version are versions too
  if (base::BaseName(real) != id().text() ||
      base::BaseName(base::ParentOf(real)) != manifest().name) {
    base::Fail(base::ExitCode::kVerification,
               "{} holds the manifest of {}/{}: it was changed or moved; build or push it again",
               path_, manifest().name, id().text());
  }
  if (!base::Exists(image_path())) {
    base::Fail(base::ExitCode::kVerification, "{} is missing; build or push it again",
               image_path());
  }
  const uint64_t size_bytes = base::FileSize(image_path());
  if (size_bytes != manifest().image.size_bytes) {
    base::Fail(base::ExitCode::kVerification, "{} has {} bytes, its manifest says {}", image_path(),
               size_bytes, manifest().image.size_bytes);
  }
}

chunker::ChunkIndex ImageDirectory::ReadIndex() const {
  return ParseIndexOf(manifest(), base::ReadFile(index_path(), uint64_t{1} << 30), index_path());
}

chunker::ChunkIndex ParseIndexOf(const Manifest& manifest, const std::string& data,
                                 const std::string& name_of_file) {
  if (base::Sha256Of(data) != manifest.index_sha256) {
    base::Fail(base::ExitCode::kVerification, "{} is not the index that the manifest of {} names",
               name_of_file, manifest.name);
  }
  chunker::ChunkIndex index = chunker::ChunkIndex::Parse(data, name_of_file);
  if (index.size_bytes() != manifest.image.size_bytes) {
    base::Fail(base::ExitCode::kVerification, "{} covers {} bytes, the image has {}", name_of_file,
               index.size_bytes(), manifest.image.size_bytes);
  }
  return index;
}

}  // namespace images

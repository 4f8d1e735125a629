// An image directory NAME/ID, the same as a build's output and on a host: manifest.json,
// image.erofs, image.caibx, provenance.json, and perhaps a label. A host may have image.verity too.
#ifndef SLIPWAY_IMAGES_VERSION_IMAGE_DIRECTORY_H_
#define SLIPWAY_IMAGES_VERSION_IMAGE_DIRECTORY_H_

#include <string>

#include "chunker/index.h"
#include "images/name.h"
#include "images/version/manifest.h"

namespace images {

inline constexpr const char* kManifestFile = "manifest.json";
inline constexpr const char* kImageFile = "image.erofs";
inline constexpr const char* kIndexFile = "image.caibx";
inline constexpr const char* kVerityFile = "image.verity";  // on a host alone, with verity_root
inline constexpr const char* kProvenanceFile = "provenance.json";

// A manifest as it stands in a file, with what follows from its bytes.
struct StoredManifest {
  Manifest manifest;
  std::string text;
  base::Sha256 digest;
  ImageId id;

  static StoredManifest Parse(std::string text, const std::string& name_of_file);
};

// A directory whose manifest was read and belongs to it (its digest gives the directory's name).
class ImageDirectory {
 public:
  // Throws Error{kVerification} where the manifest does not give the directory's name, or the image
  // is missing or of another size than the manifest says; Error{kFailed} where there is no
  // manifest. Content is not read: see activate verify and imgbuild.
  explicit ImageDirectory(std::string path);

  const std::string& path() const { return path_; }
  const StoredManifest& stored() const { return stored_; }
  const Manifest& manifest() const { return stored_.manifest; }
  const ImageId& id() const { return stored_.id; }
  const std::string& label() const { return label_; }  // empty: it has none
  // For people: the label, otherwise the version of the source's package; may be empty.
  const std::string& version() const { return label_.empty() ? manifest().version : label_; }
  std::string image_path() const { return path_ + "/" + kImageFile; }
  std::string verity_path() const { return path_ + "/" + kVerityFile; }
  std::string index_path() const { return path_ + "/" + kIndexFile; }
  std::string provenance_path() const { return path_ + "/" + kProvenanceFile; }

  // The index, checked against the manifest's digest and the image's size.
  chunker::ChunkIndex ReadIndex() const;

 private:
  std::string path_;
  StoredManifest stored_;
  std::string label_;
};

// Parses an index and checks that it is the one `manifest` names and tiles its image.
chunker::ChunkIndex ParseIndexOf(const Manifest& manifest, const std::string& data,
                                 const std::string& name_of_file);

}  // namespace images

#endif  // SLIPWAY_IMAGES_VERSION_IMAGE_DIRECTORY_H_

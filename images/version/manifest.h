// The manifest of a built image: canonical JSON whose SHA-256 names the image. Nothing in it
// depends on who built it, when or where. The authority on the format is docs/formats/manifest.md.
#ifndef SLIPWAY_IMAGES_VERSION_MANIFEST_H_
#define SLIPWAY_IMAGES_VERSION_MANIFEST_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/digest.h"
#include "chunker/codec.h"
#include "images/name.h"
#include "images/service/service.h"

namespace images {

inline constexpr uint64_t kManifestFormat = 1;
inline constexpr uint64_t kVerityBlockBytes = 4096;  // of images that have a verity root

struct ClosurePath {
  std::string path;  // "/nix/store/HASH-NAME-VERSION"
  std::string nar_hash;
  uint64_t size_bytes = 0;  // as packed: content of its files
  std::vector<std::string> references;
  std::string name;
  std::string version;
  bool operator==(const ClosurePath&) const = default;
};

using Codec = chunker::Codec;

struct ImageFacts {
  uint64_t size_bytes = 0;
  base::Sha256 sha256;
  uint64_t block_size = 0;
  std::string layout;  // "aligned"
  Codec codec;
  std::vector<std::string> required_features;  // of the host: "erofs-zstd", "erofs-lz4"
  std::optional<base::Sha256> verity_root;     // where hosts verify each read (verity_tree.h)
  bool operator==(const ImageFacts&) const = default;
};

struct Manifest {
  std::string name;
  std::string version;       // of the main package; empty where the source has none
  std::string architecture;  // as uname -m gives it
  ImageFacts image;
  base::Sha256 index_sha256;
  std::vector<ClosurePath> closure;
  Services services;
  bool operator==(const Manifest&) const = default;

  // Canonical: keys sorted, no spaces, one newline at the end.
  std::string Serialize() const;
  // Throws Error{kVerification} that names the field; also where `text` is not canonical, since its
  // digest would then not be that of the same manifest written again.
  static Manifest Parse(const std::string& text, const std::string& name_of_file);
};

// This machine's architecture as uname -m gives it.
std::string MachineArchitecture();

}  // namespace images

#endif  // SLIPWAY_IMAGES_VERSION_MANIFEST_H_

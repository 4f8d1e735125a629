// The Merkle tree of an image, by which dm-verity compares each block that is read from the disk:
// image.verity, byte for byte what `veritysetup format --salt=- --uuid=UUID` writes. The authority
// on the format is docs/formats/erofs.md.
//
// Memory: one block of each level, whatever the image's size.
#ifndef SLIPWAY_IMAGES_VERSION_VERITY_TREE_H_
#define SLIPWAY_IMAGES_VERSION_VERITY_TREE_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/file.h"
#include "images/version/image_directory.h"

namespace images {

class VerityTree {
 public:
  // Gets each block of the tree once, in no order. Null: only the root is wanted.
  using Write = std::function<void(uint64_t offset, base::Bytes block)>;

  // Throws Error{kVerification} where the image is not made of whole blocks.
  explicit VerityTree(uint64_t image_bytes, Write write = nullptr);

  // The image from its beginning to its end, in pieces of any size.
  void Update(base::Bytes data);
  // Once the whole image was there. Returns the root; the UUID is of the image's digest.
  base::Sha256 Finish(const base::Sha256& image_sha256);

  // What the file of the tree takes.
  static uint64_t FileBytes(uint64_t image_bytes);

 private:
  struct Level {
    uint64_t next_offset = 0;  // of the next block in the file
    std::vector<uint8_t> block;
  };

  void AddDigest(size_t level, const base::Sha256& digest);
  void Flush(size_t level);

  const uint64_t blocks_;
  const Write write_;
  uint64_t seen_blocks_ = 0;
  std::vector<uint8_t> block_;
  std::vector<Level> levels_;  // the lowest first
  base::Sha256 root_;
};

// The root of the image that is a file.
base::Sha256 VerityRootOfFile(const std::string& path);
// By the highest block of a tree, of which nothing else is read; nullopt: it has none, or cannot be
// read.
std::optional<base::Sha256> RootOfTree(const std::string& tree_path);

// Compares the file image.verity of a version with the image, as that is read. Without a root in
// the manifest there is nothing to compare.
class VerityComparison {
 public:
  explicit VerityComparison(const ImageDirectory& version);
  VerityComparison(const VerityComparison&) = delete;
  VerityComparison& operator=(const VerityComparison&) = delete;

  void Update(base::Bytes data);
  // Once the whole image was there and has the manifest's digest: what is wrong, for people; empty:
  // nothing.
  std::string Finish();

 private:
  void Compare(uint64_t offset, base::Bytes block);

  const ImageFacts& facts_;
  const std::string path_;
  base::UniqueFd file_;
  std::string problem_;
  std::vector<uint8_t> there_;
  std::optional<VerityTree> tree_;
};

}  // namespace images

#endif  // SLIPWAY_IMAGES_VERSION_VERITY_TREE_H_

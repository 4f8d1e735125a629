#include "tests/support/synthetic_image.h"

#include "base/atomic_file.h"
#include "base/file.h"
#include "chunker/codec_table.h"
#include "chunker/index.h"
#include "images/version/image_directory.h"
#include "images/version/verity_tree.h"

namespace tests {

std::string NoiseBytes(uint64_t seed, size_t size_bytes) {
  std::string out;
  uint64_t state = seed * 0x9e3779b97f4a7c15 + 1;
  while (out.size() < size_bytes) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    out += static_cast<char>(state >> 32);
  }
  return out;
}

chunker::Codec ZstdCodec() {
  return {chunker::kZstd,
          chunker::LibraryVersion(chunker::kZstd),
          9,
          {{"candidates", 12},
           {"accepted_waste", 256},
           {"window_log", 20},
           {"chain_log", 16},
           {"hash_log", 17},
           {"search_log", 3},
           {"min_match", 5},
           {"target_length", 16},
           {"strategy", 5}}};
}

std::string WriteImage(const std::string& directory, const SyntheticImage& image) {
  std::string bytes;
  chunker::ChunkIndex index;
  for (const std::string& chunk : image.chunks) {
    index.Append({base::Sha256Of(chunk)}, static_cast<uint32_t>(chunk.size()));
    bytes += chunk;
  }
  images::Manifest manifest;
  manifest.name = image.name;
  manifest.version = image.version;
  manifest.architecture =
      image.architecture.empty() ? images::MachineArchitecture() : image.architecture;
  manifest.image.size_bytes = bytes.size();
  manifest.image.sha256 = base::Sha256Of(image.wrong_image_digest ? bytes + "x" : bytes);
  manifest.image.block_size = 4096;
  manifest.image.layout = "aligned";
  manifest.image.codec = image.codec.name.empty() ? ZstdCodec() : image.codec;
  manifest.image.required_features = image.required_features;
  if (image.verity) {
    images::VerityTree tree(bytes.size());
    tree.Update(base::AsBytes(bytes));
    manifest.image.verity_root = tree.Finish({});
  }
  manifest.index_sha256 = base::Sha256Of(index.Serialize());
  images::Service service;
  service.exec = {"/bin/app"};
  manifest.services.emplace(image.name, service);

  const images::StoredManifest stored = images::StoredManifest::Parse(manifest.Serialize(), "test");
  const std::string path = directory + "/" + image.name + "/" + stored.id.text();
  base::MakeDirectories(path);
  base::WriteFileAtomically(path + "/" + images::kManifestFile, stored.text);
  base::WriteFileAtomically(path + "/" + images::kImageFile, bytes);
  base::WriteFileAtomically(path + "/" + images::kIndexFile, index.Serialize());
  base::WriteFileAtomically(path + "/" + images::kProvenanceFile, "{\"builder\":\"test\"}\n");
  base::ReplaceSymlink(stored.id.text(), directory + "/" + image.name + "/latest");
  return path;
}

}  // namespace tests

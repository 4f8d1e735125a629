// Every codec that an image can have, a row each: nothing elsewhere tells one from another. A new
// codec is a row, its encoder and decoder, and an image for activator/os/probe_images.h.
#ifndef SLIPWAY_CHUNKER_CODEC_TABLE_H_
#define SLIPWAY_CHUNKER_CODEC_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "chunker/codec.h"
#include "chunker/cut.h"
#include "chunker/frame.h"

namespace chunker {

inline constexpr const char* kZstd = "zstd";
inline constexpr const char* kLz4 = "lz4hc";

struct CodecKind {
  const char* name;         // in a manifest
  const char* target;       // in a definition, and for --target
  const char* feature;      // what a manifest requires of the host
  const char* kernel;       // the same, for people
  uint8_t erofs_algorithm;  // its number in the format; the superblock has a bit for each
  uint64_t least_level;
  uint64_t most_level;
  CutSizes file_cuts;
  CutSizes packed_cuts;  // of the inode that small files are packed into
  bool packable;         // its frames leave much for zstd to compress on their way to a host

  const char* (*library_version)();  // of what this program is linked with: "1.5.7"
  std::map<std::string, uint64_t> (*parameters)(uint64_t level);
  std::unique_ptr<FrameEncoder> (*make_encoder)(const Codec& codec);
  size_t (*encoder_bytes)(const Codec& codec);
  // nullopt for what is no frame, or holds more than `scratch` takes.
  std::optional<FrameContent> (*decode)(std::span<const uint8_t> frame, std::span<uint8_t> scratch);
  // What the superblock's record of the codec says, without its length (fs/erofs/erofs_fs.h).
  std::vector<uint8_t> (*erofs_record)(const Codec& codec);
};

// The first is the default.
std::span<const CodecKind> Codecs();
// These throw Error{kUsage} where there is none: of a manifest's name, of a definition's target.
const CodecKind& CodecNamed(const std::string& name);
const CodecKind& CodecOfTarget(const std::string& target);
// Null where there is none.
const CodecKind* CodecOfFeature(const std::string& feature);

// Codec, library version, level and parameters as the manifest records them; the frames are a
// function of these and of the content. Throws Error{kUsage} for a level that the codec does not
// have.
Codec CodecFor(const std::string& target, uint64_t level);

// Of the library that this program is linked with. This and the following throw Error{kUsage} for a
// codec that this program does not have, or parameters out of its range.
std::string LibraryVersion(const std::string& codec_name);
std::unique_ptr<FrameEncoder> MakeFrameEncoder(const Codec& codec);
// Working memory of the codec's encoder, at most.
size_t EncoderBytes(const Codec& codec);

}  // namespace chunker

#endif  // SLIPWAY_CHUNKER_CODEC_TABLE_H_

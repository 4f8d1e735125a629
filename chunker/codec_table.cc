#include "chunker/codec_table.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "base/error.h"
#include "chunker/lz4_codec.h"
#include "chunker/zstd_codec.h"

namespace chunker {
namespace {

// The cut sizes are part of the image format; measured on real closures (docs/formats/erofs.md).
constexpr CutSizes kZstdCuts = {48 << 10, 128 << 10, 512 << 10};
// Most chunks end before, where they fill their blocks.
constexpr CutSizes kLz4Cuts = {64 << 10, 512 << 10, kLongestCutBytes};

constexpr std::array kCodecs = {
    CodecKind{.name = kZstd,
              .target = "zstd",
              .feature = "erofs-zstd",
              .kernel = "Linux 6.10 built with EROFS zstd",
              .erofs_algorithm = 3,
              .least_level = 1,
              .most_level = 19,
              .file_cuts = kZstdCuts,
              .packed_cuts = kZstdCuts,
              .packable = false,
              .library_version = &ZstdVersion,
              .parameters = &ZstdParameters,
              .make_encoder = &MakeZstdEncoder,
              .encoder_bytes = &ZstdEncoderBytes,
              .decode = &DecodeZstd,
              .erofs_record = &ZstdErofsRecord},
    CodecKind{.name = kLz4,
              .target = "lz4",
              .feature = "erofs-lz4",
              .kernel = "Linux 6.1",
              .erofs_algorithm = 0,
              .least_level = 2,
              .most_level = 12,
              .file_cuts = kLz4Cuts,
              .packed_cuts = kLz4Cuts,
              .packable = true,
              .library_version = &Lz4Version,
              .parameters = &Lz4Parameters,
              .make_encoder = &MakeLz4Encoder,
              .encoder_bytes = &Lz4EncoderBytes,
              .decode = &DecodeLz4,
              .erofs_record = &Lz4ErofsRecord},
};

const CodecKind* Find(const char* CodecKind::*column, const std::string& value) {
  const auto* found = std::ranges::find(kCodecs, value, column);
  return found == kCodecs.end() ? nullptr : found;
}

std::string All(const char* CodecKind::*column) {
  std::vector<std::string> out;
  std::ranges::transform(kCodecs, std::back_inserter(out), column);
  return fmt::format("{}", fmt::join(out, ", "));
}

}  // namespace

std::span<const CodecKind> Codecs() { return kCodecs; }

const CodecKind& CodecNamed(const std::string& name) {
  const CodecKind* found = Find(&CodecKind::name, name);
  if (found == nullptr) {
    base::Fail(base::ExitCode::kUsage, "there is no codec '{}': this version of Slipway has {}",
               name, All(&CodecKind::name));
  }
  return *found;
}

const CodecKind& CodecOfTarget(const std::string& target) {
  const CodecKind* found = Find(&CodecKind::target, target);
  if (found == nullptr) {
    base::Fail(base::ExitCode::kUsage, "target '{}' is not one of {}", target,
               All(&CodecKind::target));
  }
  return *found;
}

const CodecKind* CodecOfFeature(const std::string& feature) {
  return Find(&CodecKind::feature, feature);
}

Codec CodecFor(const std::string& target, uint64_t level) {
  const CodecKind& kind = CodecOfTarget(target);
  if (level < kind.least_level || level > kind.most_level) {
    base::Fail(base::ExitCode::kUsage, "level {} is not possible: {} to {}", level,
               kind.least_level, kind.most_level);
  }
  return {kind.name, kind.library_version(), level, kind.parameters(level)};
}

std::string LibraryVersion(const std::string& codec_name) {
  return CodecNamed(codec_name).library_version();
}

std::unique_ptr<FrameEncoder> MakeFrameEncoder(const Codec& codec) {
  return CodecNamed(codec.name).make_encoder(codec);
}

size_t EncoderBytes(const Codec& codec) { return CodecNamed(codec.name).encoder_bytes(codec); }

}  // namespace chunker

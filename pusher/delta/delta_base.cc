#include "pusher/delta/delta_base.h"

#include <sys/stat.h>

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "chunker/codec_table.h"
#include "pusher/protocol/delta_message.h"

namespace pusher {
namespace {

std::string ImagesFolder(const images::ImageDirectory& image) {
  return base::ParentOf(base::ParentOf(base::RealPath(image.path())));
}

// As it stands here; nullopt where we do not have it, or not whole.
std::optional<images::ImageDirectory> FindHere(const VersionDigest& held,
                                               const std::string& images) {
  const std::string path =
      images + "/" + held.name + "/" + images::ImageId::Of(held.manifest_sha256).text();
  try {
    images::ImageDirectory found(path);
    return found.stored().digest == held.manifest_sha256 ? std::optional(std::move(found))
                                                         : std::nullopt;
  } catch (const base::Error&) {
    return std::nullopt;
  }
}

uint64_t SharedBytes(const images::ImageDirectory& one,
                     const std::unordered_set<chunker::ChunkId>& chunks) {
  uint64_t out = 0;
  const chunker::ChunkIndex index = one.ReadIndex();
  for (const chunker::Chunk& chunk : index.chunks()) {
    out += chunks.contains(chunk.id) ? chunk.size_bytes : 0;
  }
  return out;
}

bool HasCodec(const Hello& hello, const images::Codec& codec) {
  const auto found = hello.codecs.find(codec.name);
  return found != hello.codecs.end() && found->second == codec.library_version;
}

bool HasRoomFor(const images::Codec& codec) {
  try {
    return chunker::EncoderBytes(codec) <= kMaxRebuildEncoderBytes;
  } catch (const base::Error&) {  // parameters that are missing
    return false;
  }
}

bool HoldsAnother(const Hello& hello, const images::ImageDirectory& image) {
  return std::ranges::find(hello.held, image.manifest().name, &VersionDigest::name) !=
         hello.held.end();
}

}  // namespace

std::optional<DeltaBase> FindBasis(const Hello& hello, const images::ImageDirectory& image) {
  const std::string images = ImagesFolder(image);
  std::unordered_set<chunker::ChunkId> chunks;
  const chunker::ChunkIndex index = image.ReadIndex();
  for (const chunker::Chunk& chunk : index.chunks()) {
    chunks.insert(chunk.id);
  }
  std::optional<DeltaBase> best;
  std::pair<bool, uint64_t> best_rank;  // of the same name, shared bytes
  for (size_t i = 0; i < hello.held.size(); ++i) {
    std::optional<images::ImageDirectory> found = FindHere(hello.held[i], images);
    if (!found || found->manifest().image.codec.name != image.manifest().image.codec.name) {
      continue;
    }
    try {
      const std::pair rank{hello.held[i].name == image.manifest().name,
                           SharedBytes(*found, chunks)};
      const bool related = rank.first || rank.second > 0;
      if (related && (!best || rank > best_rank)) {
        best.emplace(DeltaBase{i, *std::move(found)});
        best_rank = rank;
      }
    } catch (const base::Error&) {  // its index is damaged
    }
  }
  return best;
}

std::optional<images::ImageDirectory> GuessBasis(const images::ImageDirectory& image) {
  if (!HasRoomFor(image.manifest().image.codec)) {
    return std::nullopt;
  }
  const std::string versions = ImagesFolder(image) + "/" + image.manifest().name;
  std::optional<images::ImageDirectory> newest;
  int64_t newest_time = 0;
  for (const std::string& name : base::ListDirectory(versions)) {
    const std::string path = versions + "/" + name;
    try {
      if (const auto made = base::LstatIfThere(path);
          !made || !S_ISDIR(made->st_mode) || (newest && made->st_mtime <= newest_time)) {
        continue;
      } else if (images::ImageDirectory found(path);
                 found.id() != image.id() &&
                 found.manifest().image.codec.name == image.manifest().image.codec.name) {
        newest = std::move(found);
        newest_time = made->st_mtime;
      }
    } catch (const base::Error&) {  // no image
    }
  }
  return newest;
}

bool CanRebuild(const Hello& hello, const images::Codec& codec) {
  return HasCodec(hello, codec) && HasRoomFor(codec);
}

std::string WhyNoDeltas(const Hello& hello, const images::ImageDirectory& image,
                        const std::optional<DeltaBase>& basis) {
  const images::Codec& codec = image.manifest().image.codec;
  if (basis && HasCodec(hello, codec) && !HasRoomFor(codec)) {
    return fmt::format("compressing {} again takes more memory than a host allows",
                       image.manifest().name);
  }
  if (basis && !HasCodec(hello, codec)) {
    const auto found = hello.codecs.find(codec.name);
    return fmt::format("the image was made with {} {}, the host has {}", codec.name,
                       codec.library_version,
                       found == hello.codecs.end() ? "none" : Printable(found->second, 64));
  }
  if (basis || !HoldsAnother(hello, image)) {
    return "";
  }
  return fmt::format("none of the versions of {} that the host has is in {} with the same codec",
                     image.manifest().name, ImagesFolder(image));
}

}  // namespace pusher

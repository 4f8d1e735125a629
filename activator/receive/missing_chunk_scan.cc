#include "activator/receive/missing_chunk_scan.h"

#include <sys/stat.h>

#include <algorithm>
#include <optional>

#include "activator/os/shared_blocks.h"
#include "activator/receive/assembly.h"
#include "base/error.h"
#include "base/file.h"
#include "base/interrupt.h"

namespace activator {
namespace {

constexpr uint64_t kSharedBlockBytes = 4096;

// A bad sector is as bad as a wrong byte.
bool HasAt(int fd, const std::string& path, uint64_t offset, const pusher::DistinctChunk& chunk) {
  base::ThrowIfInterrupted();
  try {
    return base::Sha256Of(base::PRead(fd, offset, chunk.size_bytes, path)) == chunk.id.digest;
  } catch (const base::Error&) {
    return false;
  }
}

}  // namespace

MissingChunkScan::MissingChunkScan(const images::HostLayout& layout,
                                   const std::vector<HeldVersion>& held, pusher::KeepAlive& alive)
    : layout_(layout), held_(held), alive_(alive), can_share_(CanShareBlocks(layout.Incoming())) {}

std::vector<bool> MissingChunkScan::Missing(const images::StoredManifest& image,
                                            const pusher::ChunkList& chunks) {
  alive_.Touch();
  std::vector<bool> missing(chunks.size(), !IsHeldWhole(image));
  const bool assembled = chunks.size() > 0 && missing[0];
  uint64_t needed_bytes = 0;
  if (assembled) {
    needed_bytes = LookInIncoming(image, chunks, missing);
    LookInOwnPlace(image, chunks, missing);
    for (const HeldVersion& held : held_) {
      if (held.path + "/" + images::kImageFile != OwnPlaceOf(image)) {
        LookInHeld(held, chunks, missing);
      }
    }
  }
  for (size_t number = 0; number < chunks.size(); ++number) {
    if (!coming_.insert(chunks[number].id).second) {
      missing[number] = false;
    }
  }
  if (assembled) {
    needed_bytes_ += TreeBytes(image.manifest.image);
    needed_bytes_ +=
        can_share_ ? std::min(needed_bytes, BytesNotShared(chunks, missing)) : needed_bytes;
  }
  return missing;
}

// Then it becomes a hard link.
bool MissingChunkScan::IsHeldWhole(const images::StoredManifest& image) const {
  return CanLink(image.manifest.image, OwnPlaceOf(image)) ||
         std::ranges::any_of(held_, [&](const HeldVersion& held) {
           return held.image_sha256 == image.manifest.image.sha256 &&
                  CanLink(image.manifest.image, held.path + "/" + images::kImageFile);
         });
}

std::string MissingChunkScan::OwnPlaceOf(const images::StoredManifest& image) const {
  return layout_.Version(image.manifest.name, image.id) + "/" + images::kImageFile;
}

// Whole blocks can be shared.
uint64_t MissingChunkScan::BytesNotShared(const pusher::ChunkList& chunks,
                                          const std::vector<bool>& missing) const {
  uint64_t out = 0;
  for (size_t number = 0; number < chunks.size(); ++number) {
    const uint64_t size_bytes = chunks[number].size_bytes;
    for (const uint64_t offset : chunks[number].offsets) {
      const bool whole = size_bytes % kSharedBlockBytes == 0 && offset % kSharedBlockBytes == 0;
      out += missing[number] || !whole ? size_bytes : 0;
    }
  }
  return out;
}

uint64_t MissingChunkScan::LookInIncoming(const images::StoredManifest& image,
                                          const pusher::ChunkList& chunks,
                                          std::vector<bool>& missing) const {
  const std::string path = layout_.Incoming(image.id) + "/" + images::kImageFile;
  const uint64_t size_bytes = image.manifest.image.size_bytes;
  const std::optional<struct stat> there = base::LstatIfThere(path);
  if (!there || !S_ISREG(there->st_mode) || there->st_nlink > 1) {
    return size_bytes;
  }
  const uint64_t needed_bytes = BytesToReserve(size_bytes, *there);
  if (static_cast<uint64_t>(there->st_size) != size_bytes) {
    return needed_bytes;
  }
  const base::UniqueFd fd = OpenIfReadable(path);
  for (size_t number = 0; fd.valid() && number < chunks.size(); ++number) {
    missing[number] = !std::ranges::all_of(chunks[number].offsets, [&](uint64_t offset) {
      return HasAt(fd.get(), path, offset, chunks[number]);
    });
  }
  return needed_bytes;
}

// What stands there may be damaged, and mostly right.
void MissingChunkScan::LookInOwnPlace(const images::StoredManifest& image,
                                      const pusher::ChunkList& chunks,
                                      std::vector<bool>& missing) const {
  const std::string path = OwnPlaceOf(image);
  const base::UniqueFd fd = OpenIfReadable(path);
  for (size_t number = 0; fd.valid() && number < chunks.size(); ++number) {
    missing[number] =
        missing[number] && std::ranges::none_of(chunks[number].offsets, [&](uint64_t offset) {
          return HasAt(fd.get(), path, offset, chunks[number]);
        });
  }
}

void MissingChunkScan::LookInHeld(const HeldVersion& held, const pusher::ChunkList& chunks,
                                  std::vector<bool>& missing) {
  alive_.Touch();
  const std::string path = held.path + "/" + images::kImageFile;
  const std::optional<chunker::ChunkIndex> index = IndexOf(held);
  if (!index || !base::Exists(path)) {
    return;
  }
  for (const chunker::Chunk& chunk : index->chunks()) {
    if (const std::optional<size_t> number = chunks.NumberOf(chunk.id)) {
      missing[*number] = false;
    }
  }
}

}  // namespace activator

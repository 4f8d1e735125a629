#include "activator/survey.h"

#include <sys/stat.h>

#include <algorithm>
#include <optional>

#include "activator/assembly.h"
#include "base/error.h"
#include "base/file.h"
#include "base/interrupt.h"

namespace activator {
namespace {

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

Survey::Survey(const images::HostLayout& layout, const std::vector<HeldImage>& held,
               pusher::KeepAlive& alive)
    : layout_(layout), held_(held), alive_(alive) {}

std::vector<bool> Survey::Missing(const images::StoredManifest& image,
                                  const pusher::ChunkList& chunks) {
  alive_.Touch();
  std::vector<bool> missing(chunks.size(), !IsHeldWhole(image));
  if (chunks.size() > 0 && missing[0]) {
    LookInIncoming(image, chunks, missing);
    for (const HeldImage& held : held_) {
      LookInHeld(held, chunks, missing);
    }
  }
  for (size_t number = 0; number < chunks.size(); ++number) {
    if (!coming_.insert(chunks[number].id).second) {
      missing[number] = false;
    }
  }
  return missing;
}

// Then it becomes a hard link.
bool Survey::IsHeldWhole(const images::StoredManifest& image) const {
  return std::ranges::any_of(held_, [&](const HeldImage& held) {
    const std::string path = held.path + "/" + images::kImageFile;
    return held.image_sha256 == image.manifest.image.sha256 && base::Exists(path) &&
           base::Sha256OfFile(path) == held.image_sha256;
  });
}

void Survey::LookInIncoming(const images::StoredManifest& image, const pusher::ChunkList& chunks,
                            std::vector<bool>& missing) {
  const std::string path = layout_.Incoming(image.id) + "/" + images::kImageFile;
  const uint64_t size_bytes = image.manifest.image.size_bytes;
  const std::optional<struct stat> there = base::LstatIfThere(path);
  if (!there || !S_ISREG(there->st_mode) || there->st_nlink > 1) {
    needed_bytes_ += size_bytes;
    return;
  }
  needed_bytes_ += BytesToReserve(size_bytes, *there);
  if (static_cast<uint64_t>(there->st_size) != size_bytes) {
    return;
  }
  const base::UniqueFd fd = base::OpenForReading(path);
  for (size_t number = 0; number < chunks.size(); ++number) {
    missing[number] = !std::ranges::all_of(chunks[number].offsets, [&](uint64_t offset) {
      return HasAt(fd.get(), path, offset, chunks[number]);
    });
  }
}

void Survey::LookInHeld(const HeldImage& held, const pusher::ChunkList& chunks,
                        std::vector<bool>& missing) {
  alive_.Touch();
  const std::string path = held.path + "/" + images::kImageFile;
  const std::optional<chunker::ChunkIndex> index = IndexOf(held);
  if (!index || !base::Exists(path)) {
    return;
  }
  const base::UniqueFd fd = base::OpenForReading(path);
  for (const chunker::Chunk& chunk : index->chunks()) {
    const std::optional<size_t> number = chunks.NumberOf(chunk.id);
    if (number && missing[*number] && HasAt(fd.get(), path, chunk.offset, chunks[*number])) {
      missing[*number] = false;
    }
  }
}

}  // namespace activator

#include "builder/inspect/verify.h"

#include <sys/stat.h>

#include <unordered_set>

#include "base/error.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "builder/read/guarded.h"
#include "builder/read/image_reader.h"
#include "images/version/verity_tree.h"

namespace builder {
void VerifyDigests(const images::ImageDirectory& image, const base::Io& io) {
  const chunker::ChunkIndex index = image.ReadIndex();
  const std::string path = image.image_path();
  const base::UniqueFd fd = base::OpenForReading(path);
  base::Progress progress(io, "verifying " + image.manifest().name, index.size_bytes());
  base::Sha256Hasher whole;
  for (const chunker::Chunk& chunk : index.chunks()) {
    base::ThrowIfInterrupted();
    const std::vector<uint8_t> data = base::PRead(fd.get(), chunk.offset, chunk.size_bytes, path);
    if (base::Sha256Of(data) != chunk.id.digest) {
      base::Fail(base::ExitCode::kVerification,
                 "{} is damaged between bytes {} and {}; build or push it again", path,
                 chunk.offset, chunk.offset + chunk.size_bytes);
    }
    whole.Update(data);
    progress.Add(data.size());
  }
  if (whole.Finish() != image.manifest().image.sha256) {
    base::Fail(base::ExitCode::kVerification, "{} is not the image that its manifest names", path);
  }
  const auto& root = image.manifest().image.verity_root;
  if (root && images::VerityRootOfFile(path) != *root) {
    base::Fail(base::ExitCode::kVerification,
               "{} has another verity root than its manifest says; build it again", path);
  }
}

namespace {

void ReadEverything(const images::ImageDirectory& image, const base::Io& io) {
  ImageReader reader(image.image_path());
  base::Progress progress(io, "reading " + image.manifest().name, 0);
  std::unordered_set<uint64_t> read;  // of those with several names
  reader.Walk([&](const ImageEntry& entry) {
    if (!S_ISDIR(entry.stat.mode) && entry.stat.links > 1 && !read.insert(entry.nid).second) {
      return;
    }
    if (S_ISREG(entry.stat.mode)) {
      reader.ReadContent(entry,
                         [&](std::span<const uint8_t> piece) { progress.Add(piece.size()); });
      progress.AddFile();
    } else if (S_ISLNK(entry.stat.mode)) {
      reader.ReadTarget(entry);
    }
    reader.Xattrs(entry);
  });
}

}  // namespace

void Verify(const images::ImageDirectory& image, const base::Io& io) {
  VerifyDigests(image, io);
  RunGuarded(image.image_path(), [&] { ReadEverything(image, io); });
}

}  // namespace builder

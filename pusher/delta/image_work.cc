#include "pusher/delta/image_work.h"

#include "base/error.h"
#include "base/file.h"

namespace pusher {
namespace {

void CheckLength(uint64_t size_bytes, uint64_t max_bytes, const std::string& path) {
  if (size_bytes > max_bytes) {
    base::Fail(base::Code::kFailed, "{} has {} bytes, a push carries at most {}", path, size_bytes,
               max_bytes);
  }
}

ImageTexts TextsOf(const images::ImageDirectory& image) {
  ImageTexts out;
  out.manifest = image.stored().text;
  out.index = base::ReadFile(image.index_path());
  out.provenance = base::ReadFileIfThere(image.provenance_path()).value_or("");
  CheckLength(out.manifest.size(), kMaxManifestBytes, image.path() + "/" + images::kManifestFile);
  CheckLength(out.index.size(), kMaxIndexBytes, image.index_path());
  CheckLength(out.provenance.size(), kMaxProvenanceBytes, image.provenance_path());
  return out;
}

}  // namespace

ImageWork::ImageWork(const images::ImageDirectory& image, EncoderPool& encoders, SpillFile* spill)
    : image_(image),
      reader_(image_),
      chunks_(reader_.index()),
      verified_(chunks_.size()),
      encoders_(encoders),
      spill_(spill) {}

std::vector<uint8_t> ImageWork::ReadChunk(size_t number) const {
  const chunker::Chunk chunk = chunks_[number].first();
  if (verified_[number]) {
    return reader_.ReadAgain(chunk);
  }
  std::vector<uint8_t> out = reader_.Read(chunk);
  verified_[number] = true;
  return out;
}

std::shared_ptr<const PackedTexts> ImageWork::Texts(const images::ImageDirectory* old) {
  return texts_.Get(old == nullptr ? "" : old->path(), [&] {
    return std::make_shared<const PackedTexts>(
        PackTexts(TextsOf(image_), old == nullptr ? "" : BasisTexts(*old)));
  });
}

std::shared_ptr<DeltaWork> ImageWork::DeltasAgainst(const images::ImageDirectory& old,
                                                    const Stop& stop) {
  return deltas_.Get(old.path(), [&] {
    return std::make_shared<DeltaWork>(reader_, image_.manifest().image.codec, chunks_, old,
                                       encoders_, spill_, stop);
  });
}

void ImageWork::MakeAhead(const images::ImageDirectory& old, const Stop& stop) {
  const Stop ended = [&] { return stop() || IsUnwanted(old); };
  if (!ended()) {
    Texts(&old);
  }
  if (!ended()) {
    DeltasAgainst(old, ended)->MakeAhead(ended);
  }
}

void ImageWork::Learn(const images::ImageDirectory* old) {
  const std::lock_guard<std::mutex> lock(mutex_);
  learned_ = old == nullptr ? "" : old->path();
}

bool ImageWork::IsUnwanted(const images::ImageDirectory& old) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return learned_ && *learned_ != old.path();
}

std::shared_ptr<ImageWork> SharedWork::Of(const images::ImageDirectory& image) {
  return images_.Get(image.path(), [&] {
    return std::make_shared<ImageWork>(image, encoders_, keep_ ? &spill_ : nullptr);
  });
}

}  // namespace pusher

#include "pusher/delta/image_send_state.h"

#include "base/error.h"
#include "base/file.h"

namespace pusher {
namespace {

void CheckLength(uint64_t size_bytes, uint64_t max_bytes, const std::string& path) {
  if (size_bytes > max_bytes) {
    base::Fail(base::ExitCode::kFailed, "{} has {} bytes, a push carries at most {}", path,
               size_bytes, max_bytes);
  }
}

ImageMetadata TextsOf(const images::ImageDirectory& image) {
  ImageMetadata out;
  out.manifest = image.stored().text;
  out.index = base::ReadFile(image.index_path());
  out.provenance = base::ReadFileIfThere(image.provenance_path()).value_or("");
  CheckLength(out.manifest.size(), kMaxManifestBytes, image.path() + "/" + images::kManifestFile);
  CheckLength(out.index.size(), kMaxIndexBytes, image.index_path());
  CheckLength(out.provenance.size(), kMaxProvenanceBytes, image.provenance_path());
  return out;
}

}  // namespace

ImageSendState::ImageSendState(const images::ImageDirectory& image, EncoderPool& encoders,
                               SpillFile* spill)
    : image_(image),
      reader_(image_),
      chunks_(reader_.index()),
      verified_(chunks_.size()),
      encoders_(encoders),
      spill_(spill) {}

std::vector<uint8_t> ImageSendState::ReadChunk(size_t number) const {
  const chunker::Chunk chunk = chunks_[number].first();
  if (verified_[number]) {
    return reader_.ReadAgain(chunk);
  }
  std::vector<uint8_t> out = reader_.Read(chunk);
  verified_[number] = true;
  return out;
}

std::shared_ptr<const PackedMetadata> ImageSendState::Metadata(const images::ImageDirectory* old) {
  return texts_.Get(old == nullptr ? "" : old->path(), [&] {
    return std::make_shared<const PackedMetadata>(
        PackMetadata(TextsOf(image_), old == nullptr ? "" : BaseMetadata(*old)));
  });
}

std::shared_ptr<DeltaCache> ImageSendState::DeltasAgainst(const images::ImageDirectory& old,
                                                          const Stop& stop) {
  return deltas_.Get(old.path(), [&] {
    return std::make_shared<DeltaCache>(reader_, image_.manifest().image.codec, chunks_, old,
                                        encoders_, spill_, stop);
  });
}

void ImageSendState::MakeAhead(const images::ImageDirectory& old, const Stop& stop) {
  const Stop ended = [&] { return stop() || IsUnwanted(old); };
  if (!ended()) {
    Metadata(&old);
  }
  if (!ended()) {
    DeltasAgainst(old, ended)->MakeAhead(ended);
  }
}

void ImageSendState::Learn(const images::ImageDirectory* old) {
  const std::lock_guard<std::mutex> lock(mutex_);
  learned_ = old == nullptr ? "" : old->path();
}

bool ImageSendState::IsUnwanted(const images::ImageDirectory& old) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return learned_ && *learned_ != old.path();
}

std::shared_ptr<ImageSendState> SendCache::Of(const images::ImageDirectory& image) {
  return images_.Get(image.path(), [&] {
    return std::make_shared<ImageSendState>(image, encoders_, keep_ ? &spill_ : nullptr);
  });
}

}  // namespace pusher

#include "pusher/image_work.h"

#include <sys/resource.h>

#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "pusher/basis.h"

namespace pusher {
namespace {

constexpr int kGuessNice = 5;  // the login goes first

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
      encoders_(encoders),
      spill_(spill) {}

ImageWork::~ImageWork() { stop_ = true; }

std::shared_ptr<const PackedTexts> ImageWork::Texts(const images::ImageDirectory* old) {
  return texts_.Get(old == nullptr ? "" : old->path(), [&] {
    return std::make_shared<const PackedTexts>(
        PackTexts(TextsOf(image_), old == nullptr ? "" : BasisTexts(*old)));
  });
}

std::shared_ptr<DeltaWork> ImageWork::DeltasAgainst(const images::ImageDirectory& old) {
  return deltas_.Get(old.path(), [&] {
    return std::make_shared<DeltaWork>(reader_, image_.manifest().image.codec, chunks_, old,
                                       encoders_, spill_);
  });
}

void ImageWork::Guess() {
  const std::lock_guard<std::mutex> lock(guessing_);
  if (std::exchange(guessed_, true)) {
    return;
  }
  guess_ = GuessBasis(image_);
  if (guess_) {
    try {
      making_ = std::async(std::launch::async, [this] { MakeForGuess(*guess_); });
    } catch (const std::system_error&) {  // no thread to be had: hosts wait a little longer
    }
  }
}

void ImageWork::Learn(const images::ImageDirectory* old) {
  const std::lock_guard<std::mutex> lock(guessing_);
  if (guess_ && (old == nullptr || old->path() != guess_->path())) {
    stop_ = true;
  }
}

// What fails here is found again, and said, by who needs it.
void ImageWork::MakeForGuess(const images::ImageDirectory& old) {
  ::setpriority(PRIO_PROCESS, 0, kGuessNice);  // on Linux of this thread, and those that it starts
  try {
    Texts(&old);
    DeltasAgainst(old)->MakeAhead(stop_);
  } catch (const base::Error&) {
  }
}

std::shared_ptr<ImageWork> SharedWork::Of(const images::ImageDirectory& image) {
  return images_.Get(image.path(), [&] {
    return std::make_shared<ImageWork>(image, encoders_, keep_ ? &spill_ : nullptr);
  });
}

void SharedWork::Held(const images::ImageDirectory& image) {
  if (const std::shared_ptr<ImageWork> work = images_.Find(image.path())) {
    work->Learn(nullptr);
  }
}

}  // namespace pusher

#include "pusher/publish/image_upload.h"

#include <optional>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "images/channel/object_key.h"
#include "images/release/judge.h"
#include "images/version/can_run.h"
#include "pusher/protocol/protocol.h"
#include "pusher/session/release_to_send.h"

namespace pusher {
namespace {

constexpr int kMostTries = 20;
constexpr store::PutOptions kIsRenewed{store::Caching::kNoCache, false};

// What was read, or nothing; false: it is another one now.
bool Replace(store::Store& store, const std::string& key, const store::Object& there,
             const store::Content& content, const store::PutOptions& options) {
  return there.state == store::State::kHere
             ? store.CompareAndSwap(key, there.version, content, options).has_value()
             : store.PutIfAbsent(key, content, options).has_value();
}

[[noreturn]] void FailChanging(const std::string& key) {
  base::Fail(base::ExitCode::kBusy, "{} changes all the time: try again later", key);
}

// A release in the store, if it is one of this image.
std::optional<images::Release> ReleaseOf(const store::Object& object, const std::string& where,
                                         const images::ImageDirectory& image) {
  if (object.state != store::State::kHere) {
    return std::nullopt;
  }
  try {
    images::Release out = images::Release::Parse(object.body, where);
    images::CheckBelongs(out.statement, image.manifest().name, image.stored().digest, where);
    return out;
  } catch (const base::Error&) {  // it counts for nobody
    return std::nullopt;
  }
}

}  // namespace

ImageUpload::ImageUpload(images::ImageDirectory image) : image_(std::move(image)) {
  const std::optional<std::string> release = images::ReadReleaseText(image_.path());
  if (!release || release->empty()) {
    base::Fail(
        images::kUntrusted,
        "{} is not signed, and hosts of a channel take signed images alone: imgbuild sign {}",
        images::SubjectOf(name(), image_.stored().digest), name());
  }
  release_ = *release;
  statement_ = CheckedRelease(image_, release_).statement;
  index_ = base::ReadFile(image_.index_path());
  images::ParseIndexOf(image_.manifest(), index_, image_.index_path());
  provenance_ = base::ReadFileIfThere(image_.provenance_path()).value_or("");
}

images::AppVariant ImageUpload::variant() const {
  const images::Manifest& manifest = image_.manifest();
  images::AppVariant out{image_.stored().digest, manifest.architecture,
                         manifest.image.required_features};
  if (manifest.image.verity_root) {
    out.features.emplace_back(images::kVerityFeature);
  }
  return out;
}

std::string ImageUpload::Key(const char* file) const {
  return images::ImageFileKey(name(), image_.id(), file);
}

std::vector<std::string> ImageUpload::Keys() const {
  std::vector<std::string> out;
  for (const char* file : images::kImageFiles) {
    if (file != std::string_view(images::kProvenanceFile) || !provenance_.empty()) {
      out.push_back(Key(file));
    }
  }
  return out;
}

void ImageUpload::PutText(store::Store& store, const char* file, const std::string& text,
                          UploadCounts& counts) const {
  const store::Object there = store.Get(Key(file), text.size());
  if (there.state == store::State::kHere && there.body != text) {
    base::Fail(base::ExitCode::kVerification,
               "{}/{} is not what its name says: delete it, and publish again", store.location(),
               Key(file));
  }
  if (there.state != store::State::kHere &&
      store.PutIfAbsent(Key(file), store::Content::Text(text), kNeverChanges)) {
    CountPut(text.size(), counts);
  } else {
    ++counts.already_there;
  }
}

void ImageUpload::PutImage(store::Store& store, UploadCounts& counts, const base::Io& io) const {
  const images::ImageFacts& facts = image_.manifest().image;
  FileUpload{
      Key(images::kImageFile),     image_.image_path(), facts.size_bytes, facts.sha256, name(),
      "is damaged: build it again"}
      .Put(store, counts, io);
}

// Whoever built the same image elsewhere has published a provenance of its own, and a release that
// belongs to it. false: both stay.
bool ImageUpload::AdoptProvenance(store::Store& store, UploadCounts& counts,
                                  const base::Io& io) const {
  if (provenance_.empty()) {
    return true;
  }
  const std::string key = Key(images::kProvenanceFile);
  const std::string release_key = Key(images::kReleaseFile);
  const store::Content content = store::Content::Text(provenance_);
  for (int tries = 0; tries < kMostTries; ++tries) {
    const store::Object there = store.Get(key, kMaxProvenanceBytes);
    if (there.state == store::State::kHere && there.body == provenance_) {
      ++counts.already_there;
      return true;
    }
    const auto release =
        ReleaseOf(store.Get(release_key, images::kMaxReleaseBytes), release_key, image_);
    if (there.state == store::State::kHere && release &&
        release->statement.provenance_sha256 == base::Sha256Of(there.body)) {
      io.Err(
          "imgpush: {} {}: another build of it is published, with its own provenance and release; "
          "they stay\n",
          name(), image_.id().text());
      counts.already_there += 2;
      return false;
    }
    if (Replace(store, key, there, content, kNeverChanges)) {
      CountPut(provenance_.size(), counts);
      return true;
    }
  }
  FailChanging(key);
}

void ImageUpload::PutRelease(store::Store& store, UploadCounts& counts, const base::Io& io) const {
  const std::string key = Key(images::kReleaseFile);
  const store::Content content = store::Content::Text(release_);
  for (int tries = 0; tries < kMostTries; ++tries) {
    const store::Object there = store.Get(key, images::kMaxReleaseBytes);
    if (there.state == store::State::kHere && there.body == release_) {
      ++counts.already_there;
      return;
    }
    const auto release = ReleaseOf(there, key, image_);
    if (release && release->statement.released > statement_.released) {
      io.Err("imgpush: {} {}: a newer release of it is published; it stays\n", name(),
             image_.id().text());
      ++counts.already_there;
      return;
    }
    if (Replace(store, key, there, content, kIsRenewed)) {
      CountPut(release_.size(), counts);
      return;
    }
  }
  FailChanging(key);
}

void ImageUpload::Put(store::Store& store, UploadCounts& counts, const base::Io& io) const {
  PutText(store, images::kManifestFile, image_.stored().text, counts);
  const bool is_ours = AdoptProvenance(store, counts, io);
  PutText(store, images::kIndexFile, index_, counts);
  PutImage(store, counts, io);
  if (is_ours) {
    PutRelease(store, counts, io);
  }
}

void ImageUpload::Plan(store::Store& store, UploadCounts& counts) const {
  const std::pair<const char*, uint64_t> files[] = {
      {images::kManifestFile, image_.stored().text.size()},
      {images::kProvenanceFile, provenance_.size()},
      {images::kIndexFile, index_.size()},
      {images::kImageFile, image_.manifest().image.size_bytes},
      {images::kReleaseFile, release_.size()}};
  for (const auto& [file, bytes] : files) {
    if (bytes == 0) {
      continue;
    }
    if (store.Exists(Key(file))) {
      ++counts.already_there;
    } else {
      CountPut(bytes, counts);
    }
  }
}

}  // namespace pusher

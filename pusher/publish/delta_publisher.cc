#include "pusher/publish/delta_publisher.h"

#include <fcntl.h>

#include <algorithm>

#include "base/error.h"
#include "images/channel/object_key.h"
#include "images/release/judge.h"
#include "pusher/protocol/protocol.h"
#include "pusher/publish/delta_recorder.h"

namespace pusher {
namespace {

constexpr uint64_t kFetchedPieceBytes = uint64_t{8} << 20;
constexpr mode_t kFetchedMode = 0600;

std::string KeyOf(const ImageUpload& image, const base::Sha256& old) {
  return images::DeltaKey(image.name(), image.image().id(), images::ImageId::Of(old));
}

}  // namespace

DeltaPublisher::DeltaPublisher(ChannelObjects& objects, uint64_t versions, const base::Io& io)
    : objects_(objects), versions_(versions), io_(io) {}

const std::string& DeltaPublisher::Folder() {
  if (!folder_) {
    folder_.emplace(base::TemporaryFolder(), "slipway-publish-");
  }
  return folder_->path();
}

// What is not there, or not to be believed, costs a delta, not the publish.
std::optional<images::ChannelHead> DeltaPublisher::OldHead(const std::string& channel,
                                                           uint64_t version) {
  try {
    const auto copy = objects_.ReadCopy(channel, version);
    return copy ? std::optional(copy->head) : std::nullopt;
  } catch (const base::Error& error) {
    if (error.code() != base::ExitCode::kVerification) {
      throw;
    }
    io_.Err("imgpush: no deltas against version {} and older: {}\n", version, error.what());
    return std::nullopt;
  }
}

// What hosts of the channel may have of it: of the same kind of machine, in its last versions.
std::set<base::Sha256> DeltaPublisher::OldVersions(const ImageUpload& image,
                                                   const std::optional<StoredHead>& current) {
  std::set<base::Sha256> out;
  const auto add = [&](const images::ChannelHead& head) {
    const auto found = head.apps.find(image.name());
    if (found == head.apps.end()) {
      return;
    }
    for (const images::AppVariant& variant : found->second) {
      if (variant.architecture == image.image().manifest().architecture &&
          variant.manifest_sha256 != image.image().stored().digest) {
        out.insert(variant.manifest_sha256);
      }
    }
  };
  if (!current || versions_ == 0) {
    return out;
  }
  add(current->head());
  uint64_t version = current->head().version;
  for (uint64_t i = 1; i < versions_ && version > 1; ++i) {
    const auto copy = OldHead(current->head().channel, --version);
    if (!copy) {
      break;
    }
    add(*copy);
  }
  return out;
}

void DeltaPublisher::Fetch(const std::string& key, const std::string& path, uint64_t max_bytes) {
  const store::Info info = objects_.store().Head(key);
  if (info.state != store::State::kHere) {
    base::Fail(base::ExitCode::kFailed, "{} is not in the store any more", key);
  }
  if (info.size_bytes > max_bytes) {
    base::Fail(base::ExitCode::kVerification, "{} has {} bytes, and at most {} are right", key,
               info.size_bytes, max_bytes);
  }
  std::vector<store::Range> ranges;
  for (uint64_t at = 0; at < info.size_bytes; at += kFetchedPieceBytes) {
    ranges.push_back({at, std::min(kFetchedPieceBytes, info.size_bytes - at)});
  }
  const base::UniqueFd file = base::Open(path, O_WRONLY | O_CREAT | O_EXCL, kFetchedMode);
  objects_.store().GetRanges(key, ranges, [&](size_t index, base::Bytes piece) {
    base::PWriteAll(file.get(), piece, ranges[index].offset, path);
    ranges[index].offset += piece.size();
  });
}

// As it stands beside the new one, otherwise from the store.
images::ImageDirectory DeltaPublisher::OldImage(const images::ImageDirectory& image,
                                                const base::Sha256& old) {
  const std::string& name = image.manifest().name;
  const images::ImageId id = images::ImageId::Of(old);
  const std::string beside = base::ParentOf(image.path()) + "/" + id.text();
  if (base::Exists(beside + "/" + images::kManifestFile)) {
    return images::ImageDirectory(beside);
  }
  const std::string fetched = Folder() + "/" + name + "/" + id.text();
  base::RemoveTree(fetched);  // what an attempt that failed has left
  base::MakeDirectories(fetched);
  const auto fetch = [&](const char* file, uint64_t max_bytes) {
    Fetch(images::ImageFileKey(name, id, file), fetched + "/" + file, max_bytes);
    return fetched + "/" + file;
  };
  const std::string path = fetch(images::kManifestFile, kMaxManifestBytes);
  const auto manifest = images::StoredManifest::Parse(base::ReadFile(path), path);
  if (manifest.digest != old) {
    base::Fail(base::ExitCode::kVerification, "the store has another manifest of {}",
               images::SubjectOf(name, old));
  }
  fetch(images::kIndexFile, kMaxIndexBytes);
  fetch(images::kImageFile, manifest.manifest.image.size_bytes);
  return images::ImageDirectory(fetched);  // each chunk is verified when it is read
}

bool DeltaPublisher::PutOne(const images::ImageDirectory& image, const base::Sha256& old,
                            const std::string& key, SendCache& work) {
  try {
    const std::string recording = Folder() + "/recording";
    RecordDelta(image, OldImage(image, old), work, recording, io_);
    const store::Content content = store::Content::File(recording);
    if (content.size_bytes() >= image.manifest().image.size_bytes) {
      return false;
    }
    if (objects_.store().PutIfAbsent(key, content, {store::Caching::kImmutable, false})) {
      ++put_;
      put_bytes_ += content.size_bytes();
    }
    base::RemoveTree(Folder() + "/" + image.manifest().name);
    return true;
  } catch (const base::Error& error) {
    if (error.code() == base::ExitCode::kInterrupted) {
      throw;
    }
    io_.Err("imgpush: {}: left out, hosts take the image itself: {}\n", key, error.what());
    return false;
  }
}

UploadCounts DeltaPublisher::Plan(const std::vector<ImageUpload>& images,
                                  const std::optional<StoredHead>& current) {
  UploadCounts out;
  for (const ImageUpload& image : images) {
    for (const base::Sha256& old : OldVersions(image, current)) {
      ++(objects_.store().Exists(KeyOf(image, old)) ? out.already_there : out.objects);
    }
  }
  return out;
}

std::set<std::string> DeltaPublisher::Put(const std::vector<ImageUpload>& images,
                                          const std::optional<StoredHead>& current) {
  std::set<std::string> out;
  for (const ImageUpload& image : images) {
    SendCache work(true);
    for (const base::Sha256& old : OldVersions(image, current)) {
      const std::string key = KeyOf(image, old);
      if (left_out_.contains(key)) {
        continue;
      }
      if (objects_.store().Exists(key) || PutOne(image.image(), old, key, work)) {
        out.insert(key);
      } else {
        left_out_.insert(key);
      }
    }
  }
  return out;
}

}  // namespace pusher

#include "builder/image_publisher.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <optional>
#include <string>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/sys.h"
#include "images/label.h"
#include "images/release/release.h"
#include "images/version/image_directory.h"

namespace builder {
namespace {

constexpr const char* kLatest = "latest";

// Whoever builds holds a lock on its folder; the kernel frees it with the process.
bool TryLock(const base::UniqueFd& directory) {
  return base::TheSys().Flock(directory.get(), LOCK_EX | LOCK_NB) == 0;
}

base::UniqueFd OpenIfThere(const std::string& path) {
  return base::UniqueFd(base::TheSys().Open(path.c_str(), O_RDONLY | O_DIRECTORY, 0));
}

void RemoveAbandoned(const std::string& parent) {
  for (const std::string& name : base::ListDirectory(parent)) {
    const std::string path = parent + "/" + name;
    if (!name.starts_with(base::kTemporaryPrefix)) {
      continue;
    }
    const base::UniqueFd directory = OpenIfThere(path);
    if (directory.valid() && TryLock(directory)) {
      base::RemoveTree(path);
    }
  }
}

bool IsWhole(const std::string& path) {
  try {
    const images::ImageDirectory there(path);
    there.ReadIndex();
    return base::Sha256OfFile(there.image_path()) == there.manifest().image.sha256;
  } catch (const base::Error&) {
    return false;
  }
}

// Of the same manifest, but not made anew by a build: the label and the signatures. What cannot be
// read is damaged as well.
void KeepWhatIsBeside(const std::string& damaged, const std::string& folder) {
  if (const std::string label = images::ReadLabel(damaged); !label.empty()) {
    images::WriteLabel(folder, label);
  }
  std::optional<std::string> release;
  try {
    release = images::ReadReleaseText(damaged);
  } catch (const base::Error&) {
    return;
  }
  if (release) {
    base::WriteFileAtomically(folder + "/" + images::kReleaseFile, *release);
  }
}

}  // namespace

ImagePublisher::ImagePublisher(const std::string& output, const std::string& name)
    : parent_(output + "/" + name) {
  base::MakeDirectories(parent_);
  RemoveAbandoned(parent_);
  // Another build may take the new folder for an abandoned one until it is locked: then it is made
  // again.
  do {
    folder_ =
        std::make_unique<base::TemporaryDirectory>(parent_, std::string(base::kTemporaryPrefix));
    lock_ = OpenIfThere(folder());
  } while (!lock_.valid() || !TryLock(lock_) || !base::Exists(folder()));
}

void ImagePublisher::PublishUnlessThere(const std::string& path) {
  try {
    base::PublishDirectory(folder(), path);
    folder_->Release();
  } catch (const base::Error& error) {
    const bool there = error.error_number() == EEXIST || error.error_number() == ENOTEMPTY;
    if (!there ||
        !IsWhole(path)) {  // another build of the same image was quicker: its bytes are ours
      throw;
    }
  }
}

std::string ImagePublisher::Publish(const images::Manifest& manifest) {
  const std::string text = manifest.Serialize();
  base::WriteFileAtomically(folder() + "/" + images::kManifestFile, text);
  if (::fchmod(lock_.get(), 0755) != 0) {
    base::FailErrno(errno, "cannot set the mode of {}", folder());
  }
  const std::string id = images::ImageId::Of(base::Sha256Of(text)).text();
  std::string path = parent_ + "/" + id;
  if (base::Exists(path) && !IsWhole(path)) {
    KeepWhatIsBeside(path, folder());
    base::RemoveTree(path);  // damaged; the same image takes its place
  }
  if (!base::Exists(path)) {
    PublishUnlessThere(path);
  }
  base::ReplaceSymlink(id, parent_ + "/" + kLatest);
  return path;
}

}  // namespace builder

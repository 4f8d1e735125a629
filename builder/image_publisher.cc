#include "builder/image_publisher.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/sys.h"
#include "images/image_directory.h"

namespace builder {
namespace {

constexpr const char* kLatest = "latest";

// Whoever builds holds a lock on its folder; the kernel frees it with the process.
bool TryLock(const base::UniqueFd& directory) {
  return base::TheSys().Flock(directory.get(), LOCK_EX | LOCK_NB) == 0;
}

void RemoveAbandoned(const std::string& parent) {
  for (const std::string& name : base::ListDirectory(parent)) {
    const std::string path = parent + "/" + name;
    if (!name.starts_with(base::kTemporaryPrefix) || !base::LstatIfThere(path)) {
      continue;
    }
    const std::optional<struct stat> found = base::LstatIfThere(path);
    if (found && S_ISDIR(found->st_mode) && TryLock(base::Open(path, O_RDONLY | O_DIRECTORY))) {
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

}  // namespace

ImagePublisher::ImagePublisher(const std::string& output, const std::string& name)
    : parent_(output + "/" + name) {
  base::MakeDirectories(parent_);
  RemoveAbandoned(parent_);
  folder_ =
      std::make_unique<base::TemporaryDirectory>(parent_, std::string(base::kTemporaryPrefix));
  lock_ = base::Open(folder(), O_RDONLY | O_DIRECTORY);
  TryLock(lock_);
}

std::string ImagePublisher::Publish(const images::Manifest& manifest) {
  const std::string text = manifest.Serialize();
  base::WriteFileAtomically(folder() + "/" + images::kManifestFile, text);
  if (::fchmod(lock_.get(), 0755) != 0) {
    base::FailErrno(errno, "cannot set the mode of {}", folder());
  }
  const std::string id = images::ImageId::Of(base::Sha256Of(text)).text();
  const std::string path = parent_ + "/" + id;
  if (base::Exists(path) && !IsWhole(path)) {
    base::RemoveTree(path);  // damaged; the same image takes its place
  }
  if (!base::Exists(path)) {
    base::PublishDirectory(folder(), path);
    folder_->Release();
  }
  base::ReplaceSymlink(id, parent_ + "/" + kLatest);
  return path;
}

}  // namespace builder

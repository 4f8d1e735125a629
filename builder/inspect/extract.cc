#include "builder/inspect/extract.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <vector>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/file.h"
#include "base/progress.h"
#include "builder/read/guarded.h"
#include "builder/read/image_reader.h"

namespace builder {
namespace {

class Extraction {
 public:
  Extraction(const images::ImageDirectory& image, std::string root, bool xattrs, const base::Io& io)
      : reader_(image.image_path()),
        root_(std::move(root)),
        xattrs_(xattrs),
        progress_(io, "extracting " + image.manifest().name, 0) {}

  void Run() {
    reader_.Walk([&](const ImageEntry& entry) { Make(entry); });
    // Last: a directory may be read-only, and what is made in it changes its time.
    for (auto directory = directories_.rbegin(); directory != directories_.rend(); ++directory) {
      StartNextStep();
      SetAttributes(*directory);
    }
  }

 private:
  std::string At(const ImageEntry& entry) const {
    return entry.path == "/" ? root_ : root_ + entry.path;
  }

  static void Succeed(int result, const std::string& path) {
    if (result != 0) {
      base::FailErrno(errno, "cannot make {}", path);
    }
  }

  void Make(const ImageEntry& entry) {
    const std::string path = At(entry);
    if (S_ISDIR(entry.stat.mode)) {
      if (entry.path != "/") {
        Succeed(::mkdir(path.c_str(), 0700), path);
      }
      directories_.push_back(entry);
      return;
    }
    if (entry.stat.links > 1) {
      const auto [first, is_new] = first_names_.emplace(entry.nid, path);
      if (!is_new) {
        Succeed(::link(first->second.c_str(), path.c_str()), path);
        return;
      }
    }
    if (S_ISREG(entry.stat.mode)) {
      WriteContent(entry, path);
    } else if (S_ISLNK(entry.stat.mode)) {
      Succeed(::symlink(reader_.ReadTarget(entry).c_str(), path.c_str()), path);
    } else {
      Succeed(::mknod(path.c_str(), entry.stat.mode & ~07777U, entry.stat.device), path);
    }
    SetAttributes(entry);
  }

  void WriteContent(const ImageEntry& entry, const std::string& path) {
    base::UniqueFd fd = base::Open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
    reader_.ReadContent(entry, [&](std::span<const uint8_t> piece) {
      base::WriteAll(fd.get(), piece, path);
      progress_.Add(piece.size());
    });
    base::Close(std::move(fd), path);
    progress_.AddFile();
  }

  void SetXattrs(const ImageEntry& entry, const std::string& path) {
    for (const auto& [name, value] : reader_.Xattrs(entry)) {
      if (::lsetxattr(path.c_str(), name.c_str(), value.data(), value.size(), 0) != 0) {
        base::FailErrno(errno,
                        "cannot give {} the extended attribute {}; extract as root to a file "
                        "system that has it, or with --no-xattrs",
                        entry.path, name);
      }
    }
  }

  void SetAttributes(const ImageEntry& entry) {
    const std::string path = At(entry);
    if (::geteuid() == 0) {
      Succeed(::lchown(path.c_str(), entry.stat.uid, entry.stat.gid), path);
    }
    if (xattrs_) {  // after the owner, which takes a file's capabilities away
      SetXattrs(entry, path);
    }
    if (!S_ISLNK(entry.stat.mode)) {  // after the owner: chown takes setuid away
      Succeed(::chmod(path.c_str(), entry.stat.mode & 07777U), path);
    }
    const timespec time{entry.stat.mtime_seconds, entry.stat.mtime_nanoseconds};
    const timespec times[] = {time, time};
    Succeed(::utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW), path);
  }

  ImageReader reader_;
  const std::string root_;
  const bool xattrs_;
  base::Progress progress_;
  std::vector<ImageEntry> directories_;
  std::map<uint64_t, std::string> first_names_;  // by inode, of those with several
};

}  // namespace

void ExtractInto(const images::ImageDirectory& image, const std::string& folder, bool xattrs,
                 const base::Io& io) {
  RunGuarded(image.image_path(), [&] { Extraction(image, folder, xattrs, io).Run(); });
}

void Extract(const images::ImageDirectory& image, const std::string& destination, bool xattrs,
             const base::Io& io) {
  const std::string path = base::AbsolutePath(destination);
  if (base::LstatIfThere(path)) {
    base::Fail(base::ExitCode::kFailed, "{} exists already: name a folder that does not",
               destination);
  }
  base::TemporaryDirectory folder(base::ParentOf(path), std::string(base::kTemporaryPrefix));
  ExtractInto(image, folder.path(), xattrs, io);
  base::PublishDirectory(folder.path(), path);
  folder.Release();
}

}  // namespace builder

#include "activator/receive/assembly.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "activator/os/fs_verity.h"
#include "activator/os/shared_blocks.h"
#include "activator/state/held_versions.h"
#include "base/atomic_file.h"
#include "base/error.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "base/sys.h"
#include "images/label.h"
#include "images/release/release.h"
#include "pusher/protocol/planned.h"
#include "units/render.h"

namespace activator {
namespace {

constexpr const char* kLockFile = "/lock";
const std::string kGone = std::string(base::kTemporaryPrefix) + "gone-";

base::FileLock LockDirectory(const std::string& path, const images::StoredManifest& stored,
                             const std::string& by, std::chrono::milliseconds patience) {
  for (int attempt = 1;; ++attempt) {
    base::MakeDirectories(path);
    try {
      return base::FileLock(
          path + kLockFile,
          fmt::format("the transfer of {} {}", stored.manifest.name, stored.id.text()),
          "a push by " + by, patience);
    } catch (const base::Error& error) {
      // Another transfer of it ended in between and took the directory away.
      if (error.error_number() != ENOENT || attempt == 3) {
        throw;
      }
    }
  }
}

}  // namespace

void RemoveGone(const images::HostLayout& layout) {
  for (const std::string& name : base::ListDirectory(layout.Incoming())) {
    if (name.starts_with(kGone)) {
      base::RemoveTree(layout.Incoming() + "/" + name);
    }
  }
}

bool CanLink(const images::ImageFacts& image, const std::string& path) {
  return !(image.verity_root && HasFsVerity(path)) && HasDigest(path, image.sha256);
}

uint64_t TreeBytes(const images::ImageFacts& image) {
  return image.verity_root ? images::VerityTree::FileBytes(image.size_bytes) : 0;
}

uint64_t BytesToReserve(uint64_t size_bytes, const struct stat& there) {
  constexpr uint64_t kBlockBytes = 512;  // the unit of st_blocks
  return size_bytes - std::min(size_bytes, static_cast<uint64_t>(there.st_blocks) * kBlockBytes);
}

void CheckInodes(const std::string& root) {
  // An image with its texts, a generation's units, and what replaces what.
  constexpr uint64_t kNeeded = 64;
  const std::optional<uint64_t> free = base::FreeInodes(root);
  if (free && *free < kNeeded) {
    base::FailErrno(ENOSPC,
                    "{} has {} inodes free, {} are needed: many small files fill its file system",
                    root, *free, kNeeded);
  }
}

void CheckFits(const images::HostLayout& layout, const std::string& what, uint64_t needed_bytes) {
  CheckInodes(layout.root());
  const uint64_t free_bytes = base::FreeBytes(layout.root());
  if (needed_bytes + pusher::kHeadroomBytes > free_bytes) {
    base::FailErrno(ENOSPC, "{}: {} more and {} to spare are needed, {} has {} free", what,
                    base::HumanBytes(needed_bytes), base::HumanBytes(pusher::kHeadroomBytes),
                    layout.root(), base::HumanBytes(free_bytes));
  }
}

Assembly::Assembly(const images::HostLayout& layout, images::StoredManifest manifest,
                   const std::string& index, const std::string& by,
                   std::optional<std::chrono::milliseconds> lock_wait)
    : layout_(layout),
      stored_(std::move(manifest)),
      path_(layout.Incoming(stored_.id)),
      image_path_(path_ + "/" + images::kImageFile),
      gone_path_(layout_.Incoming() + "/" + kGone + stored_.id.text()),
      chunks_(images::ParseIndexOf(stored_.manifest, index, "the index that was sent")),
      missing_(chunks_.size(), true),
      missing_count_(chunks_.size()) {
  if (lock_wait) {
    lock_.emplace(LockDirectory(path_, stored_, by, *lock_wait));
  } else {
    base::MakeDirectories(path_);
  }
}

void Assembly::WriteMetadata(const std::string& index, const std::string& provenance,
                             const std::string& release) {
  base::WriteFileAtomically(path_ + "/" + images::kManifestFile, stored_.text);
  base::WriteFileAtomically(path_ + "/" + images::kIndexFile, index);
  for (const auto& [file, text] : {std::pair(images::kProvenanceFile, &provenance),
                                   std::pair(images::kReleaseFile, &release)}) {
    if (text->empty()) {
      base::UnlinkIfThere(path_ + "/" + file);
    } else {
      base::WriteFileAtomically(path_ + "/" + file, *text);
    }
  }
}

chunker::ChunkIndex Assembly::ReadIndex() const {
  const std::string path = path_ + "/" + images::kIndexFile;
  return images::ParseIndexOf(stored_.manifest, base::ReadFile(path), path);
}

bool Assembly::LinkTo(const std::string& image_path) {
  if (!CanLink(stored_.manifest.image, image_path)) {
    return false;
  }
  base::UnlinkIfThere(image_path_);
  if (base::TheSys().Link(image_path.c_str(), image_path_.c_str()) != 0) {
    return false;  // EMLINK, or a file system without hard links: it is copied instead
  }
  missing_.assign(chunks_.size(), false);
  missing_count_ = 0;
  return true;
}

void Assembly::Open() {
  const std::optional<struct stat> there = base::LstatIfThere(image_path_);
  // A link to a published version must never be written to.
  if (there && (!S_ISREG(there->st_mode) || there->st_nlink > 1)) {
    base::RemoveTree(image_path_);
  }
  try {
    image_ = base::OpenOwn(image_path_, O_RDWR | O_CREAT, 0644);
  } catch (const base::Error&) {
    if (!there) {
      throw;
    }
    if (TakeSealed()) {
      return;
    }
    base::UnlinkIfThere(image_path_);
    image_ = base::OpenOwn(image_path_, O_RDWR | O_CREAT | O_EXCL, 0644);
  }
  const struct stat now = base::Fstat(image_.get(), image_path_);
  const uint64_t size_bytes = stored_.manifest.image.size_bytes;
  if (static_cast<uint64_t>(now.st_size) == size_bytes) {
    TakeInWhatIsThere();
  } else if (base::TheSys().Ftruncate(image_.get(), static_cast<off_t>(size_bytes)) != 0) {
    base::FailErrno(errno, "cannot size {}", image_path_);
  }
}

void Assembly::TakeWhole() {
  image_ = base::OpenOwn(image_path_, O_RDONLY);  // it may have fs-verity
  const struct stat now = base::Fstat(image_.get(), image_path_);
  if (static_cast<uint64_t>(now.st_size) != stored_.manifest.image.size_bytes ||
      now.st_nlink != 1) {
    base::Fail(base::ExitCode::kVerification, "{} is not whole", image_path_);
  }
  missing_.assign(chunks_.size(), false);
  missing_count_ = 0;
}

void Assembly::Reserve() {
  if (std::exchange(reserved_, true) || missing_count_ == 0) {
    return;
  }
  const struct stat now = base::Fstat(image_.get(), image_path_);
  const uint64_t size_bytes = stored_.manifest.image.size_bytes;
  CheckFits(layout_, stored_.manifest.name + " " + stored_.id.text(),
            BytesToReserve(size_bytes, now) + TreeBytes(stored_.manifest.image));
  // What is shared stays shared.
  if (base::TheSys().Fallocate(image_.get(), 0, 0, static_cast<off_t>(size_bytes)) != 0 &&
      errno != EOPNOTSUPP && errno != ENOSYS) {
    base::FailErrno(errno, "cannot reserve {} for {}", base::HumanBytes(size_bytes), image_path_);
  }
}

// What has fs-verity was whole when a push was cut off, just before it was published. False: it is
// not any more, or cannot be opened at all.
bool Assembly::TakeSealed() {
  try {
    image_ = base::OpenOwn(image_path_, O_RDONLY);
  } catch (const base::Error&) {
    return false;
  }
  TakeInWhatIsThere();
  if (missing_count_ == 0) {
    return true;
  }
  missing_.assign(chunks_.size(), true);
  missing_count_ = chunks_.size();
  return false;
}

void Assembly::TakeInWhatIsThere() {
  for (size_t number = 0; number < chunks_.size(); ++number) {
    base::ThrowIfInterrupted();
    const std::vector<uint64_t>& offsets = chunks_[number].offsets;
    const bool there = std::ranges::all_of(
        offsets, [&](uint64_t offset) { return Holds(image_.get(), image_path_, offset, number); });
    if (there) {
      MarkPresent(number);
    }
  }
}

// Reads the chunk's place into the buffer and compares it. A bad sector is as bad as a wrong byte.
bool Assembly::Holds(int fd, const std::string& path, uint64_t offset, size_t number) {
  buffer_.resize(chunks_[number].size_bytes);
  try {
    return base::PReadInto(fd, buffer_, offset, path) == buffer_.size() &&
           base::Sha256Of(buffer_) == chunks_[number].id.digest;
  } catch (const base::Error& error) {
    if (error.code() == base::ExitCode::kInterrupted) {
      throw;
    }
    return false;
  }
}

void Assembly::AddLocalSource(const std::string& image_path, const chunker::ChunkIndex& index) {
  Expected out{image_path, OpenIfReadable(image_path), {}};
  if (!out.image.valid()) {
    return;
  }
  std::vector<bool> needed = Needed();
  for (const chunker::Chunk& chunk : index.chunks()) {
    const std::optional<size_t> number = chunks_.NumberOf(chunk.id);
    if (number && needed[*number]) {
      needed[*number] = false;
      out.chunks.emplace_back(*number, chunk.offset);
    }
  }
  if (!out.chunks.empty()) {
    expected_.push_back(std::move(out));
  }
}

std::vector<bool> Assembly::Needed() const {
  std::vector<bool> out = missing_;
  for (const Expected& expected : expected_) {
    for (const auto& [number, offset] : expected.chunks) {
      out[number] = false;
    }
  }
  return out;
}

void Assembly::FillExpected(const std::function<void()>& touch) {
  for (const Expected& expected : std::exchange(expected_, {})) {
    for (const auto& [number, offset] : expected.chunks) {
      base::ThrowIfInterrupted();
      touch();
      CopyFrom(expected.image.get(), expected.image_path, offset, number);
    }
  }
  buffer_ = {};  // many images may wait for the commit
}

void Assembly::CopyFrom(int source, const std::string& path, uint64_t offset, size_t number) {
  if (Holds(source, path, offset, number) && !Share(source, offset, number)) {
    Reserve();
    Put(number, buffer_);
  }
}

bool Assembly::Store(size_t number, base::Bytes data) {
  if (base::Sha256Of(data) != chunks_[number].id.digest) {
    return false;
  }
  Put(number, data);
  return true;
}

void Assembly::Put(size_t number, base::Bytes data) {
  for (const uint64_t offset : chunks_[number].offsets) {
    base::PWriteAll(image_.get(), data, offset, image_path_);
  }
  MarkPresent(number);
}

// The source was verified a moment ago, and the whole image will be.
bool Assembly::Share(int source, uint64_t offset, size_t number) {
  const size_t size_bytes = chunks_[number].size_bytes;
  for (const uint64_t to : chunks_[number].offsets) {
    if (!can_share_ || !ShareBlocks(source, offset, image_.get(), to, size_bytes, can_share_)) {
      return false;
    }
  }
  MarkPresent(number);
  return true;
}

void Assembly::MarkPresent(size_t number) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (missing_[number]) {
    missing_[number] = false;
    --missing_count_;
  }
}

// What stands beside the image and is not the push's: the users that an activation wrote and its
// units bind; what people call the version, and who released it, unless the push says so. What a
// repair that was cut off left here is older.
void Assembly::KeepRecordsOf(const std::string& version) const {
  for (const std::string file :
       {units::kPasswdFile, units::kGroupFile, images::kLabelFile, images::kReleaseFile}) {
    const std::string name = "/" + file;
    const std::optional<std::string> text = base::ReadFileIfThere(version + name);
    const bool is_sent = file == images::kReleaseFile && base::Exists(path_ + name);
    if (text && !is_sent) {
      base::WriteFileAtomically(path_ + name, *text);
    }
  }
}

// A version that is whole may be signed with another one, or with none.
void Assembly::TakeProvenanceTo(const std::string& version, bool is_signed) const {
  const std::string path = version + "/" + images::kProvenanceFile;
  const std::optional<std::string> text =
      base::ReadFileIfThere(path_ + "/" + images::kProvenanceFile);
  if (text && !HasDigest(path, base::Sha256Of(*text))) {
    base::WriteFileAtomically(path, *text);
  } else if (!text && is_signed && base::UnlinkIfThere(path)) {
    base::FsyncDirectory(version);
  }
}

void Assembly::Publish(bool is_signed) {
  const std::string version = layout_.Version(stored_.manifest.name, stored_.id);
  base::MakeDirectories(layout_.Application(stored_.manifest.name));
  if (!base::LstatIfThere(version)) {
    base::PublishDirectory(path_, version);
  } else if (IsIntact(version, stored_.digest,
                      base::Exists(path_ + "/" + images::kProvenanceFile))) {
    TakeProvenanceTo(version, is_signed);
    Discard();
    return;
  } else {
    KeepRecordsOf(version);
    base::ReplaceDirectory(path_, version, gone_path_);
  }
  // With the lock in it: removed before, another transfer could make a new one and write into what
  // is being published.
  base::Unlink(version + kLockFile);
}

// By another name first: whoever waits for the lock finds the directory whole or not at all.
void Assembly::Discard() {
  image_.Reset();
  base::RemoveTree(gone_path_);
  const bool moved = base::TheSys().Rename(path_.c_str(), gone_path_.c_str()) == 0;
  base::RemoveTree(moved ? gone_path_ : path_);
}

}  // namespace activator

// The last look at an image that was assembled: its digest, its Merkle tree, and fs-verity.
#include <fcntl.h>

#include <algorithm>

#include "activator/os/fs_verity.h"
#include "activator/os/shared_blocks.h"
#include "activator/receive/assembly.h"
#include "base/error.h"
#include "base/file.h"

namespace activator {
namespace {

constexpr uint64_t kVerifiedAtOnceBytes = 8 << 20;
constexpr uint64_t kReadAtOnceBytes = 256 << 10;

}  // namespace

// Chunks are numbered by first appearance: before a chunk's first place there are only those of
// lower numbers.
void Assembly::VerifyAhead() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    while (leading_ < chunks_.size() && !missing_[leading_]) {
      ++leading_;
    }
  }
  const uint64_t begin = verified_bytes_;
  if (begin == 0) {
    BeginTree();
  }
  const uint64_t end = std::min(begin + kVerifiedAtOnceBytes,
                                leading_ < chunks_.size() ? chunks_[leading_].offsets.front()
                                                          : stored_.manifest.image.size_bytes);
  std::vector<uint8_t> part;
  while (verified_bytes_ < end) {
    part.resize(std::min(end - verified_bytes_, kReadAtOnceBytes));
    if (base::PReadInto(image_.get(), part, verified_bytes_, image_path_) < part.size()) {
      base::Fail(base::ExitCode::kFailed, "{} was cut short by somebody else", image_path_);
    }
    hasher_.Update(part);
    if (tree_) {
      tree_->Update(part);
    }
    verified_bytes_ += part.size();
  }
  if (begin < end) {  // begins it; what fails is found when it is synced
    ::sync_file_range(image_.get(), static_cast<off_t>(begin), static_cast<off_t>(end - begin),
                      SYNC_FILE_RANGE_WRITE);
  }
}

void Assembly::Verify() {
  const images::ImageFacts& image = stored_.manifest.image;
  const bool is_link = !image_.valid();  // it was read when it was made
  if (is_link && image.verity_root) {
    image_ = base::OpenForReading(image_path_);  // its tree depends on the manifest's root alone
  }
  while (image_.valid() && missing_count_ == 0 && verified_bytes_ < image.size_bytes) {
    VerifyAhead();
  }
  if (image_.valid()) {
    base::Fsync(image_.get(), image_path_);
    added_bytes_ = is_link ? 0 : UnsharedBytes(image_.get());
    base::Close(std::move(image_), image_path_);
    if (const base::Sha256 found = hasher_.Finish(); found != image.sha256) {
      Discard();
      base::Fail(base::ExitCode::kVerification,
                 "every chunk of {} {} is intact, but the image is not the one its "
                 "manifest names; build it again",
                 stored_.manifest.name, stored_.id.text());
    }
    FinishTree();
  }
  // Below dm-verity it would make a wrong block an unreadable one, which dm-verity does not count.
  // What is linked may be below one already.
  if (!image.verity_root && !is_link) {
    EnableFsVerity(image_path_);
  }
}

// In the folder that is published as a whole.
void Assembly::BeginTree() {
  if (!stored_.manifest.image.verity_root || tree_) {
    return;
  }
  const std::string path = path_ + "/" + images::kVerityFile;
  tree_file_ = base::OpenOwn(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
  tree_.emplace(stored_.manifest.image.size_bytes, [this, path](uint64_t at, base::Bytes block) {
    base::PWriteAll(tree_file_.get(), block, at, path);
  });
}

void Assembly::FinishTree() {
  if (!tree_) {
    return;
  }
  const images::ImageFacts& image = stored_.manifest.image;
  const base::Sha256 root = tree_->Finish(image.sha256);
  tree_.reset();
  base::Close(std::move(tree_file_), path_ + "/" + images::kVerityFile);
  if (root != *image.verity_root) {
    Discard();
    base::Fail(base::ExitCode::kVerification,
               "the verity root of {} {} is {}, its manifest says {}; build it again",
               stored_.manifest.name, stored_.id.text(), root.ToHex(), image.verity_root->ToHex());
  }
}

}  // namespace activator

// Assembles an image in incoming/ID, from chunks that the host has and chunks that are sent. Each
// is verified before it counts; verified chunks survive an interruption.
//
// Memory: one chunk at a time, never the image.
#ifndef SLIPWAY_ACTIVATOR_RECEIVE_ASSEMBLY_H_
#define SLIPWAY_ACTIVATOR_RECEIVE_ASSEMBLY_H_

#include <sys/stat.h>

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/unique_fd.h"
#include "images/version/host_layout.h"
#include "images/version/image_directory.h"
#include "images/version/verity_tree.h"
#include "pusher/protocol/chunk_list.h"

namespace activator {

class Assembly {
 public:
  // Takes incoming/ID with its lock: Error{kBusy} where another transfer has it for longer than
  // `lock_wait`; nullopt: nobody else can come here. `index` must be the one that the manifest
  // names.
  Assembly(const images::HostLayout& layout, images::StoredManifest manifest,
           const std::string& index, const std::string& by,
           std::optional<std::chrono::milliseconds> lock_wait = std::chrono::milliseconds(0));

  // Makes the texts durable there; empty: there is none of these.
  void WriteMetadata(const std::string& index, const std::string& provenance,
                     const std::string& release = "");

  const images::StoredManifest& stored() const { return stored_; }
  const std::string& image_path() const { return image_path_; }
  const pusher::ChunkList& chunks() const { return chunks_; }
  size_t missing_count() const { return missing_count_; }
  chunker::ChunkIndex ReadIndex() const;

  // Makes the image a hard link to `image_path`, a held image of the same digest, if it is really
  // that: it is read and verified. False: it is not, or has fs-verity, which an image with a verity
  // root has not.
  bool LinkTo(const std::string& image_path);
  // Makes the image file at its full size and takes in what an interrupted transfer left there.
  // Before anything else but LinkTo.
  void Open();
  // The image that stands there, which Verify() then reads. Throws Error{kVerification} where it
  // has another size.
  void TakeWhole();
  // Space for all that is missing; done once, at the latest before the first chunk is written.
  // Throws Error with ENOSPC and both figures where the disk lacks it.
  void Reserve();
  // Opens `image_path`, any image, and notes the missing chunks that it has by its index.
  void AddLocalSource(const std::string& image_path, const chunker::ChunkIndex& index);
  bool expects() const { return !expected_.empty(); }
  // Takes what is expected, as shared blocks where the file system can, otherwise copied; a chunk
  // whose content is not what the index says stays missing. Others may store chunks meanwhile.
  // `touch` is called with each.
  void FillExpected(const std::function<void()>& touch);
  // What is neither there nor expected.
  std::vector<bool> Needed() const;
  // False: `data` is not that chunk, and nothing has changed. Several threads may store chunks;
  // what is missing is for one of them to ask when the others are done.
  bool Store(size_t number, base::Bytes data);

  // Reads a few MiB more of the beginning of the image that is all there, for Verify(), and has
  // them written out: so that little is left to do when the last chunk has come.
  void VerifyAhead();
  // Once nothing is missing: makes the image durable, compares it with the manifest's digest and
  // turns on fs-verity, so that nothing can write it any more; where the manifest has a
  // verity root, makes the Merkle tree instead. Error{kVerification} then removes all of it, since
  // no further push would make it right.
  void Verify();
  // Once verified: what the image takes of the disk that no other file has.
  uint64_t added_bytes() const { return added_bytes_; }
  // Moves the whole to NAME/ID, in place of a damaged version that is there. The caller holds the
  // host's lock. `is_signed`: the push says whose it is, so that no other provenance may stay.
  void Publish(bool is_signed);
  // Removes what was received.
  void Discard();

 private:
  struct Expected {
    std::string image_path;
    base::UniqueFd image;                             // whatever becomes of the path
    std::vector<std::pair<size_t, uint64_t>> chunks;  // number and where it begins
  };

  void CopyFrom(int source, const std::string& path, uint64_t offset, size_t number);
  void Put(size_t number, base::Bytes data);
  void MarkPresent(size_t number);
  bool Share(int source, uint64_t offset, size_t number);
  bool Holds(int fd, const std::string& path, uint64_t offset, size_t number);
  bool TakeSealed();
  void TakeInWhatIsThere();
  void BeginTree();
  void FinishTree();
  void KeepRecordsOf(const std::string& version) const;
  void TakeProvenanceTo(const std::string& version, bool is_signed) const;

  const images::HostLayout layout_;
  const images::StoredManifest stored_;
  const std::string path_;
  const std::string image_path_;
  const std::string gone_path_;  // out of sight, while it is removed
  const pusher::ChunkList chunks_;
  std::mutex mutex_;  // for what is missing
  std::vector<bool> missing_;
  size_t missing_count_;
  std::vector<Expected> expected_;
  std::vector<uint8_t> buffer_;
  std::optional<base::FileLock> lock_;
  base::UniqueFd image_;
  size_t leading_ = 0;           // chunks [0, leading_) are there
  uint64_t verified_bytes_ = 0;  // of the image, from its beginning
  base::Sha256Hasher hasher_;    // of these
  base::UniqueFd tree_file_;
  std::optional<images::VerityTree> tree_;  // of these, where the manifest has a root
  bool reserved_ = false;
  bool can_share_ = true;  // until it is tried
  uint64_t added_bytes_ = 0;
};

// Removes what a push that ended was removing. The caller holds the host's lock.
void RemoveGone(const images::HostLayout& layout);
// Whether an assembly of the image may be a hard link to that file, which is read: it has the same
// content, and no fs-verity where the image has a verity root (assembly_verify.cc).
bool CanLink(const images::ImageFacts& image, const std::string& path);
// What its Merkle tree takes; 0: it has none.
uint64_t TreeBytes(const images::ImageFacts& image);
// What an image of that size takes beside what is allocated of it in `there`.
uint64_t BytesToReserve(uint64_t size_bytes, const struct stat& there);

// Throws Error{ENOSPC} where the root's file system has room for few more files.
void CheckInodes(const std::string& root);

// Throws Error{ENOSPC} that says both figures unless `needed_bytes` and what is left free beside
// fit into the root. `what`: "app and db".
void CheckFits(const images::HostLayout& layout, const std::string& what, uint64_t needed_bytes);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_RECEIVE_ASSEMBLY_H_

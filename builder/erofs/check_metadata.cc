#include "builder/erofs/check_metadata.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/error.h"
#include "builder/erofs/directory_blocks.h"
#include "builder/erofs/erofs_format.h"
#include "builder/erofs/extent_index.h"
#include "builder/erofs/stored_inode.h"
#include "builder/erofs/stored_xattrs.h"

namespace builder {
namespace {

using erofs::DataLayout;
using erofs::kBlockBytes;
using erofs::kNidBytes;
using erofs::RoundUp;

constexpr uint64_t kMaxExtentBlocks = 256;
constexpr uint64_t kMaxPathBytes = 4095;  // and of a link's target

bool IsZero(base::Bytes bytes) {
  return std::ranges::all_of(bytes, [](uint8_t byte) { return byte == 0; });
}

// 0: there is none.
uint8_t TypeOf(uint32_t mode) {
  constexpr std::array<std::pair<uint32_t, uint8_t>, 7> kTypes = {{{S_IFDIR, erofs::kDirectory},
                                                                   {S_IFLNK, erofs::kSymlink},
                                                                   {S_IFCHR, erofs::kCharDevice},
                                                                   {S_IFBLK, erofs::kBlockDevice},
                                                                   {S_IFIFO, erofs::kFifo},
                                                                   {S_IFSOCK, erofs::kSocket},
                                                                   {S_IFREG, erofs::kRegular}}};
  const auto* found =
      std::ranges::find(kTypes, mode & S_IFMT, &std::pair<uint32_t, uint8_t>::first);
  return found == kTypes.end() ? uint8_t{0} : found->second;
}

class MetadataCheck {
 public:
  MetadataCheck(base::Bytes metadata, const MetadataFacts& facts, const std::string& image_path,
                const std::function<void()>& next_step)
      : metadata_(metadata),
        facts_(facts),
        image_path_(image_path),
        next_step_(next_step),
        xattrs_(SharedXattrs()),
        names_(metadata.size() / kNidBytes),
        taken_(metadata.size() / kNidBytes) {}

  void Run() {
    if (facts_.xattr_block != 0) {
      const uint64_t begin = OffsetOf(facts_.xattr_block);
      Take(begin, begin + xattrs_.shared_bytes(), 0);
    }
    if (facts_.packed_nid != 0) {
      CheckPacked();
    }
    Name(facts_.root_nid, erofs::kDirectory, facts_.root_nid);
    waiting_.push_back({facts_.root_nid, facts_.root_nid, 0});
    while (!waiting_.empty()) {
      const Directory next = waiting_.back();
      waiting_.pop_back();
      CheckDirectory(next);
    }
    CheckLinks();
    CheckRest();
  }

 private:
  struct Directory {
    uint64_t nid;
    uint64_t parent;
    uint64_t path_bytes;
  };

  void Demand(bool holds, uint64_t nid, const char* what) const {
    if (!holds) {
      base::Fail(base::ExitCode::kVerification,
                 "{} is damaged, or no image of imgbuild: inode {}: {}; build or push it again",
                 image_path_, nid, what);
    }
  }

  uint64_t OffsetOf(uint64_t block) const { return (block - facts_.metadata_block) * kBlockBytes; }

  base::Bytes SharedXattrs() const {
    return facts_.xattr_block == 0 ? base::Bytes()
                                   : metadata_.subspan(OffsetOf(facts_.xattr_block));
  }

  // Nothing else may stand between these offsets, and zeros follow up to the next inode's place.
  void Take(uint64_t begin, uint64_t end, uint64_t nid) {
    Demand(begin <= end && end <= metadata_.size(), nid, "it ends behind the metadata");
    const uint64_t padded_end = RoundUp(end, kNidBytes);
    for (uint64_t slot = begin / kNidBytes; slot < padded_end / kNidBytes; ++slot) {
      Demand(!taken_[slot], nid, "it stands where another does");
      taken_[slot] = true;
    }
    Demand(IsZero(metadata_.subspan(end, padded_end - end)), nid, "bytes follow that are not zero");
  }

  StoredInode InodeAt(uint64_t nid) const {
    Demand(nid > 0 && nid < names_.size(), nid, "it is outside of the metadata");
    const std::optional<StoredInode> out = ReadInode(metadata_.subspan(nid * kNidBytes));
    Demand(out.has_value(), nid, "fields have values that none of ours has");
    return *out;
  }

  // One more name of an inode that a directory says is a `type`.
  void Name(uint64_t nid, uint8_t type, uint64_t in_directory) {
    const StoredInode inode = InodeAt(nid);
    Demand(TypeOf(inode.mode) == type, in_directory, "an entry has another type than its inode");
    Demand(nid != facts_.packed_nid, in_directory, "an entry names the packed inode");
    if (++names_[nid] == 1) {
      ++found_inodes_;
      CheckInode(nid, inode);
    }
    Demand(type != erofs::kDirectory || names_[nid] == 1, nid, "a directory has two names");
  }

  void CheckInode(uint64_t nid, const StoredInode& inode) {
    next_step_();
    const uint64_t number = inode.inode_number;
    Demand(number > 0 && number <= facts_.inodes + 1, nid, "its number is wrong");
    const uint64_t begin = nid * kNidBytes;
    const uint64_t head_end = begin + inode.head_bytes();
    Demand(head_end <= metadata_.size(), nid, "it ends behind the metadata");
    Demand(inode.xattr_bytes == 0 ||
               xattrs_.AreValid(metadata_.subspan(begin + inode.own_bytes, inode.xattr_bytes)),
           nid, "its extended attributes are damaged");
    if (S_ISREG(inode.mode) && inode.is_compressed()) {
      Take(begin, CheckIndex(nid, inode), nid);
      return;
    }
    Demand(!inode.is_compressed(), nid, "its content cannot be compressed");
    const bool may_have_content = S_ISREG(inode.mode) || S_ISDIR(inode.mode) || S_ISLNK(inode.mode);
    const bool must_have_content = S_ISDIR(inode.mode) || S_ISLNK(inode.mode);
    Demand(inode.size_bytes == 0 ? !must_have_content : may_have_content, nid, "its size is wrong");
    Demand(!S_ISLNK(inode.mode) || inode.size_bytes <= kMaxPathBytes, nid, "its size is wrong");
    TakePlain(nid, inode);
  }

  // An inode whose content, if it has any, is not compressed.
  void TakePlain(uint64_t nid, const StoredInode& inode) {
    const uint64_t begin = nid * kNidBytes;
    const uint64_t head_end = begin + inode.head_bytes();
    if (inode.size_bytes == 0) {
      const bool is_device = S_ISCHR(inode.mode) || S_ISBLK(inode.mode);
      Demand(inode.layout == DataLayout::kFlat && (is_device || inode.data == 0), nid,
             "its place of content is wrong");
      Take(begin, head_end, nid);
      return;
    }
    Demand(inode.size_bytes <= metadata_.size(), nid, "its size is wrong");
    if (inode.layout == DataLayout::kFlatInline) {
      const uint64_t end = head_end + inode.size_bytes;
      Demand(inode.data == 0 && begin / kBlockBytes == (end - 1) / kBlockBytes, nid,
             "its content crosses a block");
      Take(begin, end, nid);
      return;
    }
    Take(begin, head_end, nid);
    Demand(inode.data >= facts_.metadata_block, nid, "its place of content is wrong");
    Take(OffsetOf(inode.data), OffsetOf(inode.data) + inode.size_bytes, nid);
  }

  // Returns where it ends.
  uint64_t CheckIndex(uint64_t nid, const StoredInode& inode) const {
    const uint64_t head_end = nid * kNidBytes + inode.head_bytes();
    const uint64_t at = RoundUp(head_end, erofs::kIndexAlignment);
    Demand(at + sizeof(erofs::MapHeader) <= metadata_.size() &&
               IsZero(metadata_.subspan(head_end, at - head_end)),
           nid, "its index is damaged");
    const uint64_t whole = erofs::Get<erofs::Le64>(&metadata_[at]).value();
    if ((whole & erofs::kWholeFileInPackedInode) != 0) {
      Demand(inode.layout == DataLayout::kCompressedFull && inode.data == 0 &&
                 IsPacked(whole ^ erofs::kWholeFileInPackedInode, inode.size_bytes),
             nid, "its place in the packed inode is wrong");
      return at + sizeof whole;
    }
    const bool is_compact = inode.layout == DataLayout::kCompressedCompact;
    const std::optional<IndexedFile> file =
        ReadIndex(metadata_.subspan(at), inode.size_bytes, is_compact, at);
    Demand(file && file->algorithm == facts_.algorithm, nid, "its index is damaged");
    CheckExtents(nid, inode, *file);
    return at + IndexBytes(*file, is_compact, at);
  }

  void CheckExtents(uint64_t nid, const StoredInode& inode, const IndexedFile& file) const {
    uint64_t blocks = 0;
    for (const Extent& extent : file.extents) {
      const bool is_tail = file.fragment_offset && &extent == &file.extents.back();
      const uint64_t end = uint64_t{extent.block} + extent.blocks;
      const uint64_t most_bytes = uint64_t{extent.blocks} * kBlockBytes;
      Demand(is_tail || (extent.block > 0 && extent.blocks > 0 &&
                         extent.blocks <= kMaxExtentBlocks && end <= facts_.metadata_block &&
                         (!extent.raw || extent.content_bytes <= most_bytes)),
             nid, "its blocks are not in the image's data");
      blocks += extent.blocks;
    }
    Demand(blocks == inode.data, nid, "its number of blocks is wrong");
    Demand(
        !file.fragment_offset || IsPacked(*file.fragment_offset, file.extents.back().content_bytes),
        nid, "its place in the packed inode is wrong");
  }

  bool IsPacked(uint64_t offset, uint64_t size_bytes) const {
    return size_bytes > 0 && size_bytes <= packed_bytes_ && offset <= packed_bytes_ - size_bytes;
  }

  // Nothing of it is in a packed inode: it has no bytes yet.
  void CheckPacked() {
    const uint64_t nid = facts_.packed_nid;
    const StoredInode inode = InodeAt(nid);
    Demand(S_ISREG(inode.mode) && inode.is_compressed(), nid, "it cannot be the packed inode");
    CheckInode(nid, inode);
    packed_bytes_ = inode.size_bytes;
  }

  base::Bytes ContentOf(uint64_t nid, const StoredInode& inode) const {
    const uint64_t at = inode.layout == DataLayout::kFlatInline
                            ? nid * kNidBytes + inode.head_bytes()
                            : OffsetOf(inode.data);
    return metadata_.subspan(at, inode.size_bytes);
  }

  // Its inode was checked when its name was met.
  void CheckDirectory(const Directory& directory) {
    next_step_();
    const uint64_t nid = directory.nid;
    const StoredInode inode = InodeAt(nid);
    const auto items = ReadDirectory(ContentOf(nid, inode));
    Demand(items.has_value(), nid, "the directory is damaged");
    uint64_t links = 0;
    uint64_t dots = 0;
    for (const DirectoryItem& item : *items) {
      links += item.type == erofs::kDirectory ? 1U : 0U;
      if (item.name == "." || item.name == "..") {
        const uint64_t expected = item.name == "." ? nid : directory.parent;
        Demand(item.nid == expected && item.type == erofs::kDirectory, nid,
               "the directory has another '.' or '..'");
        ++dots;
        continue;
      }
      const uint64_t path_bytes = directory.path_bytes + 1 + item.name.size();
      Demand(!item.name.empty() &&
                 item.name.find_first_of(std::string_view("/\0", 2)) == std::string_view::npos,
             nid, "the directory has a wrong name");
      Demand(item.name.size() <= 255 && path_bytes <= kMaxPathBytes, nid, "a path is too long");
      Name(item.nid, item.type, nid);
      if (item.type == erofs::kDirectory) {
        waiting_.push_back({item.nid, nid, path_bytes});
      }
    }
    Demand(dots == 2 && links == inode.links, nid, "its number of links is wrong");
  }

  void CheckLinks() const {
    for (uint64_t nid = 0; nid < names_.size(); ++nid) {
      if (names_[nid] > 0) {
        const StoredInode inode = InodeAt(nid);
        Demand(S_ISDIR(inode.mode) || inode.links == names_[nid], nid,
               "its number of links is wrong");
      }
    }
    Demand(found_inodes_ == facts_.inodes, facts_.root_nid, "the number of inodes is wrong");
  }

  void CheckRest() const {
    for (uint64_t slot = 0; slot < taken_.size(); ++slot) {
      Demand(taken_[slot] || IsZero(metadata_.subspan(slot * kNidBytes, kNidBytes)), slot,
             "bytes stand in the metadata that belong to nothing");
    }
  }

  const base::Bytes metadata_;
  const MetadataFacts& facts_;
  const std::string& image_path_;
  const std::function<void()>& next_step_;
  const StoredXattrs xattrs_;
  std::vector<uint32_t> names_;  // of the inode with this number
  std::vector<bool> taken_;      // in steps of kNidBytes
  std::vector<Directory> waiting_;
  uint64_t packed_bytes_ = 0;
  uint64_t found_inodes_ = 0;
};

}  // namespace

void CheckMetadata(base::Bytes metadata, const MetadataFacts& facts, const std::string& image_path,
                   const std::function<void()>& next_step) {
  MetadataCheck(metadata, facts, image_path, next_step).Run();
}

}  // namespace builder

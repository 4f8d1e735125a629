// Reads a tar archive, plain or compressed, from start to end with libarchive.
#ifndef SLIPWAY_BUILDER_TREE_ARCHIVE_READER_H_
#define SLIPWAY_BUILDER_TREE_ARCHIVE_READER_H_

#include <archive.h>
#include <archive_entry.h>

#include <memory>
#include <string>

namespace builder {

class ArchiveReader {
 public:
  // `name` is what errors call it. Throws Error{kFailed} where it is no archive.
  ArchiveReader(const std::string& path, std::string name);

  // The next entry, which stays valid until the next call; null at the end. Throws where the
  // archive is damaged or ends early, and when we are interrupted.
  archive_entry* Next();
  // The entry's content, into a new file.
  void ContentTo(const std::string& path);

 private:
  struct Free {
    void operator()(archive* reader) const { archive_read_free(reader); }
  };
  [[noreturn]] void Damaged() const;

  std::string name_;
  std::unique_ptr<archive, Free> archive_;
};

// An entry's name as "/a/b", without "." components; "/" for the root. Throws Error{kFailed} that
// names the entry where it is absolute or has "..".
std::string CheckedEntryPath(const std::string& entry, const std::string& archive);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_TREE_ARCHIVE_READER_H_

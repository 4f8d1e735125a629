// Collects the files of a root directory that programs need, each with the links that lead to it,
// for an ELF source.
#ifndef SLIPWAY_BUILDER_SOURCE_FILE_CLOSURE_H_
#define SLIPWAY_BUILDER_SOURCE_FILE_CLOSURE_H_

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "builder/source/elf_file.h"
#include "builder/source/exclusions.h"
#include "builder/source/library_search.h"
#include "builder/tree/sysroot.h"

namespace builder {

// A library that a file says it opens at run time (dlopen_note.h).
struct SaidDlopen {
  std::string by;      // the file
  std::string soname;  // the one that was found, otherwise the one that is preferred
  std::string file;    // it leads to; empty: there is none
  DlopenRequest::Priority priority;
  std::string feature;
};

// Paths are those in the root, without links.
class FileClosure {
 public:
  // What is excluded is neither taken nor asked what it loads.
  explicit FileClosure(Sysroot root, Exclusions exclusions = Exclusions({}))
      : root_(std::move(root)), exclusions_(std::move(exclusions)) {}

  // A program with its interpreter and all libraries. Throws Error{kFailed}: missing, no ELF
  // program, of another machine than the one before, or a library is nowhere.
  ElfFile AddProgram(const std::string& path);
  // A file, or a directory with all below, with what the ELF files in it load. False: nothing is
  // there.
  bool Add(const std::string& path);
  // The same for what we know to be opened at run time, without names that `is_left_out` says. What
  // its ELF files miss is missing on this machine, too.
  bool AddKnown(const std::string& path, bool (*is_left_out)(const std::string& name) = nullptr);
  // Of how many paths AddKnown took something: not those that are all excluded.
  size_t known_taken() const { return known_taken_; }
  const Sysroot& root() const { return root_; }
  const std::map<std::string, std::set<std::string>>& files() const { return files_; }
  const std::set<std::string>& directories() const { return directories_; }
  const Links& links() const { return links_; }
  const ElfFile& like() const { return *first_; }
  // Programs, and libraries that they name, that call dlopen() and do not say what for.
  const std::set<std::string>& opens_more() const { return opens_more_; }
  // What others say. All but what is only suggested is among the files, where it was found.
  const std::vector<SaidDlopen>& said_to_open() const { return said_to_open_; }
  bool added_elf() const { return added_elf_; }  // by Add()
  // For a tree with these files and perhaps more: what glibc's loader finds libraries by.
  void AddLoaderCache(Tree& tree) const;

 private:
  enum class Asker { kProgram, kAdd, kKnown, kSaid };
  using NameFilter = bool (*)(const std::string& name);

  struct Process {
    std::deque<LoadedElf> loaded;              // a deque: references stay valid
    std::map<std::string, std::string> known;  // name -> file
    Asker by;
  };

  void AddLoaded(const std::string& path, const ElfFile& elf, Asker asker);
  void AddSaid(const LoadedElf& by, const std::string& file);
  std::string AddInterpreter(const std::string& program, const std::string& interpreter);
  // The file that `name` stands for; empty: there is none, and need not be.
  std::string FileFor(const std::string& name, const LoadedElf& from, Process& process);
  // Whether something at `path` or below it was taken.
  bool HasBelow(const std::string& path) const;
  void AddBelow(const std::string& path, Asker asker, NameFilter is_left_out);
  std::optional<LoadedElf> Load(const std::string& name, const LoadedElf& from, Asker asker) const;

  Sysroot root_;
  Exclusions exclusions_;
  std::optional<ElfFile> first_;
  std::optional<LibrarySearch> search_;
  std::map<std::string, std::set<std::string>> files_;  // file -> those that it names
  std::set<std::string> directories_;
  Links links_;
  std::set<std::string> opens_more_;
  std::set<std::string> heard_;  // whose notes were read
  std::vector<SaidDlopen> said_to_open_;
  bool added_elf_ = false;
  size_t known_taken_ = 0;
};

}  // namespace builder

#endif  // SLIPWAY_BUILDER_SOURCE_FILE_CLOSURE_H_

// Where a dynamic loader finds a library, without LD_LIBRARY_PATH: glibc's (ld.so(8), glibc's
// elf/dl-load.c), without the directories of glibc-hwcaps, whose libraries are only faster; and
// musl's (ldso/dynlink.c).
#ifndef SLIPWAY_BUILDER_SOURCE_LIBRARY_SEARCH_H_
#define SLIPWAY_BUILDER_SOURCE_LIBRARY_SEARCH_H_

#include <optional>
#include <string>
#include <vector>

#include "builder/source/elf_file.h"
#include "builder/tree/sysroot.h"

namespace builder {

// A program or library as it was loaded. `loader`, which must outlive it, asked for it; null for
// the program.
struct LoadedElf {
  std::string path;  // in the root as it was found: $ORIGIN is its folder
  ElfFile elf;
  const LoadedElf* loader = nullptr;
};

class LibrarySearch {
 public:
  // Reads /etc/ld.so.conf of `root`, which must outlive it. `like` says class and machine: what is
  // of another one is passed over.
  LibrarySearch(const Sysroot& root, const ElfFile& like);

  struct Found {
    std::string path;
    ElfFile elf;
  };
  // The library that `from` asks for as `name`.
  std::optional<Found> Find(const std::string& name, const LoadedElf& from) const;

  // Whether `name` is musl's loader itself, which is its libc, too.
  bool IsLoader(const std::string& name) const;
  bool is_musl() const { return is_musl_; }
  // Those that are searched for every program, in order.
  const std::vector<std::string>& folders() const { return folders_; }

 private:
  std::optional<Found> At(const std::string& path) const;
  std::optional<Found> In(const std::vector<std::string>& folders, const std::string& name) const;
  std::string Replaced(const std::string& text, const std::string& origin) const;
  std::vector<std::string> Replaced(const std::vector<std::string>& folders,
                                    const LoadedElf& of) const;
  void ReadConfiguration(const std::string& path, int depth);
  void ReadMuslPath();
  std::optional<Found> FindAsMusl(const std::string& name, const LoadedElf& from) const;

  const Sysroot& root_;
  const ElfFile like_;
  const bool is_musl_;
  std::string lib_;                    // $LIB
  std::string platform_;               // $PLATFORM
  std::vector<std::string> folders_;   // of /etc/ld.so.conf, then the loader's own
  std::vector<std::string> defaults_;  // the loader's own
};

// "x86_64", as uname -m gives it; "" for a machine that we do not know.
std::string ArchitectureOf(const ElfFile& elf);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_SOURCE_LIBRARY_SEARCH_H_

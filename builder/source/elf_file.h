// Reads, with libelf, what an ELF file tells the dynamic loader.
#ifndef SLIPWAY_BUILDER_SOURCE_ELF_FILE_H_
#define SLIPWAY_BUILDER_SOURCE_ELF_FILE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "builder/source/dlopen_note.h"

namespace builder {

struct ElfFile {
  uint8_t elf_class = 0;   // ELFCLASS32 or ELFCLASS64
  uint8_t byte_order = 0;  // ELFDATA2LSB or ELFDATA2MSB
  uint16_t machine = 0;    // EM_X86_64 and the like
  std::string interpreter;
  std::string soname;
  std::vector<std::string> needed;
  std::vector<std::string> rpath;    // empty where there is a runpath: the loader ignores it then
  std::vector<std::string> runpath;  // both as written: $ORIGIN and the like not replaced
  bool no_default_paths = false;     // DF_1_NODEFLIB
  bool uses_dlopen = false;
  std::vector<DlopenRequest> dlopens;  // what it says of that

  bool RunsTogetherWith(const ElfFile& other) const {
    return elf_class == other.elf_class && byte_order == other.byte_order &&
           machine == other.machine;
  }
};

// nullopt where `path` is no ELF program or library. Throws Error{kFailed} where it is a damaged
// one.
std::optional<ElfFile> ReadElf(const std::string& path);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_SOURCE_ELF_FILE_H_

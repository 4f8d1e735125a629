// Any file is an ELF file, none, or an Error.
#include "base/error.h"
#include "builder/source/elf_file.h"
#include "tests/fuzz/memory_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const fuzz::MemoryFile file(data, size);
  try {
    builder::ReadElf(file.path());
  } catch (const base::Error&) {
  }
  return 0;
}

// What a kind of machine is called, in each place that has a name of its own for it.
#ifndef SLIPWAY_BASE_MACHINE_H_
#define SLIPWAY_BASE_MACHINE_H_

#include <cstddef>
#include <cstdint>
#include <span>

namespace base {

struct Machine {
  uint16_t elf_machine;  // e_machine of its programs
  uint8_t elf_class;     // EI_CLASS
  const char* name;      // uname -m; also the dynamic linker's $PLATFORM
  const char* triplet;   // Debian's multiarch folder
  const char* go_name;   // GOARCH, in OCI images
};

// All that we know.
std::span<const Machine> Machines();
// Of a program's ELF header; null for a machine that we do not know.
const Machine* MachineOfElf(uint16_t elf_machine, uint8_t elf_class);
// The same of a file's first kElfHeadBytes; null also where they are not those of an ELF file.
inline constexpr size_t kElfHeadBytes = 20;
const Machine* MachineOfProgram(std::span<const uint8_t> head);

}  // namespace base

#endif  // SLIPWAY_BASE_MACHINE_H_

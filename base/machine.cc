#include "base/machine.h"

#include <elf.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace base {
namespace {

constexpr std::array<Machine, 7> kMachines = {{
    {EM_X86_64, ELFCLASS64, "x86_64", "x86_64-linux-gnu", "amd64"},
    {EM_AARCH64, ELFCLASS64, "aarch64", "aarch64-linux-gnu", "arm64"},
    {EM_386, ELFCLASS32, "i686", "i386-linux-gnu", "386"},
    {EM_ARM, ELFCLASS32, "armv7l", "arm-linux-gnueabihf", "arm"},
    {EM_RISCV, ELFCLASS64, "riscv64", "riscv64-linux-gnu", "riscv64"},
    {EM_PPC64, ELFCLASS64, "ppc64le", "powerpc64le-linux-gnu", "ppc64le"},
    {EM_S390, ELFCLASS64, "s390x", "s390x-linux-gnu", "s390x"},
}};

}  // namespace

std::span<const Machine> Machines() { return kMachines; }

const Machine* MachineOfElf(uint16_t elf_machine, uint8_t elf_class) {
  const auto* found = std::ranges::find_if(kMachines, [&](const Machine& machine) {
    return machine.elf_machine == elf_machine && machine.elf_class == elf_class;
  });
  return found == kMachines.end() ? nullptr : found;
}

// System V ABI: e_ident with the magic, the class and the byte order, then e_type, e_machine.
const Machine* MachineOfProgram(std::span<const uint8_t> head) {
  if (head.size() < kElfHeadBytes || std::memcmp(head.data(), ELFMAG, SELFMAG) != 0) {
    return nullptr;
  }
  const bool is_big_endian = head[EI_DATA] == ELFDATA2MSB;
  const uint8_t low = head[kElfHeadBytes - (is_big_endian ? 1 : 2)];
  const uint8_t high = head[kElfHeadBytes - (is_big_endian ? 2 : 1)];
  return MachineOfElf(static_cast<uint16_t>(low | high << 8U), head[EI_CLASS]);
}

}  // namespace base

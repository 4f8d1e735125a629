#include "base/machine.h"

#include <elf.h>
#include <gtest/gtest.h>

#include <string>

namespace base {
namespace {

TEST(MachineTest, IsFoundByTheHeaderOfItsPrograms) {
  const Machine* machine = MachineOfElf(EM_AARCH64, ELFCLASS64);
  ASSERT_NE(machine, nullptr);
  EXPECT_EQ(std::string(machine->name), "aarch64");
  EXPECT_EQ(std::string(machine->triplet), "aarch64-linux-gnu");
  EXPECT_EQ(std::string(machine->go_name), "arm64");
  EXPECT_EQ(MachineOfElf(EM_X86_64, ELFCLASS32), nullptr);  // x32
  EXPECT_EQ(MachineOfElf(EM_68K, ELFCLASS32), nullptr);
}

TEST(MachineTest, AFileTellsItsMachineInItsByteOrder) {
  std::vector<uint8_t> head(kElfHeadBytes);
  const std::string ident = std::string("\x7f") + "ELF\x02\x01";
  std::copy(ident.begin(), ident.end(), head.begin());
  head[18] = EM_AARCH64;
  ASSERT_NE(MachineOfProgram(head), nullptr);
  EXPECT_EQ(std::string(MachineOfProgram(head)->name), "aarch64");
  head[EI_DATA] = ELFDATA2MSB;
  EXPECT_EQ(MachineOfProgram(head), nullptr);
  std::swap(head[18], head[19]);
  head[19] = EM_S390;
  EXPECT_EQ(std::string(MachineOfProgram(head)->name), "s390x");
  EXPECT_EQ(MachineOfProgram({head.data(), kElfHeadBytes - 1}), nullptr);
  head[0] = '#';
  EXPECT_EQ(MachineOfProgram(head), nullptr);
}

}  // namespace
}  // namespace base

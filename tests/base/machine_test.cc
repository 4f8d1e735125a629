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

}  // namespace
}  // namespace base

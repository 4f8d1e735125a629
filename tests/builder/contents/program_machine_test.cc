// Which machine an image is for, where its source does not say.
#include "builder/contents/program_machine.h"

#include <elf.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "builder/contents/closure_tree.h"
#include "images/version/manifest.h"

namespace builder {
namespace {

class ProgramMachineTest : public testing::Test {
 protected:
  void Program(const std::string& path, char machine, char elf_class = ELFCLASS64) {
    std::string head = std::string("\x7f") + "ELF" + elf_class + static_cast<char>(ELFDATA2LSB);
    head.resize(18, '\0');
    tree_.AddLiteral(path, head + machine + '\0', 0755);
  }
  void Script(const std::string& path, const std::string& text) {
    tree_.AddLiteral(path, text, 0755);
  }
  std::string Of(const std::vector<std::string>& programs) const {
    images::Services services;
    for (const std::string& program : programs) {
      services["s" + std::to_string(services.size())].exec = {program};
    }
    try {
      return MachineOfServices(services, tree_);
    } catch (const base::Error& error) {
      EXPECT_EQ(error.code(), base::ExitCode::kUsage);
      return error.what();
    }
  }
  Tree tree_;
};

constexpr char kArm64 = static_cast<char>(EM_AARCH64);

TEST_F(ProgramMachineTest, IsThatOfTheProgramOrOfAScriptsInterpreter) {
  Program("/usr/bin/app", kArm64);
  tree_.AddSymlink("/bin", "usr/bin");
  Script("/run", "#! /bin/app -e\necho\n");
  Script("/run-twice", "#!/run\n");
  Script("/round", "#!/round");
  Script("/nowhere", "#!/bin/none\n");
  Script("/text", "echo hello\n");
  EXPECT_EQ(Of({"/bin/app"}), "aarch64");
  EXPECT_EQ(Of({"/run"}), "aarch64");
  EXPECT_EQ(Of({"/run-twice"}), "aarch64");
  for (const char* tells_nothing : {"/round", "/nowhere", "/text", "/none", "relative"}) {
    EXPECT_EQ(Of({tells_nothing}), "") << tells_nothing;
    EXPECT_EQ(Of({tells_nothing, "/run"}), "aarch64") << tells_nothing;
  }
}

TEST_F(ProgramMachineTest, AllProgramsMustRunOnOneMachine) {
  Program("/arm", kArm64);
  Program("/wide", EM_X86_64);
  Program("/narrow", EM_386, ELFCLASS32);
  EXPECT_EQ(Of({"/narrow", "/wide"}), "x86_64");
  EXPECT_EQ(Of({"/wide", "/narrow"}), "x86_64");
  EXPECT_EQ(Of({"/wide", "/arm"}),
            "services.s1.exec: /arm is built for aarch64, that of services.s0 for x86_64: an image "
            "is for one kind of machine");
}

TEST_F(ProgramMachineTest, ASourceThatSaysItIsBelieved) {
  const auto made = [&](const std::string& said, char machine) {
    Closure closure;
    closure.architecture = said;
    closure.fill = [&](Tree& tree) {
      tree_ = Tree();
      Program("/app", machine);
      tree = std::move(tree_);
    };
    images::Definition definition;
    definition.name = "app";
    definition.services["app"].exec = {"/app"};
    MakeTree(definition, closure);
    return closure.architecture;
  };
  EXPECT_EQ(made("", kArm64), "aarch64");
  EXPECT_EQ(made("armv6l", kArm64), "armv6l");
  EXPECT_EQ(made("", 0), images::MachineArchitecture());
}

}  // namespace
}  // namespace builder

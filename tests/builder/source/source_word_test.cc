#include "builder/source/source_word.h"

#include "tests/support/scratch.h"

namespace builder {
namespace {

class SourceWordTest : public tests::ScratchTest {
 protected:
  template <typename Kind>
  static bool Is(const std::string& word) {
    return std::holds_alternative<Kind>(ParseSource(word));
  }
};

TEST_F(SourceWordTest, WhatLiesThereSaysWhichKindItIs) {
  EXPECT_TRUE(Is<images::NixSource>("nixpkgs#hello"));
  EXPECT_TRUE(Is<images::NixSource>("/nix/store/x.drv^out"));
  EXPECT_TRUE(Is<images::NixSource>(At("result")));
  Put("root/bin/app", "program");
  EXPECT_EQ(std::get<images::RootSource>(ParseSource(At("root"))).directory, At("root"));
  Put("layout/index.json", "{}");
  EXPECT_EQ(std::get<images::OciSource>(ParseSource(At("layout"))).path, At("layout"));
  Put("saved/manifest.json", "[]");
  EXPECT_TRUE(Is<images::OciSource>(At("saved")));
  EXPECT_TRUE(Is<images::OciSource>(Put("a.tar", "archive")));
  EXPECT_TRUE(Is<images::OciSource>(Put("empty", "")));
  const auto elf = std::get<images::ElfSource>(ParseSource("/proc/self/exe"));
  EXPECT_EQ(elf.programs, std::vector<std::string>{"/proc/self/exe"});
}

}  // namespace
}  // namespace builder

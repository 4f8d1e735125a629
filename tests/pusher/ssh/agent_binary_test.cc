// Which agents imgpush finds beside itself.
#include "pusher/ssh/agent_binary.h"

#include <elf.h>
#include <gmock/gmock.h>

#include "tests/support/run.h"
#include "tests/support/scratch.h"

namespace pusher {
namespace {

using testing::HasSubstr;

// As much of an ELF file as tells its machine.
std::string ProgramFor(char machine, const std::string& rest) {
  std::string out = std::string("\x7f") + "ELF\x02\x01";
  out.resize(18, '\0');
  return out + machine + '\0' + rest;
}

class AgentBinaryTest : public tests::ScratchTest {
 protected:
  AgentBinaryTest() {
    std::filesystem::create_directories(At("bin"));
    std::filesystem::copy_file(TEST_IMGPUSH, At("bin/imgpush"));
    // ssh that tells the command, in which the agents stand.
    Put("ssh", "#!/bin/sh\nfor command; do :; done\necho \"$command\" >" + At("command") + "\n");
    std::filesystem::permissions(At("ssh"), std::filesystem::perms::owner_all);
  }
  std::string ErrorOf(const std::string& agent = "") const {
    return tests::RunCommand({At("bin/imgpush"), "doctor", "--retries", "0", "web1"},
                             {.env = {"SLIPWAY_SSH=" + At("ssh"), "SLIPWAY_AGENT=" + agent}})
        .err;
  }
  static std::string WordOf(const std::string& machine, const std::string& content) {
    return machine + " " + base::Sha256Of(content).ToHex() + " " + std::to_string(content.size());
  }
};

TEST_F(AgentBinaryTest, OneForEachMachineIsOffered) {
  const std::string own = ProgramFor(EM_X86_64, "own");
  const std::string arm = ProgramFor(static_cast<char>(EM_AARCH64), "arm");
  EXPECT_THAT(ErrorOf(), HasSubstr("the agent for hosts, activate, is in neither " + At("bin") +
                                   " nor " + At("libexec/slipway") + "; set SLIPWAY_AGENT"));
  Put("bin/activate", own);
  ErrorOf();
  EXPECT_THAT(Get("command"), HasSubstr("'" + WordOf("x86_64", own) + "'"));
  Put("libexec/slipway/activate-aarch64", arm);
  ErrorOf();
  EXPECT_THAT(Get("command"),
              HasSubstr("'" + WordOf("x86_64", own) + " " + WordOf("aarch64", arm) + "'"));
  ErrorOf(Put("script", "#!/bin/sh"));
  EXPECT_THAT(Get("command"), HasSubstr("'" + WordOf("any", "#!/bin/sh") + "'"));
}

TEST_F(AgentBinaryTest, FetchersAreFoundByTheirMachine) {
  const auto error = [&] {
    return tests::RunCommand({At("bin/imgpush"), "channel", "enroll", "--retries", "0",
                              "https://apps.example.org", "web", "web1"},
                             {.env = {"SLIPWAY_SSH=" + At("ssh"), "SLIPWAY_FETCH="}})
        .err;
  };
  Put("bin/activate", ProgramFor(EM_X86_64, "own"));
  EXPECT_THAT(error(), HasSubstr("the program that hosts pull with, fetch-MACHINE, is in neither"));
  const std::string own = ProgramFor(EM_X86_64, "own fetch");
  const std::string arm = ProgramFor(static_cast<char>(EM_AARCH64), "its fetch");
  Put("libexec/slipway/fetch-x86_64", own);
  Put("libexec/slipway/fetch-aarch64", arm);
  error();
  EXPECT_THAT(Get("command"), HasSubstr(WordOf("x86_64", own)));
  EXPECT_THAT(Get("command"), HasSubstr(WordOf("aarch64", arm)));
}

TEST_F(AgentBinaryTest, IsFoundByTheNameThatAHostSays) {
  const Agents agents = {{"/a", 1, {}, "x86_64"}, {"/b", 2, {}, ""}};
  EXPECT_EQ(AgentNamed(agents, ""), &agents[0]);
  EXPECT_EQ(AgentNamed(agents, "x86_64"), &agents[0]);
  EXPECT_EQ(AgentNamed(agents, "any"), &agents[1]);
  EXPECT_EQ(AgentNamed(agents, "vax"), nullptr);
}

}  // namespace
}  // namespace pusher

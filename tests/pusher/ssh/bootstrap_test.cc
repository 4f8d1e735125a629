// The sh program that runs on hosts.
#include "pusher/ssh/bootstrap.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>

#include "base/log.h"
#include "images/version/manifest.h"
#include "tests/pusher/ssh/bootstrap_scene.h"
#include "tests/support/synthetic_image.h"

namespace pusher {
namespace {

using testing::HasSubstr;

// csh ends a line between quotes at its end, and looks for "!" in them.
TEST(BootstrapScriptTest, IsOneLineThatAnyShellPassesOn) {
  AgentBinary agent;
  const std::string command = BootstrapCommand({agent}, {"/srv", "me!", "", {}, true});
  EXPECT_EQ(command.find('\n'), std::string::npos);
  for (size_t at = command.find('!'); at != std::string::npos; at = command.find('!', at + 1)) {
    EXPECT_EQ(command.substr(at - 2, 4), "'\\!'");
  }
}

TEST(BootstrapScriptTest, RootsThatAreNoPlainPathAreRefused) {
  for (const char* root : {"", "/", "srv", "/srv/", "/a//b", "/a/../b", "/a/.", "/a'b", "/a\nb"}) {
    EXPECT_THROW(CheckHostPath(root, "--root"), base::Error) << root;
  }
  EXPECT_NO_THROW(CheckHostPath("/var/lib/my images", "--root"));
}

TEST_F(BootstrapTest, StoresTheAgentOnceAndStartsIt) {
  const Result first = Start();
  EXPECT_EQ(first.error, "");
  EXPECT_EQ(first.sent, agent_.size_bytes);
  EXPECT_EQ(first.then, "started receive --root /srv/images --by anna@laptop");
  const std::vector<std::string> names = base::ListDirectory(Bin());  // and no link to it
  ASSERT_EQ(names, std::vector<std::string>{"activate-" + agent_.sha256.ToHex()});
  EXPECT_EQ(base::StatIfThere(Bin() + "/" + names[0])->st_mode & 07777U, 0755U);

  const Result second = Start();
  EXPECT_EQ(second.error, "");
  EXPECT_EQ(second.sent, 0U);
  EXPECT_THAT(second.then, HasSubstr("started"));
}

TEST_F(BootstrapTest, TheAgentLogsAsMuchAsWeDo) {
  MakeAgent("echo \"level ${SLIPWAY_LOG:-none}\"");
  EXPECT_EQ(Start().then, "level none");
  const base::LogOutput output([](const std::string& /*line*/) {});
  base::SetLogLevel(base::LogLevel::kDebug);
  EXPECT_EQ(Start().then, "level debug");
}

TEST_F(BootstrapTest, WhatAnInterruptedPushLeftGoesAndThatOfAnotherPushStays) {
  base::MakeDirectories(Bin());
  const std::string left = Bin() + "/.slipway-tmp-agent-1";
  const std::string in_flight = Bin() + "/.slipway-tmp-agent-2";
  base::WriteFileAtomically(left, "left");
  base::WriteFileAtomically(in_flight, "in flight");
  const std::array<timespec, 2> long_ago{};
  ASSERT_EQ(::utimensat(AT_FDCWD, left.c_str(), long_ago.data(), 0), 0);
  EXPECT_EQ(Start().error, "");
  EXPECT_FALSE(base::Exists(left));
  EXPECT_TRUE(base::Exists(in_flight));

  // The other push takes its file to its place just when this one looks at it.
  MakeAgent("echo started anew");
  const Result raced = Start(
      "mkdir /srv/shim; echo 'for last; do :; done; [ \"$2\" != %Y ] || rm \"$last\"; "
      "exec /usr/bin/stat \"$@\"' >/srv/shim/stat; chmod 755 /srv/shim/stat; "
      "PATH=/srv/shim:$PATH; export PATH");
  EXPECT_EQ(raced.error, "");
  EXPECT_EQ(raced.then, "started anew");
}

TEST_F(BootstrapTest, APushSetsTheTimeOfTheAgentThatItUses) {
  ASSERT_EQ(Start().error, "");
  const std::string agent = Bin() + "/activate-" + agent_.sha256.ToHex();
  const std::array<timespec, 2> long_ago{};
  ASSERT_EQ(::utimensat(AT_FDCWD, agent.c_str(), long_ago.data(), 0), 0);
  ASSERT_EQ(Start().sent, 0U);
  EXPECT_GT(base::StatIfThere(agent)->st_mtim.tv_sec, 1'000'000);
}

TEST_F(BootstrapTest, ABannerBeforeTheAnswerIsPassedOver) {
  EXPECT_EQ(Start("", "echo Welcome; echo 'SLIPWAY is not me'; printf 'no newline'").error, "");
}

TEST_F(BootstrapTest, AnEndlessBannerIsGivenUp) {
  EXPECT_THAT(Start("", "yes hello").error, HasSubstr("prints endlessly"));
}

TEST_F(BootstrapTest, ADamagedAgentThereIsReplaced) {
  ASSERT_EQ(Start().error, "");
  base::WriteFileAtomically(Bin() + "/activate-" + agent_.sha256.ToHex(), "#!/bin/sh\necho bad\n",
                            0755);
  const Result again = Start();
  EXPECT_EQ(again.sent, agent_.size_bytes);
  EXPECT_THAT(again.then, HasSubstr("started"));
}

TEST_F(BootstrapTest, AnAgentThatDoesNotRunIsRefusedAndNothingPointsToIt) {
  ASSERT_EQ(Start().error, "");
  const std::string old = "activate-" + agent_.sha256.ToHex();
  base::ReplaceSymlink(old, Bin() + "/activate");
  const std::string whole = base::ReadFile(TEST_AGENT, uint64_t{256} << 20);  // with sanitizers
  std::string foreign = whole;
  foreign[18] = whole[18] == 62 ? '\xb7' : '\x3e';  // e_machine
  std::string no_digest = base::ReadFile(agent_.path);
  no_digest.replace(no_digest.find("digest"), 6, "digits");
  for (const std::string& content :
       {std::string(), whole.substr(0, 5000), whole.substr(0, whole.size() / 2), foreign,
        std::string("no program"), std::string("#!/no/such/shell\n"), no_digest}) {
    UseAgent(content);
    EXPECT_THAT(Start().error, HasSubstr("the agent that was sent does not run there (exit "))
        << content.substr(0, 30);
    EXPECT_EQ(Link(), old);
    EXPECT_EQ(base::ListDirectory(Bin()).size(), 2U);
  }
}

// One that was whole when it came.
TEST_F(BootstrapTest, AnAgentThereThatDoesNotRunAnyMoreIsSentAnew) {
  ASSERT_EQ(Start().error, "");
  const std::string there = Bin() + "/activate-" + agent_.sha256.ToHex();
  for (const char* content : {"",
                              "\x7f"
                              "ELF",
                              "#!/bin/sh\nkill -9 $$\n"}) {
    base::WriteFileAtomically(there, content, 0755);
    EXPECT_EQ(Start().sent, agent_.size_bytes);
  }
  base::WriteFileAtomically(there, base::ReadFile(agent_.path), 0644);
  EXPECT_EQ(Start().sent, agent_.size_bytes);
}

TEST_F(BootstrapTest, AnyLoginShellPassesTheProgramOn) {
  host_.by = "it's!me";
  for (const char* shell :
       {"dash", "bash", "rbash", "zsh", "mksh", "tcsh", "fish", "busybox ash"}) {
    shell_ = shell;
    const Result result = Start();
    EXPECT_EQ(result.error, "") << shell;
    EXPECT_EQ(result.then, "started receive --root /srv/images --by it's!me") << shell;
  }
}

TEST_F(BootstrapTest, ToolsOfBusyboxWillDo) {
  const std::string busybox =
      "mkdir -p /srv/bb /srv/w/images; busybox --install -s /srv/bb; "
      "PATH=/srv/bb:$PATH; ln -sfn w/images /srv/images";
  MakeAgent("echo started in $(readlink -f .); [ -L /srv/bb/stat ] && which stat");
  shell_ = "/srv/bb/sh";
  EXPECT_EQ(Start(busybox).error, "");
  EXPECT_EQ(Start(busybox).sent, 0U);
  EXPECT_THAT(Start(busybox + "; chmod 777 /srv/w").error,
              HasSubstr("/srv/w can be written by other users"));
}

TEST_F(BootstrapTest, RefusesARootThatOthersCanChange) {
  Result result = Start("chmod 1777 /srv");
  EXPECT_THAT(result.error, HasSubstr("web1: /srv can be written by other users"));
  EXPECT_EQ(result.code, base::ExitCode::kFailed);
  result = Start("chmod 775 /srv");
  EXPECT_THAT(result.error, HasSubstr("/srv can be written by other users"));
  result = Start("mkdir -p /srv/images/bin; chown 1000 /srv/images");
  EXPECT_THAT(result.error, HasSubstr("/srv/images belongs to user 1000"));
  result = Start(
      "chown 0 /srv/images; mkdir /srv/w; chmod 777 /srv/w; rm -r /srv/images; "
      "mkdir -p /srv/w/images; ln -s w/images /srv/images");
  EXPECT_THAT(result.error, HasSubstr("/srv/w can be written by other users"));
  EXPECT_FALSE(base::Exists(scratch_.path() + "/w/images/bin"));
  result = Start(
      "chmod 755 /srv/w; mkdir -m 777 /srv/x; ln -s ../w/images /srv/x/hop; "
      "ln -sfn x/hop /srv/images");
  EXPECT_THAT(result.error, HasSubstr("/srv/x can be written by other users"));
}

TEST_F(BootstrapTest, RefusesAHostWithoutSystemdOrRootOrOfAnotherArchitecture) {
  EXPECT_THAT(Start("umount /run; mount -t tmpfs none /run").error,
              HasSubstr("does not run systemd"));
  EXPECT_THAT(Start("id() { echo 1000; }; id").error, testing::IsEmpty());  // no function leaks in
  agent_.architecture = "m68k";
  const std::string there = Bin() + "/activate-" + agent_.sha256.ToHex();
  base::WriteFileAtomically(there, "of another machine", 0755);
  const std::string here = images::MachineArchitecture();
  const std::string refusal = "web1: it is " + here +
                              ", imgpush has agents for m68k alone: set SLIPWAY_AGENT to an "
                              "activate for " +
                              here;
  EXPECT_EQ(Start().error, refusal);
  EXPECT_EQ(base::ReadFile(there), "of another machine");
  base::Unlink(there);
  EXPECT_EQ(Start().error, refusal);
  more_agents_ = {agent_};
  more_agents_.front().architecture = "vax";
  EXPECT_THAT(Start().error, HasSubstr("imgpush has agents for m68k and vax alone"));
}

TEST_F(BootstrapTest, TheAgentForTheHostsMachineIsSent) {
  more_agents_ = {agent_};
  more_agents_.front().architecture = images::MachineArchitecture();
  agent_.path += "-other";
  agent_.sha256 = base::Sha256Of("of another machine");
  agent_.architecture = "m68k";
  const std::string ours = Bin() + "/activate-" + more_agents_.front().sha256.ToHex();
  const std::string other = Bin() + "/activate-" + agent_.sha256.ToHex();
  const auto expect = [&](uint64_t sent) {
    const Result result = Start();
    EXPECT_EQ(result.error, "");
    EXPECT_EQ(result.sent, sent);
    EXPECT_EQ(result.agent, more_agents_.front().path);
    EXPECT_THAT(result.then, HasSubstr("started receive"));
  };
  expect(more_agents_.front().size_bytes);
  expect(0);
  // The disk was in another machine before.
  base::WriteFileAtomically(other, "of another machine", 0755);
  expect(0);
  base::Unlink(ours);
  expect(more_agents_.front().size_bytes);
  EXPECT_EQ(base::ReadFile(other), "of another machine");
}

TEST_F(BootstrapTest, ArgumentsOfTheAgentAreHandedOnAsTheyStand) {
  host_.agent_arguments = {"--lock-wait", "60", "a  b;$HOME"};
  EXPECT_EQ(Start().then,
            "started receive --root /srv/images --by anna@laptop --lock-wait 60 a  b;$HOME");
}

TEST_F(BootstrapTest, ANoexecRootIsSaidAndAnotherAgentDirectoryIsTheRemedy) {
  const std::string noexec =
      "mkdir -p /srv/images; mount -t tmpfs -o noexec,mode=755 none /srv/images";
  const Result refused = Start(noexec);
  EXPECT_THAT(refused.error, HasSubstr("no program can run in /srv/images/bin, which is mounted "
                                       "noexec: choose another directory for the agent, such as "
                                       "--agent-dir "));
  EXPECT_EQ(refused.sent, 0U);
  host_.other_agent_directory = "/srv/lib/slipway";
  EXPECT_EQ(Start(noexec).error, "");
  EXPECT_EQ(Start(noexec).sent, 0U);  // it is there
  host_.other_agent_directory = "/srv/shared";
  EXPECT_THAT(Start("mkdir /srv/shared; chmod 777 /srv/shared").error,
              HasSubstr("/srv/shared can be written by other users"));
}

TEST_F(BootstrapTest, AFullDiskIsSaidAndNothingIsLeft) {
  MakeAgent(": " + tests::NoiseBytes(1, 0) + std::string(3 << 20, 'x'));
  const Result result = Start(
      "mkdir /srv/images; mount -t tmpfs -o size=1m,mode=755 none /srv/images; (sleep 1; ls -A "
      "/srv/images/bin >/srv/left) &");
  EXPECT_THAT(result.error, HasSubstr("cannot store the agent in /srv/images/bin: No space left"));
  for (int i = 0; i < 30 && base::ReadFileIfThere(scratch_.path() + "/left").value_or("?") == "?";
       ++i) {
    ::usleep(100'000);
  }
  EXPECT_EQ(base::ReadFileIfThere(scratch_.path() + "/left"), "");
}

TEST_F(BootstrapTest, AnAgentThatArrivesOtherwiseIsNotKept) {
  base::WriteFileAtomically(agent_.path, std::string(agent_.size_bytes, '#'));
  const Result result = Start();
  EXPECT_THAT(result.error, HasSubstr("the agent did not arrive whole"));
  EXPECT_TRUE(base::ListDirectory(Bin()).empty());
}

}  // namespace
}  // namespace pusher

// What imgpush says of a push, where it went otherwise than usual.
#include "pusher/report.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>

#include "base/sys.h"
#include "tests/pusher/imgpush_scene.h"

namespace pusher {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST(ShareTextTest, IsNeverMoreThanAll) {
  EXPECT_EQ(ShareText(1'900, 7'900'000), "1.9 KB of 7.9 MB (0.0%)");
  EXPECT_EQ(ShareText(5, 5), "5 B of 5 B (100.0%)");
  EXPECT_EQ(ShareText(0, 0), "0 B of 0 B (0.0%)");
  EXPECT_EQ(ShareText(8'000'000, 7'900'000),
            "8.0 MB (image: 7.9 MB; the rest is the list of chunks)");
}

TEST(RepeatCommandTest, IsTheSameForTheHostsThatFailed) {
  Arguments arguments;
  arguments.hosts_word = "@web,db";
  std::vector<HostOutcome> outcomes(4);
  for (size_t i = 0; i < outcomes.size(); ++i) {
    outcomes[i].target.name = fmt::format("web{}", i);
  }
  arguments.words = {"--ssh", "@web,db", "--yes", "--activate", "@web,db", "app", "@web,db"};
  EXPECT_EQ(RepeatCommand(outcomes, arguments), "");
  outcomes[1].error = outcomes[3].error = base::Error(base::ExitCode::kUnreachable, "away");
  EXPECT_EQ(RepeatCommand(outcomes, arguments),
            "imgpush --ssh @web,db --yes --activate web1,web3 app @web,db");
  arguments.words = {"--ssh=ssh -F cfg", "@web,db"};
  EXPECT_EQ(RepeatCommand(outcomes, arguments), "imgpush '--ssh=ssh -F cfg' web1,web3");
}

TEST(RepeatCommandTest, NamesWhatWasNotBegunAfterAFailureAndAnInterrupt) {
  Arguments arguments;
  arguments.hosts_word = "@web";
  arguments.words = {"@web"};
  std::vector<HostOutcome> outcomes(4);
  for (size_t i = 0; i < outcomes.size(); ++i) {
    outcomes[i].target.name = fmt::format("web{}", i);
  }
  outcomes[2].error = outcomes[3].error = base::Error(base::ExitCode::kInterrupted, "not begun");
  EXPECT_EQ(RepeatCommand(outcomes, arguments), "imgpush web2,web3");
  EXPECT_EQ(WhyRepeat(outcomes, arguments), "to go on with the others");
  outcomes[1].error = base::Error(base::ExitCode::kUnreachable, "away");
  EXPECT_EQ(RepeatCommand(outcomes, arguments), "imgpush web1,web2,web3");
  EXPECT_EQ(WhyRepeat(outcomes, arguments), "again for those that failed");
  outcomes[1].error = base::Error(base::ExitCode::kRolledBack, "would fail again");
  EXPECT_EQ(RepeatCommand(outcomes, arguments), "imgpush web2,web3");
  outcomes[0].error = outcomes[1].error = outcomes[2].error;
  EXPECT_EQ(RepeatCommand(outcomes, arguments), "");  // the command that was typed
}

using ReportTest = ImgpushTest;

TEST_F(ReportTest, WhereAPasswordWasNeededTheNextCommandAsksForIt) {
  Build("app", 2, 0, "1");
  UseSsh(
      "echo; echo 'SLIPWAY1 ALIVE'; case $* in *plain*) ;; *)\n"
      "echo 'SLIPWAY1 PASSWORD TRIED'; read -r typed; echo 'SLIPWAY1 PASSWORD'; read -r again\n"
      "[ \"$typed $again\" = 'open open' ] || exit 9 ;; esac\n"
      "echo 'SLIPWAY1 HAVE'; exec \"$SLIPWAY_AGENT\" receive --by me --root " +
      folder() + "-$$");
  answer_ = "open\n";
  Result result = Run({"--ask-sudo-password", "anna@web1", "app"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr(" --ask-sudo-password --host anna@web1 --generation 1\n"));
  result = Run({"--ask-sudo-password", "plain", "app"});
  EXPECT_THAT(result.out, HasSubstr("/ssh --host plain --generation 1\n"));
}

TEST_F(ReportTest, ARepairedVersionIsSaid) {
  const std::string built = Build("app", 10, 0, "1");
  ASSERT_EQ(Run({host()}).code, 0);
  const std::string image = folder() + "/app/" + base::BaseName(built) + "/image.erofs";
  const auto damage = [&] {
    const base::UniqueFd fd = base::Open(image, O_RDWR);
    base::PWriteAll(fd.get(), base::AsBytes("another text"), 100'000, image);
  };
  damage();
  EXPECT_THAT(Run({host()}).out, StartsWith(host() + ": app " + base::BaseName(built) +
                                            " was damaged there and is repaired, sent "));
  const auto repaired = [&] {
    return OnlyHost(Run({"--json", host()})).at("images").at(0).at("repaired");
  };
  EXPECT_EQ(repaired(), false);
  damage();
  EXPECT_EQ(repaired(), true);
}

TEST_F(ReportTest, ThatTheAgentWasInstalledIsSaidOnceWithAPlanToo) {
  Build("app", 2, 0, "1");
  UseSsh(
      "echo 'SLIPWAY1 NEED'; head -c $(stat -c %s \"$SLIPWAY_AGENT\") >/dev/null; echo 'SLIPWAY1 "
      "STORED'; exec \"$SLIPWAY_AGENT\" receive --root " +
      folder() + " --by me");
  const std::string installed = "imgpush: web1: the agent was installed first, ";
  const Result plan = Run({"--plan", "web1"});
  EXPECT_EQ(plan.code, 0) << plan.err;
  EXPECT_THAT(plan.err, StartsWith(installed));
  EXPECT_THAT(plan.out, Not(HasSubstr("agent")));
  EXPECT_GT(OnlyHost(Run({"--plan", "--json", "web1"})).at("agent_bytes"), 1'000'000);
  EXPECT_THAT(Run({"web1"}).err, StartsWith(installed));
}

// Of the sender: hosts are other processes here.
class FullDisk : public base::Sys {
  ssize_t PWrite(int /*fd*/, const void* /*buffer*/, size_t /*size_bytes*/,
                 off_t /*offset*/) override {
    errno = ENOSPC;
    return -1;
  }
};

class KeepingTest : public ImgpushTest {
 protected:
  void SetUp() override {
    ImgpushTest::SetUp();
    BuildEdited("1", 0);
    ASSERT_EQ(Run({hosts()}).code, 0);
    built_ = BuildEdited("2", 20);
  }
  void TearDown() override {
    ::unsetenv("TMPDIR");
    ImgpushTest::TearDown();
  }
  std::string hosts() const { return host() + "1," + host() + "2," + host() + "3"; }

  // Each host gets all as deltas, and one line says what is wrong.
  void ExpectAllTheSame(const std::string& trouble) {
    const Result result = Run({"--json", "--deltas", hosts()});
    EXPECT_EQ(result.code, 0);
    EXPECT_EQ(result.err, "imgpush: " + trouble +
                              "; deltas were made more than once: set TMPDIR to a folder with "
                              "room\n");
    for (const nlohmann::json& host : nlohmann::json::parse(result.out)) {
      EXPECT_EQ(host.at("chunks").at("as_delta"), 20);
      EXPECT_EQ(host.at("chunks").at("failed"), 0);
    }
    for (const char* number : {"1", "2", "3"}) {
      EXPECT_EQ(
          base::ReadFile(folder() + number + "/app/" + base::BaseName(built_) + "/image.erofs"),
          base::ReadFile(built_ + "/image.erofs"));
    }
  }

  std::string built_;
};

class CountingReads : public base::Sys {
 public:
  ssize_t PRead(int fd, void* buffer, size_t size_bytes, off_t offset) override {
    const ssize_t got = Sys::PRead(fd, buffer, size_bytes, offset);
    bytes += static_cast<uint64_t>(std::max<ssize_t>(got, 0));
    return got;
  }
  std::atomic<uint64_t> bytes = 0;
};

TEST_F(KeepingTest, WhatHostsNeedAlikeIsReadOnce) {
  const auto read_by_push_to = [&](const std::string& hosts) {
    CountingReads reads;
    const base::ScopedSys seam(reads);
    EXPECT_EQ(Run({"--jobs", "1", "--deltas", hosts}).code, 0);
    return reads.bytes.load();
  };
  const uint64_t one = read_by_push_to(host() + "1");
  EXPECT_GT(one, 3'600'000U);  // the old version, and what changed
  EXPECT_LT(read_by_push_to(host() + "2," + host() + "3"), one + 300'000);
}

TEST_F(KeepingTest, AFullTemporaryFolderCostsTimeAlone) {
  ::setenv("TMPDIR", directory_.path().c_str(), 1);
  FullDisk full;
  const base::ScopedSys seam(full);
  ExpectAllTheSame("cannot write " + directory_.path() + ": No space left on device");
}

TEST_F(KeepingTest, NoTemporaryFolderCostsTimeAlone) {
  ::setenv("TMPDIR", "/nowhere", 1);
  const Result result = Run({"--json", "--deltas", hosts()});
  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.err, HasSubstr("/nowhere"));
  EXPECT_THAT(result.err, HasSubstr("set TMPDIR to a folder with room\n"));
}

}  // namespace
}  // namespace pusher

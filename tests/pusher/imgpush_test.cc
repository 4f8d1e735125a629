// The whole tool, in this process, with a real agent process behind dir: and behind a stand-in for
// ssh.
#include "pusher/imgpush.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <thread>

#include "base/lock.h"
#include "pusher/report.h"
#include "tests/pusher/imgpush_scene.h"

namespace pusher {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST_F(ImgpushTest, PushesABuildAndTheHostHasItByteForByte) {
  const std::string built = Build("app", 10, 0, "1");
  const Result result = Run({host(), "app"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, StartsWith(host() + ": sent 4"));
  EXPECT_THAT(result.out, HasSubstr("activate --root " + folder() + " --generation 1\n"));
  EXPECT_EQ(result.err, "");
  const std::string there = folder() + "/app/" + base::BaseName(built);
  EXPECT_EQ(base::ListDirectory(there), base::ListDirectory(built));
  for (const std::string& file : base::ListDirectory(built)) {
    EXPECT_EQ(base::ReadFile(there + "/" + file), base::ReadFile(built + "/" + file)) << file;
    EXPECT_EQ(base::StatIfThere(there + "/" + file)->st_mode & 07777U, 0644U) << file;
  }
  EXPECT_EQ(base::StatIfThere(there)->st_mode & 07777U, 0755U);
  EXPECT_TRUE(base::ListDirectory(folder() + "/incoming").empty());
}

TEST_F(ImgpushTest, TheUmaskDoesNotMatter) {
  const std::string built = Build("app", 2, 0, "1");
  const mode_t before = ::umask(077);
  const Result result = Run({host(), "app"});
  ::umask(before);
  EXPECT_EQ(result.code, 0) << result.err;
  const std::string there = folder() + "/app/" + base::BaseName(built);
  EXPECT_EQ(base::StatIfThere(folder() + "/app")->st_mode & 07777U, 0755U);
  EXPECT_EQ(base::StatIfThere(there)->st_mode & 07777U, 0755U);
  EXPECT_EQ(base::StatIfThere(there + "/image.erofs")->st_mode & 07777U, 0644U);
}

TEST_F(ImgpushTest, PushedAgainItSendsNextToNothing) {
  Build("app", 10, 0, "1");
  ASSERT_EQ(Run({host()}).code, 0);
  const Result again = Run({host()});
  EXPECT_EQ(again.code, 0);
  EXPECT_THAT(again.out, HasSubstr("already there"));
  EXPECT_THAT(again.out, HasSubstr("generation 1 was staged already"));
  EXPECT_LT(OnlyHost(Run({"--json", host()})).at("sent_bytes"), 1000);
}

TEST_F(ImgpushTest, ANewVersionSendsWhatChangedAlone) {
  Build("app", 50, 0, "1");
  ASSERT_EQ(Run({host()}).code, 0);
  Build("app", 50, 3, "2");
  const nlohmann::json report = OnlyHost(Run({"--json", host()}));
  // Noise is no smaller as a delta.
  EXPECT_EQ(report.at("chunks"),
            (nlohmann::json{
                {"total", 50}, {"present", 47}, {"sent", 3}, {"as_delta", 0}, {"failed", 0}}));
  EXPECT_LT(report.at("sent_bytes"), 3 * 40'100 + 20'000);
  EXPECT_EQ(report.at("generation"), 2);
}

TEST_F(ImgpushTest, ChunksOfOtherApplicationsAndOfTheSamePushAreReused) {
  Build("app", 20, 0, "1");
  ASSERT_EQ(Run({host(), "app"}).code, 0);
  Build("other", 20, 5, "1");
  Build("third", 20, 5, "1");
  tests::SyntheticImage fourth{"z-fourth", "1", {}, "", {}};
  for (size_t i = 0; i < 5; ++i) {  // what is other's own, in another place
    fourth.chunks.push_back(
        tests::NoiseBytes(std::hash<std::string>()("1other") + i, 40'000 + 7 * i));
  }
  std::reverse(fourth.chunks.begin(), fourth.chunks.end());
  tests::WriteImage(images(), fourth);
  const nlohmann::json report = OnlyHost(Run({"--json", host(), "other", "third", "z-fourth"}));
  EXPECT_EQ(report.at("chunks").at("sent"), 10);
  EXPECT_EQ(report.at("generation"), 2);  // three images, one generation
}

TEST_F(ImgpushTest, TheSameImageWithOtherServicesIsAHardLink) {
  const std::string one = Build("app", 5, 0, "1");
  ASSERT_EQ(Run({host()}).code, 0);
  const std::string two = Build("app", 5, 0, "2");
  const nlohmann::json report = OnlyHost(Run({"--json", host()}));
  EXPECT_EQ(report.at("chunks").at("sent"), 0);
  const auto inode = [&](const std::string& built) {
    return base::StatIfThere(folder() + "/app/" + base::BaseName(built) + "/image.erofs")->st_ino;
  };
  EXPECT_EQ(inode(one), inode(two));
}

TEST_F(ImgpushTest, ADamagedLocalImageIsNotSent) {
  const std::string built = Build("app", 10, 0, "1");
  std::string bytes = base::ReadFile(built + "/image.erofs");
  bytes[100'000] = static_cast<char>(bytes[100'000] ^ 1);
  base::WriteFileAtomically(built + "/image.erofs", bytes);
  const Result result = Run({host()});
  EXPECT_EQ(result.code, 6);
  EXPECT_THAT(result.err, HasSubstr("image.erofs is damaged"));
  EXPECT_TRUE(base::ListDirectory(folder() + "/app").empty());
}

TEST_F(ImgpushTest, AnImageThatItsManifestDoesNotNameIsRefusedByTheHost) {
  tests::SyntheticImage image;
  image.chunks = {"one", "two"};
  image.wrong_image_digest = true;
  tests::WriteImage(images(), image);
  const Result result = Run({host()});
  EXPECT_EQ(result.code, 6);
  EXPECT_THAT(result.err, HasSubstr("not the one its manifest names"));
  EXPECT_TRUE(base::ListDirectory(folder() + "/incoming").empty());
  EXPECT_TRUE(base::ListDirectory(folder() + "/app").empty());
}

TEST_F(ImgpushTest, ADamagedVersionOnTheHostIsReplaced) {
  const std::string built = Build("app", 10, 0, "1");
  ASSERT_EQ(Run({host()}).code, 0);
  const std::string there = folder() + "/app/" + base::BaseName(built);
  ASSERT_EQ(::truncate((there + "/image.erofs").c_str(), 1000), 0);
  const Result result = Run({host()});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(base::ReadFile(there + "/image.erofs"), base::ReadFile(built + "/image.erofs"));
  EXPECT_TRUE(base::ListDirectory(folder() + "/incoming").empty());
}

TEST_F(ImgpushTest, UsageErrorsAreOneLine) {
  EXPECT_EQ(Run({}).code, 2);
  EXPECT_EQ(Run({"--nonsense", host()}).code, 2);
  EXPECT_EQ(Run({"-oProxyCommand=x"}).code, 2);
  const Result unknown = Run({host(), "nosuch"});
  EXPECT_EQ(unknown.code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("there is no build of nosuch"));
  EXPECT_EQ(std::count(unknown.err.begin(), unknown.err.end(), '\n'), 1);
}

TEST_F(ImgpushTest, HelpAndVersionAreAnswered) {
  EXPECT_THAT(Run({"--help"}).out, HasSubstr("imgpush dir:/srv/images nginx"));
  EXPECT_THAT(Run({"--version"}).out, StartsWith("imgpush 0."));
}

TEST_F(ImgpushTest, SeveralHostsGoOnAndTheWorstCodeCounts) {
  Build("app", 2, 0, "1");
  UseSsh("echo 'ssh: Could not resolve hostname nowhere: Name or service not known' >&2; exit 255");
  const Result result = Run({"nowhere," + host(), "app"});
  EXPECT_EQ(result.code, 7);
  EXPECT_EQ(result.err,
            "imgpush: error: nowhere: the connection failed: ssh: Could not resolve hostname "
            "nowhere: Name or service not known\n"
            "imgpush: again for those that failed: imgpush --images " +
                images() + " nowhere app\n");
  EXPECT_THAT(result.out, HasSubstr(host() + ": sent"));
  const nlohmann::json report =
      nlohmann::json::parse(Run({"--json", "nowhere," + host(), "app"}).out);
  EXPECT_EQ(report.at(0).at("exit_code"), 7);
  EXPECT_EQ(report.at(1).at("exit_code"), 0);
}

// The stand-in becomes the host: the bootstrap is skipped as if the agent were there.
const char* const kAgentBehindSsh =
    "echo Welcome to web1; echo 'SLIPWAY1 HAVE'; exec \"$SLIPWAY_AGENT\" receive --root "
    "\"$(dirname \"$0\")/host\" --by me";

TEST_F(ImgpushTest, ASshHostIsToldHowToActivate) {
  Build("app", 2, 0, "1");
  UseSsh(kAgentBehindSsh);
  const Result result = Run({"web1", "app"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("web1: sent "));
  EXPECT_THAT(result.out, HasSubstr("generation 1 staged; activate with: "));
  EXPECT_THAT(result.out, HasSubstr("activate --ssh " + directory_.path() +
                                    "/ssh --host web1 --generation 1\n"));
}

TEST_F(ImgpushTest, AtDebugItTellsWhatBothSidesDoAndNoSecret) {
  Build("app", 2, 0, "1");
  UseSsh(kAgentBehindSsh);
  const std::string ssh = std::getenv("SLIPWAY_SSH");
  ::setenv("SLIPWAY_SSH", (ssh + " -o Secret=sentinel").c_str(), 1);
  ::setenv("TOKEN", "sentinel", 1);
  ::setenv("SLIPWAY_LOG", "debug", 1);
  const Result by_ssh = Run({"web1", "app"});
  ::unsetenv("SLIPWAY_LOG");
  const Result by_folder = Run({"--log-level", "debug", host(), "app"});
  ::unsetenv("TOKEN");
  for (const Result& result : {by_ssh, by_folder}) {
    EXPECT_EQ(result.code, 0) << result.err;
    for (const char* part :
         {" info: ", ": the agent was started in ", ": got hello, ", ": sent begin, ",
          " debug: the sender: got begin, ", ": the host verified and staged it in "}) {
      EXPECT_THAT(result.err, HasSubstr(part));
    }
    EXPECT_THAT(result.err, Not(HasSubstr("sentinel")));
  }
  EXPECT_THAT(by_ssh.err, HasSubstr(" debug: " + ssh + ": started as process "));
}

TEST_F(ImgpushTest, AnUnknownLogLevelIsAWrongCommandLine) {
  const Result result = Run({"--log-level", "loud", host()});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("'loud' is no level: use debug, info, warning, error or off"));
  EXPECT_EQ(std::ranges::count(result.err, '\n'), 1);
}

TEST_F(ImgpushTest, TheCommandThatActivatesIsQuotedForTheShellsThatReadIt) {
  Build("app", 2, 0, "1");
  EXPECT_THAT(Run({host() + "'s own"}).out,
              HasSubstr("activate --root '" + folder() + "'\\''s own' --generation 1\n"));
  EXPECT_THAT(Run({host() + "\xc2\x9b"}).out, HasSubstr("--root '" + folder() + "  ' "));
  UseSsh(kAgentBehindSsh);
  EXPECT_THAT(Run({"root@[::1]"}).out, HasSubstr("/ssh --host 'root@[::1]' --generation 1\n"));
  EXPECT_THAT(Run({"--root", "/srv/my images", "web1"}).out,
              HasSubstr("/ssh --root '/srv/my images' --host web1 --generation 1\n"));
}

TEST_F(ImgpushTest, WhatIsForHostsAloneIsRefusedForAFolder) {
  Build("app", 2, 0, "1");
  for (const std::vector<std::string>& options : std::vector<std::vector<std::string>>{
           {"--root", "/srv/other"}, {"--agent-dir", "/srv/bin"}, {"--ask-sudo-password"}}) {
    std::vector<std::string> arguments = options;
    arguments.push_back(host());
    const Result result = Run(arguments);
    EXPECT_EQ(result.code, 2);
    EXPECT_EQ(result.err,
              options[0] + " is for hosts, and " + host() + " is a folder: leave it out\n");
  }
  EXPECT_FALSE(base::Exists(folder()));
}

// Where ssh may ask, what it asks is neither overwritten nor written over.
TEST_F(ImgpushTest, TheLineOfAQuestionIsLeftToSsh) {
  Build("app", 2, 0, "1");
  UseSsh("i=0; until grep -q 'security key' " + directory_.path() +
         "/err; do sleep 0.1; i=$((i+1)); [ $i -lt 300 ] || break; done; exit 255");
  answer_ = "never read";
  const Result result = Run({"--retries", "0", "web1"});
  EXPECT_EQ(result.code, 7);
  EXPECT_THAT(result.err,
              HasSubstr("\r\x1b[J\nweb1: ssh is logging in; a security key may wait for "
                        "a touch\nimgpush: error: "));
}

TEST_F(ImgpushTest, AHostThatCannotMountTheImageIsSentNothing) {
  tests::SyntheticImage image;
  image.chunks = {"one"};
  image.required_features = {"erofs-zstd"};
  tests::WriteImage(images(), image);
  UseSsh(kAgentBehindSsh);
  const Result result = Run({"--json", "web1"});
  EXPECT_EQ(result.code, 1);
  EXPECT_EQ(result.err,
            "imgpush: error: host web1 cannot mount zstd EROFS images; it can mount: lz4; build "
            "with --target lz4\n");
  EXPECT_TRUE(base::ListDirectory(folder() + "/incoming").empty());
}

TEST_F(ImgpushTest, AnImageForAnotherArchitectureIsNotSent) {
  tests::SyntheticImage image;
  image.chunks = {"one"};
  image.architecture = "m68k";
  tests::WriteImage(images(), image);
  UseSsh(kAgentBehindSsh);
  const Result result = Run({"web1"});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("the image app is built for m68k"));
}

TEST_F(ImgpushTest, AnotherAgentProtocolIsAClearError) {
  Build("app", 2, 0, "1");
  UseSsh("echo 'SLIPWAY1 HAVE'; echo garbage that is no frame at all; sleep 1");
  Result result = Run({"web1"});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("web1 broke the protocol"));
  UseSsh("echo 'SLIPWAY1 HAVE'; echo 'sh: /x/activate: Permission denied' >&2; exit 126");
  result = Run({"web1"});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err,
              HasSubstr("the agent ended with 126: sh: /x/activate: Permission denied"));
}

TEST_F(ImgpushTest, AnAgentThatIsKilledIsATransportLost) {
  Build("app", 2, 0, "1");
  UseSsh("echo 'SLIPWAY1 HAVE'; kill -9 $$");
  EXPECT_EQ(Run({"web1"}).code, 7);
}

TEST_F(ImgpushTest, AConnectionCutAnywhereIsContinuedByTheNextPush) {
  const std::string built = Build("app", 30, 0, "1");
  const uint64_t all_bytes = 30 * 40'000;
  for (const int cut : {1, 100, 3000, 200'001, 599'999, 300'000}) {
    ::setenv("SLIPWAY_TEST_CUT_AT", std::to_string(cut).c_str(), 1);
    const Result broken = Run({host()});
    EXPECT_EQ(broken.code, 7) << cut << broken.err;
    EXPECT_EQ(broken.out, "");
    EXPECT_TRUE(base::ListDirectory(folder() + "/app").empty());
  }
  ::unsetenv("SLIPWAY_TEST_CUT_AT");
  const uint64_t sent_last = OnlyHost(Run({"--json", host()})).at("sent_bytes");
  EXPECT_LT(sent_last, all_bytes - 900'000);  // about 1.1 MB of chunks had arrived
  EXPECT_EQ(base::ReadFile(folder() + "/app/" + base::BaseName(built) + "/image.erofs"),
            base::ReadFile(built + "/image.erofs"));
}

TEST_F(ImgpushTest, ASecondPushOfTheSameImageIsToldWhoIsAtIt) {
  const std::string built = Build("app", 2, 0, "1");
  const std::string incoming = folder() + "/incoming/" + base::BaseName(built);
  base::MakeDirectories(incoming);
  const base::FileLock lock(incoming + "/lock", "it", "a push by anna");
  const Result result = Run({host()});
  EXPECT_EQ(result.code, 5);
  EXPECT_THAT(result.err, HasSubstr("is in use by a push by anna"));
}

// The lock is asked for when all has arrived: the next push has nothing to send.
TEST_F(ImgpushTest, AHeldLockIsSaidWithItsHolderUnlessToldToWaitForIt) {
  Build("app", 5, 0, "1");
  base::MakeDirectories(folder());
  std::optional<base::FileLock> lock(std::in_place, folder() + "/lock", "it", "activate switching");
  const Result refused = Run({"--lock-wait", "0", host()});
  EXPECT_EQ(refused.code, 5);
  EXPECT_THAT(refused.err, HasSubstr("is in use by activate switching, pid "));
  EXPECT_THAT(refused.err, HasSubstr(", since 2"));
  std::thread holder([&] {
    ::sleep(1);
    lock.reset();
  });
  const Result waited = Run({"--lock-wait", "60s", host()});
  holder.join();
  EXPECT_EQ(waited.code, 0) << waited.err;
}

// A proxy that lets go of its pipes alone: no limit was reached.
TEST_F(ImgpushTest, AnSshThatClosesItsOutputAndStaysIsNoSlowLogin) {
  UseSsh("echo 'no way there' >&2; exec >&- 2>&-; exec sleep 100");
  Build("app", 2, 0, "1");
  const Result result = Run({"--retries", "0", "web1"});
  EXPECT_EQ(result.code, 7);
  EXPECT_EQ(result.err,
            "imgpush: error: web1: ssh closed the connection, and does not end: no way there\n");
}

}  // namespace
}  // namespace pusher

// `activate --host` for several hosts, with an ssh that runs the command here as host $HOST.
#include "activator/many_hosts.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <array>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "tests/activator/remote_fixture.h"

namespace activator {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class ManyHostsTest : public RemoteFixture {
 protected:
  ManyHostsTest() {
    // The destination and the command are the last two words.
    Script("ssh",
           "while [ $# -gt 2 ]; do shift; done\nHOST=$1\nexport HOST\n[ $HOST != gone ] || { echo "
           "no route >&2; exit 255; }\nexec sh -c \"$2\"\n");
    Put("hosts.json", R"({ "hosts": {
      "web1": { "ssh": "one", "groups": ["web"], "root": ")" +
                          At("root") + R"(" },
      "web2": { "ssh": "two", "groups": ["web"], "root": ")" +
                          At("root") + R"(" },
      "store": { "ssh": "dir:/srv/images", "groups": ["mixed", "folders"] },
      "gone": { "groups": ["mixed"], "root": ")" +
                          At("root") + R"(" } } })");
  }
  int Run(const std::string& hosts, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(),
                     {"--host", hosts, "--hosts", At("hosts.json"), "--ssh", At("ssh")});
    return RunHere(arguments);
  }
  // For a reader who is gone.
  int RunForNobody(const std::string& hosts, std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(),
                     {"--host", hosts, "--hosts", At("hosts.json"), "--ssh", At("ssh")});
    std::array<int, 2> fds{};
    EXPECT_EQ(::pipe2(fds.data(), O_CLOEXEC), 0);
    ::close(fds[0]);
    const base::UniqueFd out(fds[1]);
    const base::UniqueFd err = base::Open(At("err"), O_RDWR | O_CREAT | O_TRUNC, 0644);
    const base::Io io{0, out.get(), err.get()};
    return RunOnHosts(ParseCommandLine(arguments, io).value(), arguments, io);
  }
};

TEST_F(ManyHostsTest, AGroupIsOneTableInTheOrderOfTheListAndTheWorstCode) {
  Activate("[ $HOST = one ] && sleep 0.3\necho '{\"active\": 3}'\n[ $HOST = one ] || exit 4\n");
  EXPECT_EQ(Run("@web,gone", {"status"}), 4);
  EXPECT_THAT(out_, StartsWith("HOST  GENERATION"));
  EXPECT_THAT(out_, HasSubstr("\nweb1  3 "));
  EXPECT_THAT(out_, HasSubstr("\nweb2  3 "));
  EXPECT_THAT(out_,
              HasSubstr("\ngone  -           -      not reached (exit code 7)\n  no route\n"));
  EXPECT_EQ(err_, "activate: 2 of 3 hosts did not do well: web2, gone\n");
}

TEST_F(ManyHostsTest, EachHostGetsTheWordsThatAreForItAndItsRoot) {
  Activate("echo $HOST \"$@\"\n");
  EXPECT_EQ(Run("@web", {"history", "--since", "4"}), 0);
  EXPECT_EQ(out_, "web1  one --root " + At("root") + " history --since 4\n" + "web2  two --root " +
                      At("root") + " history --since 4\n");
  EXPECT_EQ(Run("@web", {"list", "--root", At("root") + "/."}), 0);
  EXPECT_THAT(out_, HasSubstr("web1  one list --root " + At("root") + "/.\n"));
  EXPECT_EQ(err_, "");
}

TEST_F(ManyHostsTest, OneNameOfTheListPrintsWhatItsHostPrints) {
  Activate("echo $HOST \"$@\"\nexit 3\n");
  EXPECT_EQ(Run("web2", {"list"}), 3);
  EXPECT_EQ(out_, "two --root " + At("root") + " list\n");
}

TEST_F(ManyHostsTest, ASwitchAsksForItsEventAndNotesAreTold) {
  Activate(
      "echo 'activate: generation 7 is active and healthy' >&2\n"
      "case \" $* \" in *' --json '*) ;; *) exit 9 ;; esac\n"
      "[ $HOST = one ] || { echo 'activate: error: no' >&2; exit 1; }\n"
      "echo '{\"event\": \"activated\", \"generation\": 7, \"duration_ms\": 100}'\n");
  EXPECT_EQ(Run("web1,web2", {"--generation", "7"}), 1);
  EXPECT_EQ(out_,
            "HOST  OUTCOME\n"
            "web1  generation 7 activated in 0.1 s\n"
            "web2  failed (exit code 1)\n"
            "  activate: generation 7 is active and healthy\n"
            "  activate: error: no\n");
  EXPECT_THAT(err_, StartsWith("web1: activate: generation 7 is active and healthy\n"));
  EXPECT_EQ(Run("web1,web2", {"--generation", "7", "--json"}), 1);
  EXPECT_THAT(out_, AllOf(StartsWith("[\n"), HasSubstr("\"host\": \"web2\"")));
}

// Each of the two waits until the other is there.
TEST_F(ManyHostsTest, HostsAreWorkedOnAtOnce) {
  Activate(": >" + At("at-") + "$HOST\ni=0\nwhile [ $(ls " + At("at-") +
           "* | wc -l) -lt 2 ]; do sleep 0.1; i=$((i+1)); [ $i -lt 100 ] || exit 9; done\n");
  EXPECT_EQ(Run("@web", {"list"}), 0);
}

TEST_F(ManyHostsTest, WhatIsFollowedIsToldLineByLineWithTheHostsName) {
  Activate(
      "case \" $* \" in *' --until-input-ends'*) ;; *) exit 9 ;; esac\n"
      "echo from $HOST; printf last\n");
  EXPECT_EQ(Run("@web", {"logs", "web", "--follow", "--jobs", "1"}), 0);
  for (const char* line :
       {"web1  from one\n", "web1  last\n", "web2  from two\n", "web2  last\n"}) {
    EXPECT_THAT(out_, HasSubstr(line));
  }
  Activate(
      "case \" $* \" in *' --until-input-ends'*) ;; *) exit 9 ;; esac\n"
      "echo '{\"n\": 1}'\n");
  EXPECT_EQ(Run("@web", {"history", "--follow", "--json"}), 0);
  EXPECT_THAT(out_, HasSubstr("{\"host\":\"web1\",\"report\":{\"n\":1}}\n"));
}

// The other goes on until it sees the failure told.
TEST_F(ManyHostsTest, AHostThatFailsWhileItIsFollowedIsToldAtOnce) {
  Activate("i=0\nuntil grep -q '^gone: not reached' " + At("err") +
           "; do sleep 0.1; i=$((i+1)); [ $i -lt 100 ] || exit 9; done\necho seen\n");
  EXPECT_EQ(Run("web1,gone", {"logs", "web", "--follow"}), 7);
  EXPECT_EQ(out_, "web1  seen\n");
  EXPECT_THAT(err_, HasSubstr("gone: no route\n"));
  EXPECT_THAT(err_, HasSubstr("\ngone: not reached (exit code 7)\n"));
  EXPECT_THAT(err_, HasSubstr("web1: it ended\n"));
  EXPECT_THAT(err_, HasSubstr("activate: 1 of 2 hosts did not do well: gone\n"));
}

TEST_F(ManyHostsTest, WhatIsFollowedEndsWhenNobodyListens) {
  Activate("i=0\nwhile [ $i -lt 300 ]; do sleep 0.1; i=$((i+1)); done\nexit 9\n");
  EXPECT_EQ(RunForNobody("@web", {"logs", "web", "--follow"}), 0);
  EXPECT_EQ(RunForNobody("web1", {"history", "--follow"}), 0);
  EXPECT_EQ(Get("err"), "");
}

// The terminal interrupts ssh as well, and its end may be seen before our own signal.
TEST_F(ManyHostsTest, AnInterruptIsTheWantedEndOfWhatIsFollowed) {
  for (const char* end : {"exit 255", "kill -INT $$"}) {
    Script("ssh", std::string("while [ $# -gt 2 ]; do shift; done\n"
                              "[ $1 = one ] || exec sleep 100\n"
                              "(sleep 0.2; kill -INT $PPID) >/dev/null 2>&1 &\n") +
                      end + "\n");
    for (const char* hosts : {"web1", "@web"}) {
      for (const std::vector<std::string>& follow : std::vector<std::vector<std::string>>{
               {"logs", "web", "--follow"}, {"history", "--follow"}}) {
        std::vector<std::string> words = {"env",
                                          "--default-signal=INT",
                                          SLIPWAY_BIN "/activate",
                                          "--host",
                                          hosts,
                                          "--hosts",
                                          At("hosts.json"),
                                          "--ssh",
                                          At("ssh")};
        words.insert(words.end(), follow.begin(), follow.end());
        const base::ProcessResult result = base::Run(words);
        EXPECT_EQ(result.exit_code, 0) << end << hosts << follow.front() << result.err;
      }
    }
  }
}

constexpr const char* kMuch = "head -c 70000000 /dev/zero | tr '\\0' x\n";

TEST_F(ManyHostsTest, AHostThatPrintsTooMuchFailsAlone) {
  Activate(std::string("[ $HOST = two ] || {\n") + kMuch + "}\necho fine\n");
  EXPECT_EQ(Run("@web", {"logs", "web", "--jobs", "1"}), 1) << error_;
  EXPECT_THAT(out_, StartsWith("web1  failed (exit code 1)\nweb1    too long: "));
  EXPECT_THAT(out_, HasSubstr("\nweb2  fine\n"));
}

TEST_F(ManyHostsTest, AllHostsTogetherMayPrintSoMuch) {
  Activate("head -c 40000000 /dev/zero | tr '\\0' x\n");
  EXPECT_EQ(Run("@web", {"logs", "web", "--jobs", "1"}), 1);
  EXPECT_EQ(out_.find('\n'), 6U + 40000000);
  EXPECT_THAT(out_.substr(out_.find('\n')), HasSubstr("web2    too long: "));
}

TEST_F(ManyHostsTest, ASwitchIsNotCutOffForWhatItPrints) {
  Activate(std::string(kMuch) + "echo 'activate: error: no' >&2\nexit 3\n");
  EXPECT_EQ(Run("web1,gone", {"--latest"}), 3);
  EXPECT_THAT(out_, HasSubstr("web1  rolled back (exit code 3)\n  activate: error: no\n  what it "
                              "printed before is left out"));
}

TEST_F(ManyHostsTest, NotesOfASwitchThatHadNothingToDoAreToldOnce) {
  Activate("echo 'activate: generation 7 is active already' >&2\necho null\n");
  EXPECT_EQ(Run("web1,web2", {"--generation", "7"}), 0);
  EXPECT_THAT(out_, HasSubstr("web1  done\n  activate: generation 7 is active already\nweb2"));
  EXPECT_EQ(err_, "");
}

TEST_F(ManyHostsTest, OptionsOfOursStandInFrontOfNames) {
  Activate("case \" $* \" in *' --json '*' -- web '*) echo '{}' ;; *) exit 9 ;; esac\n");
  EXPECT_EQ(Run("@web", {"remove", "--", "web"}), 0) << error_;
  Activate("case \" $* \" in *' --until-input-ends '*' -- web ') ;; *) exit 9 ;; esac\n");
  EXPECT_EQ(Run("@web", {"logs", "-f", "--", "web"}), 0) << error_;
}

// As the master of a shared connection (ControlPersist).
TEST_F(ManyHostsTest, WhatSshLeavesBehindIsNotWaitedFor) {
  Script("ssh", "while [ $# -gt 2 ]; do shift; done\n{ i=0; until [ -e " + At("over") +
                    " ] || [ $i -ge 100 ]; do sleep 0.1; i=$((i+1)); done; : >" + At("waited") +
                    "; } </dev/null >/dev/null &\nexec sh -c \"$2\"\n");
  Activate("echo one\necho two >&2\n");
  EXPECT_EQ(Run("@web", {"list"}), 0);
  EXPECT_FALSE(base::Exists(At("waited")));
  EXPECT_EQ(out_, "web1  one\nweb2  one\n");
  EXPECT_EQ(err_, "web1: two\nweb2: two\n");
  Put("over", "");
}

TEST_F(ManyHostsTest, ABrokenListIsInNobodysWayWhoDoesNotNeedIt) {
  Put("hosts.json", "{");
  Activate("echo fine\n");
  EXPECT_EQ(Run("root@web1", {"list", "--root", At("root")}), 0) << error_;
  EXPECT_EQ(Run("root@web1,ssh://web2", {"list", "--root", At("root")}), 0) << error_;
  EXPECT_EQ(Run("web1", {"list"}), 2);
  EXPECT_EQ(Run("root@web1,@web", {"list"}), 2);
}

TEST_F(ManyHostsTest, WhatIsForOneHostAtATimeSaysSo) {
  for (const char* command : {"uninstall", "boot", "receive"}) {
    EXPECT_EQ(Run("@web", {command}), 2) << command;
    EXPECT_THAT(error_, HasSubstr("is for one host at a time"));
  }
}

TEST_F(ManyHostsTest, HostsThatCannotBeMeantAreUsageErrors) {
  EXPECT_EQ(Run("@wbe", {"status"}), 2);
  EXPECT_THAT(error_, HasSubstr("there is no group 'wbe'"));
  EXPECT_EQ(Run("web1,-oProxyCommand=x", {"status"}), 2);
  EXPECT_EQ(Run("a\tb", {"status"}), 2);
  EXPECT_EQ(Run("web1,one", {"status"}), 2);
  EXPECT_THAT(error_, HasSubstr("web1 and one are one host"));
  EXPECT_EQ(Run("store", {"status"}), 2);
  EXPECT_THAT(error_, HasSubstr("store is a folder: use activate --root /srv/images"));
  EXPECT_EQ(Run("dir:/x", {"status"}), 2);
  EXPECT_EQ(Run("@folders", {"status"}), 2);
  Activate("exit 0\n");
  EXPECT_EQ(Run("@mixed", {"list"}), 7);
  EXPECT_THAT(err_, HasSubstr("left out, because they are folders: store\n"));
}

TEST_F(ManyHostsTest, AWrongSudoPasswordIsGivenToOneHostAlone) {
  Put("path/x", "");
  Script("path/id", "case $1 in -u) echo 1000;; *) echo anna;; esac\n");
  Script("path/sudo",
         "[ \"$1\" != -n ] || { echo 'sudo: a password is required' >&2; exit 1; }\n"
         "for try in 1 2 3; do printf %s \"$4\" >&2; read -r typed || exit 1; echo "
         "\"$typed\" >>" +
             At("typed") + "; done\nexit 1\n");
  Script("ssh", "for command; do :; done\nexport PATH=" + At("path") +
                    ":$PATH\nexec sh -c "
                    "\"$command\"\n");
  Activate("exit 9\n");
  answer_ = "guess\n";
  EXPECT_EQ(Run("@web", {"--ask-sudo-password", "--latest"}), 1) << error_;
  EXPECT_EQ(Get("typed"), "guess\n");
  EXPECT_THAT(out_, HasSubstr(": the password is wrong there, says sudo\n"));
  EXPECT_THAT(out_, HasSubstr(": the password was not tried there, for sudo on web"));
}

// Its user may not use sudo: what runs without it keeps no other host waiting.
TEST_F(ManyHostsTest, AHostThatNeverSaysWhetherThePasswordIsRightDoesNotKeepTheOthersWaiting) {
  Put("path/x", "");
  Script("path/id", "case $1 in -u) echo 1000;; *) echo anna;; esac\n");
  Script(
      "path/sudo",
      "[ \"$1\" != -n ] || { echo 'sudo: a password is required' >&2; exit 1; }\n"
      "printf %s \"$4\" >&2; read -r typed\necho anna is not in the sudoers file. >&2\nexit 1\n");
  Script("ssh", "for command; do :; done\nexport PATH=" + At("path") +
                    ":$PATH\nexec sh -c "
                    "\"$command\"\n");
  // The one waits until the other runs.
  Activate(": >" + At("at-") + "$$\ni=0\nwhile [ $(ls " + At("at-") +
           "* | wc -l) -lt 2 ]; do sleep 0.1; i=$((i+1)); [ $i -lt 50 ] || exit 9; done\n");
  answer_ = "open sesame\n";
  EXPECT_EQ(Run("@web", {"--ask-sudo-password", "list"}), 0) << out_ << err_;
}

}  // namespace
}  // namespace activator

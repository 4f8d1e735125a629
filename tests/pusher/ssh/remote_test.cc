#include "pusher/ssh/remote.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pusher {
namespace {

using testing::ElementsAre;

TEST(SplitWordsTest, SplitsAtSpacesAndKeepsWhatIsQuoted) {
  EXPECT_THAT(SplitWords("ssh"), ElementsAre("ssh"));
  EXPECT_THAT(SplitWords("  ssh  -F  cfg "), ElementsAre("ssh", "-F", "cfg"));
  EXPECT_THAT(SplitWords("ssh -F 'my cfg' -o \"User=a b\" x'y z'"),
              ElementsAre("ssh", "-F", "my cfg", "-o", "User=a b", "xy z"));
  EXPECT_THAT(SplitWords("ssh ''"), ElementsAre("ssh", ""));
  EXPECT_THAT(SplitWords("ssh $HOME;ls"), ElementsAre("ssh", "$HOME;ls"));
}

TEST(SplitWordsTest, RefusesNoWordAndAnOpenQuote) {
  EXPECT_THROW(SplitWords(" "), base::Error);
  EXPECT_THROW(SplitWords("ssh 'x"), base::Error);
}

TEST(CheckHostTest, TakesWhatSshTakesAndNoOptions) {
  for (const char* host :
       {"web1", "root@web1", "ssh://root@web1:2222", "::1", "dir:/srv/my images"}) {
    EXPECT_NO_THROW(CheckHost(host)) << host;
  }
  for (const char* host : {"", "-oProxyCommand=x", "a b", "a\nb", "dir:"}) {
    EXPECT_THROW(CheckHost(host), base::Error) << host;
  }
}

TEST(ExplainLoginTest, TellsTheLinesAndWhatToDo) {
  const LoginFailure changed = ExplainLogin(
      "@@@@@@@@@@@\r\n@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     "
      "@\r\n@@@@@@@@@@@\r\n"
      "one\r\n\r\ntwo\r\nOffending key in known_hosts:3\r\nHost key verification failed.\r\n",
      "");
  EXPECT_TRUE(changed.lasts);
  EXPECT_THAT(changed.text,
              testing::StartsWith("WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! / one / two / "
                                  "Offending key in known_hosts:3 / Host key verification failed. "
                                  "(its host key has changed"));
  const LoginFailure busy =
      ExplainLogin("kex_exchange_identification: Connection closed by remote host\r\n", "");
  EXPECT_EQ(busy.text, "kex_exchange_identification: Connection closed by remote host");
  EXPECT_FALSE(busy.lasts);
  EXPECT_EQ(ExplainLogin("", "").text, "");
  EXPECT_EQ(ExplainLogin("", "\x1b[2Jgo away\n").text, " [2Jgo away");
  for (const char* text :
       {"Please login as the user \"ubuntu\" rather than the user \"root\".",
        "This account is currently not available.", "Your account has expired; please contact",
        "WARNING: Your password has expired.", "This service allows sftp connections only.",
        "fatal: unrecognized command 'sh -c'", "rbash: line 1: sh: command not found",
        "Received disconnect from 1.2.3.4 port 22:2: Too many authentication failures",
        "root@web1: Permission denied (publickey,password)."}) {
    const LoginFailure failure = ExplainLogin("", std::string(text) + "\n");
    EXPECT_TRUE(failure.lasts) << text;
    EXPECT_THAT(failure.text, testing::StartsWith(std::string(text) + " (")) << text;
  }
}

}  // namespace
}  // namespace pusher

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

}  // namespace
}  // namespace pusher

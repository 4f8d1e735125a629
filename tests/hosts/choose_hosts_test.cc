#include "hosts/choose_hosts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/file.h"
#include "hosts/destination.h"
#include "tests/support/errors.h"

namespace hosts {
namespace {

using testing::ElementsAre;

const HostList& List() {
  static const HostList list = HostList::Parse(R"({ "hosts": {
    "web1": { "ssh": "root@10.0.0.5", "groups": ["web"] },
    "web2": { "groups": ["web"] } } })",
                                               "hosts.json");
  return list;
}

std::vector<std::string> Names(const std::string& text) {
  std::vector<std::string> out;
  for (const ChosenHost& one : ChooseHosts(SplitAtCommas(text), List())) {
    out.push_back(one.host.name + "=" + one.host.ssh + (one.by_group ? " by group" : ""));
  }
  return out;
}

TEST(ChooseHostsTest, NamesGroupsAndDestinationsEachOnce) {
  EXPECT_THAT(Names("web1"), ElementsAre("web1=root@10.0.0.5"));
  EXPECT_THAT(Names("root@db,@web,web2"),
              ElementsAre("root@db=root@db", "web1=root@10.0.0.5 by group", "web2=web2"));
}

TEST(ChooseHostsTest, SeveralAreAskedForByCommaOrGroup) {
  EXPECT_TRUE(NamesSeveral("@web"));
  EXPECT_TRUE(NamesSeveral("a,b"));
  EXPECT_FALSE(NamesSeveral("root@web1"));
}

TEST(ChooseHostsTest, WhatCannotBeGivenToSshIsRefused) {
  for (const char* text : {"", "web1,", "-oProxyCommand=x", "web1,-v", "a b", "a\x1b[2J", "dir:"}) {
    EXPECT_THROW(Names(text), base::Error) << text;
  }
  EXPECT_NO_THROW(CheckHost("dir:/srv/my images"));
}

TEST(ChooseHostsTest, ABrokenListSaysWhatNeedsNone) {
  const base::TemporaryDirectory folder(testing::TempDir(), "hosts-");
  const std::string file = folder.path() + "/hosts.json";
  base::WriteFileAtomically(file, "{");
  EXPECT_EQ(ChooseHosts("root@web1,dir:/srv", file).size(), 2U);
  EXPECT_THAT(tests::ErrorOf([&] { ChooseHosts("root@web1,web2", file); }).detail(),
              ElementsAre("a destination such as root@web1 needs no list"));
  EXPECT_THAT(tests::ErrorOf([&] { ChooseHosts("web2,@web", file); }).detail(), ElementsAre());
}

TEST(ChooseHostsTest, OneHostUnderTwoNamesIsFound) {
  EXPECT_NO_THROW(CheckOnce({{"a", "root@a"}, {"b", "root@b"}}));
  try {
    CheckOnce({{"web1", "root@10.0.0.5"}, {"root@10.0.0.5", "root@10.0.0.5"}});
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_STREQ(error.what(), "web1 and root@10.0.0.5 are one host, root@10.0.0.5: name it once");
  }
}

}  // namespace
}  // namespace hosts

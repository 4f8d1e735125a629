#include "hosts/host_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace hosts {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

HostList Parse(const std::string& text) { return HostList::Parse(text, "hosts.json"); }

std::string ErrorOf(const std::string& text) {
  try {
    Parse(text);
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ExitCode::kUsage);
    return error.what();
  }
  return "none";
}

std::vector<std::string> Names(const std::vector<ListedHost>& hosts) {
  std::vector<std::string> out;
  for (const ListedHost& host : hosts) {
    out.push_back(host.name);
  }
  return out;
}

constexpr const char* kThree = R"({ "hosts": {
  // the two in front
  "web1": { "ssh": "root@10.0.0.5", "groups": ["web"], "images": ["nginx"] },
  "web2": { "groups": ["web", "berlin"] },
  "db1.example.com": { "ssh": "dir:/srv/my images", "groups": ["berlin"] } } })";

TEST(HostListTest, ReadsEachField) {
  const HostList list = Parse(kThree);
  EXPECT_EQ(*list.Find("web1"), (ListedHost{"web1", "root@10.0.0.5", {"web"}, {{"nginx"}}}));
  EXPECT_EQ(*list.Find("web2"), (ListedHost{"web2", "web2", {"web", "berlin"}, std::nullopt}));
  EXPECT_EQ(list.Find("db1.example.com")->ssh, "dir:/srv/my images");
  EXPECT_EQ(list.Find("db1"), nullptr);
}

TEST(HostListTest, AGroupIsItsHostsAndAllIsEveryHost) {
  const HostList list = Parse(kThree);
  EXPECT_THAT(Names(list.Group("web")), ElementsAre("web1", "web2"));
  EXPECT_THAT(Names(list.Group("berlin")), ElementsAre("db1.example.com", "web2"));
  EXPECT_THAT(Names(list.Group("all")), ElementsAre("db1.example.com", "web1", "web2"));
}

TEST(HostListTest, AGroupThatIsNotThereIsAnErrorThatSaysWhatIs) {
  try {
    Parse(kThree).Group("wbe");
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_STREQ(error.what(),
                 "there is no group 'wbe' in hosts.json; there are: all, berlin, web");
  }
  try {
    HostList::Load("/nowhere/hosts.json").Group("web");
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("there is no list of hosts /nowhere/hosts.json"));
  }
}

TEST(HostListTest, GroupsHaveDefaultsThatAHostOverrides) {
  const HostList list = Parse(R"({
    "groups": { "web": { "ssh": "deploy@%h.example.com", "root": "/srv/images" },
                "berlin": { "agent_dir": "/usr/local/lib/slipway" },
                "all": { "ssh": "root@%h", "root": "/var/lib/slipway" } },
    "hosts": { "web1": { "groups": ["web", "berlin"] },
               "web2": { "groups": ["web"], "ssh": "web2", "root": "/srv/own" },
               "db1": {} } })");
  EXPECT_EQ(*list.Find("web1"), (ListedHost{"web1",
                                            "deploy@web1.example.com",
                                            {"web", "berlin"},
                                            std::nullopt,
                                            "/srv/images",
                                            "/usr/local/lib/slipway"}));
  EXPECT_EQ(list.Find("web2")->ssh, "web2");
  EXPECT_EQ(list.Find("web2")->root, "/srv/own");
  EXPECT_EQ(Parse(R"({ "hosts": { "web1": { "ssh": "ada@%h.de" } } })").Find("web1")->ssh,
            "ada@web1.de");
  EXPECT_EQ(list.Find("db1")->ssh, "root@db1");
  EXPECT_EQ(list.Find("db1")->root, "/var/lib/slipway");
  EXPECT_EQ(list.Find("db1")->agent_directory, "");
}

TEST(HostListTest, AGateIsSaidOfAHostOrAGroup) {
  const HostList list = Parse(R"({
    "groups": { "web": { "gate": true } },
    "hosts": { "web1": { "groups": ["web"] }, "web2": { "groups": ["web"], "gate": false },
               "db1": { "gate": true }, "db2": {} } })");
  EXPECT_TRUE(list.Find("web1")->gate);
  EXPECT_FALSE(list.Find("web2")->gate);
  EXPECT_TRUE(list.Find("db1")->gate);
  EXPECT_FALSE(list.Find("db2")->gate);
  EXPECT_THAT(ErrorOf(R"({ "hosts": { "a": { "gate": "yes" } } })"), HasSubstr("hosts.a.gate"));
}

TEST(HostListTest, DefaultsThatCannotBeRightAreErrors) {
  EXPECT_THAT(ErrorOf(R"({ "groups": { "web": { "root": "/a" } }, "hosts": { "a": {} } })"),
              HasSubstr("hosts.json: groups.web: no host has it in its \"groups\""));
  EXPECT_THAT(ErrorOf(R"({ "groups": { "x": { "root": "/a" }, "y": { "root": "/b" } },
                           "hosts": { "a": { "groups": ["x", "y"] } } })"),
              HasSubstr("hosts.a.root: its groups x and y say different things: say it here"));
  EXPECT_THAT(ErrorOf(R"({ "groups": { "all": { "ssh": "root@web1" } }, "hosts": { "a": {} } })"),
              HasSubstr("groups.all.ssh: 'root@web1' leads all its hosts to one: write %h"));
  EXPECT_THAT(ErrorOf(R"({ "hosts": { "a": { "root": "images" } } })"),
              HasSubstr("hosts.a.root: 'images' is not an absolute path"));
  EXPECT_THAT(ErrorOf(R"({ "hosts": { "a": { "agent_dir": "/usr/../x" } } })"),
              HasSubstr("hosts.a.agent_dir: '/usr/../x' is not an absolute path"));
}

TEST(HostListTest, ErrorsNameFileFieldAndLine) {
  EXPECT_EQ(ErrorOf("{ \"hosts\": {\n\"a\": {\n\"gruops\": [] } } }"),
            "hosts.json: hosts.a: unknown field 'gruops'; the nearest known one is 'groups' (line "
            "3)");
  EXPECT_EQ(ErrorOf("{\n\"host\": {} }"),
            "hosts.json: unknown field 'host'; the nearest known one is 'hosts' (line 2)");
  EXPECT_EQ(ErrorOf("{ \"hosts\": {\n\"a\": { \"groups\": \"web\" } } }"),
            "hosts.json: hosts.a.groups: expected an array, found string (line 2)");
  EXPECT_THAT(ErrorOf("{ \"hosts\": {\n\"a b\": {} } }"),
              HasSubstr("hosts.json: hosts.a b: 'a b' is not made of letters"));
  EXPECT_THAT(ErrorOf(R"({ "hosts": { "a": { "groups": ["@x"] } } })"), HasSubstr("'@x' is not"));
  EXPECT_THAT(ErrorOf(R"({ "hosts": { "a": { "groups": ["all"] } } })"),
              HasSubstr("every host of the file already"));
  EXPECT_THAT(ErrorOf(R"({ "hosts": { "a": { "images": [] } } })"), HasSubstr("the list is empty"));
  EXPECT_THAT(ErrorOf("{ \"hosts\": { \"a\": {\n\"images\": [\"No\"] } } }"),
              HasSubstr("image name 'No' is not possible"));
  EXPECT_THAT(ErrorOf(R"({ "hosts": { "a": {}, "a": {} } })"), HasSubstr("appears twice"));
  EXPECT_THAT(ErrorOf(R"({ "hosts": [] })"), HasSubstr("hosts.json: hosts: expected an object"));
  EXPECT_THAT(ErrorOf("{"), HasSubstr("hosts.json: line 1"));
}

}  // namespace
}  // namespace hosts

// The whole of `imgpush publish` and `imgpush channel`, in the test's process.
#include <fcntl.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "pusher/publish/publish_command.h"
#include "tests/images/channel/heads.h"
#include "tests/pusher/publish/publish_scene.h"

namespace pusher {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

struct Ran {
  int code = 0;
  std::string out;
  std::string err;
};

// Logs in nowhere: tests/pusher/enroll has those that do.
class NoHosts : public HostVerbs {
 public:
  void Describe(CLI::App& /*app*/) override {}
  bool removes() const override { return false; }
  int Enroll(const Subscription& /*subscription*/, const std::vector<std::string>& /*hosts*/,
             bool /*json*/, const base::Io& /*io*/) override {
    return 1;
  }
  int Remove(const std::vector<std::string>& /*hosts*/, bool /*json*/,
             const base::Io& /*io*/) override {
    return 1;
  }
  int Poke(const std::vector<std::string>& /*hosts*/, bool /*json*/,
           const base::Io& /*io*/) override {
    return 1;
  }
};

class ChannelCommandTest : public PublishTest {
 protected:
  Ran Run(std::vector<std::string> words) const {
    const std::string command = words.front();
    words.erase(words.begin());
    Ran ran;
    {
      const base::UniqueFd out = base::Open(At("out"), O_RDWR | O_CREAT | O_TRUNC, 0644);
      const base::UniqueFd err = base::Open(At("err"), O_RDWR | O_CREAT | O_TRUNC, 0644);
      NoHosts hosts;
      base::Io io;
      io.out = out.get();
      io.err = err.get();
      try {
        ran.code = command == "publish" ? RunPublish(words, io) : RunChannel(words, io, hosts);
      } catch (const base::Error& error) {
        ran.code = static_cast<int>(error.code());
        io.Err("{}\n", error.what());
      }
    }
    ran.out = Get("out");
    ran.err = Get("err");
    return ran;
  }
  void SetUp() override { ::setenv("XDG_CACHE_HOME", At("cache").c_str(), 1); }
  void TearDown() override {
    for (const char* name : {"XDG_CACHE_HOME", "SLIPWAY_AGENT", "SLIPWAY_FETCH"}) {
      ::unsetenv(name);
    }
  }

  Ran Publish(std::vector<std::string> words) const {
    words.insert(words.begin(), {"publish", "--images", At("images"), "--key", KeyFile("alice")});
    return Run(words);
  }
  // A verb that signs.
  Ran Change(std::vector<std::string> words) const {
    words.insert(words.begin(), {"channel", "--key", KeyFile("alice")});
    return Run(words);
  }
};

TEST_F(ChannelCommandTest, PublishSaysWhatItDidAndShowWhatThereIs) {
  BuildSigned("web", "1");
  const Ran planned = Publish({"--plan", folder(), "web"});
  EXPECT_EQ(planned.code, 0) << planned.err;
  EXPECT_THAT(planned.out, HasSubstr("would become channel web, version 1"));
  EXPECT_FALSE(std::filesystem::exists(folder()));

  const Ran done = Publish({folder(), "web", "web"});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(done.err, "");
  EXPECT_THAT(done.out, AllOf(HasSubstr("channel web, version 1: published, waves 100%"),
                              HasSubstr("put, 0 there already")));
  EXPECT_THAT(Publish({folder(), "web"}).out, HasSubstr("is that already"));
  EXPECT_FALSE(std::filesystem::exists(folder() + "/probe"));

  const Ran shown = Run({"channel", "show", folder(), "web"});
  EXPECT_THAT(shown.out, AllOf(HasSubstr("channel web, version 1"), HasSubstr("not checked"),
                               HasSubstr(FingerprintOfFile("alice"))));
  EXPECT_THAT(Change({"show", folder(), "web"}).out, Not(HasSubstr("not checked")));
  Ran eve = Run({"channel", "--key", KeyFile("eve"), "show", folder(), "web"});
  EXPECT_EQ(eve.code, 6);
  EXPECT_EQ(Run({"channel", "show", folder(), "none"}).code, 2);
}

TEST_F(ChannelCommandTest, AsJson) {
  BuildSigned("web", "1");
  const auto done = nlohmann::json::parse(Publish({"--json", folder(), "web"}).out);
  EXPECT_EQ(done["version"], 1);
  EXPECT_EQ(done["changed"], true);
  EXPECT_GT(done["put"]["bytes"], 80'000);
  const auto shown = nlohmann::json::parse(Run({"channel", "show", "--json", folder(), "web"}).out);
  EXPECT_EQ(shown["apps"], done["apps"]);
  EXPECT_EQ(shown["rollout"]["waves"][0]["percent"], 100);
  const auto all = nlohmann::json::parse(Run({"channel", "list", "--json", folder()}).out);
  EXPECT_EQ(all[0]["channel"], "web");
}

TEST_F(ChannelCommandTest, EveryVerbMakesAVersion) {
  BuildSigned("web", "1");
  BuildSigned("db", "1");
  ASSERT_EQ(Publish({folder(), "web", "web"}).code, 0);
  ASSERT_EQ(Publish({folder(), "web", "db"}).code, 0);
  EXPECT_EQ(Change({"hold", "--plan", folder(), "web"}).out,
            "would become channel web, version 3: held: nobody starts\n");
  EXPECT_THAT(Change({"hold", folder(), "web"}).out, HasSubstr("version 3: published, held"));
  EXPECT_THAT(Change({"hold", folder(), "web"}).out, HasSubstr("version 3: is that already"));
  EXPECT_THAT(Change({"release", folder(), "web"}).out, HasSubstr("version 4: published, waves"));
  EXPECT_THAT(Change({"set", "--waves", "@canary,100%+1h", "--spread", "30m", folder(), "web"}).out,
              HasSubstr("version 5: published, waves 0%@canary,100%+1h, each within 30m"));
  EXPECT_THAT(Change({"remove", folder(), "web", "db"}).out, HasSubstr("version 6: published"));
  EXPECT_THAT(Change({"rollback", folder(), "web"}).out, HasSubstr("version 7: published, urgent"));
  EXPECT_THAT(Run({"channel", "show", folder(), "web"}).out, HasSubstr("db"));
  EXPECT_THAT(Change({"rollback", folder(), "web", "1"}).out, HasSubstr("version 8"));
  EXPECT_THAT(Run({"channel", "show", folder(), "web"}).out, Not(HasSubstr("db")));
  EXPECT_THAT(Run({"channel", "show", folder(), "web", "7"}).out, HasSubstr("db"));
  EXPECT_THAT(Change({"renew", "--expires-in", "30d", folder(), "web"}).out,
              HasSubstr("version 9: published, urgent"));
  EXPECT_THAT(Run({"channel", "list", folder(), "web"}).out,
              AllOf(HasSubstr("9*"), HasSubstr("0%@canary,100%+1h")));
  store::FolderStore store(folder());
  EXPECT_EQ(WholeHead(store).version, 9U);
}

// As the machine that enrolls has them.
TEST_F(ChannelCommandTest, SetNamesTheProgramsOfHosts) {
  BuildSigned("web", "1");
  BuildSigned("db", "1");
  ASSERT_EQ(Publish({folder(), "web", "web"}).code, 0);
  EXPECT_THAT(Run({"channel", "show", folder(), "web"}).out, Not(HasSubstr("for hosts")));
  Put("activate", Program("an activate"));
  Put("fetch", Program("a fetch"));
  ::setenv("SLIPWAY_AGENT", At("activate").c_str(), 1);
  ::setenv("SLIPWAY_FETCH", At("fetch").c_str(), 1);
  EXPECT_THAT(Change({"set", "--plan", "--programs", folder(), "web"}).out,
              AllOf(HasSubstr("would become channel web, version 2"), HasSubstr("2 objects, ")));
  const Ran set = Change({"set", "--programs", folder(), "web"});
  EXPECT_THAT(set.out, AllOf(HasSubstr("version 2: published, waves"),
                             HasSubstr("2 objects, 58 B put, 0 there already")))
      << set.err;
  EXPECT_THAT(Change({"set", "--programs", folder(), "web"}).out,
              AllOf(HasSubstr("version 2: is that already"), HasSubstr("2 there already")));
  ASSERT_EQ(Publish({folder(), "web", "db"}).code, 0);
  const std::string agent = base::Sha256Of(Program("an activate")).ToHex();
  const std::string fetch = base::Sha256Of(Program("a fetch")).ToHex();
  EXPECT_THAT(Run({"channel", "show", folder(), "web"}).out,
              HasSubstr("  activate for hosts: x86_64 " + agent.substr(0, 16) +
                        "\n  fetch for hosts: x86_64 " + fetch.substr(0, 16) + "\n"));
  const auto shown = nlohmann::json::parse(Run({"channel", "show", "--json", folder(), "web"}).out);
  EXPECT_EQ(shown["version"], 3);
  EXPECT_EQ(shown["agent"]["x86_64"]["sha256"], agent);
  EXPECT_EQ(shown["fetch"]["x86_64"]["bytes"], Program("a fetch").size());
  store::FolderStore store(folder());
  EXPECT_EQ(store.Get("agents/activate-" + agent, 1 << 20).body, Program("an activate"));
  EXPECT_EQ(store.Get("agents/fetch-" + fetch, 1 << 20).body, Program("a fetch"));

  EXPECT_THAT(Change({"set", "--no-programs", folder(), "web"}).out,
              HasSubstr("version 4: published"));
  EXPECT_THAT(Run({"channel", "show", folder(), "web"}).out, Not(HasSubstr("for hosts")));
  EXPECT_EQ(Change({"set", "--programs", "--no-programs", folder(), "web"}).code, 2);
  EXPECT_THAT(Change({"hold", "--programs", folder(), "web"}).err,
              HasSubstr("hold has no --programs"));
  Put("fetch", "a script");
  EXPECT_EQ(Change({"set", "--programs", folder(), "web"}).code, 1);
}

TEST_F(ChannelCommandTest, WrongCommandLines) {
  BuildSigned("web", "1");
  ASSERT_EQ(Publish({folder(), "web"}).code, 0);
  EXPECT_THAT(Change({"frobnicate", folder(), "web"}).err, HasSubstr("there are show, list"));
  EXPECT_THAT(Change({"hold", "--waves", "1%", folder(), "web"}).err,
              HasSubstr("hold has no --waves"));
  EXPECT_THAT(Change({"remove", folder(), "web"}).err, HasSubstr("remove takes more words"));
  EXPECT_EQ(Change({"rollback", folder(), "web", "0"}).code, 2);
  EXPECT_EQ(Change({"rollback", folder(), "web", "77"}).code, 2);
  EXPECT_EQ(Change({"hold", folder(), "none"}).code, 2);
  EXPECT_EQ(Change({"set", "--salt", "a b", folder(), "web"}).code, 2);
  EXPECT_THAT(Change({"set", "--urgent", folder(), "web"}).err, HasSubstr("say what to set"));
  EXPECT_EQ(Change({"list", At("not-mounted")}).code, 7);
  EXPECT_FALSE(std::filesystem::exists(At("not-mounted")));
  EXPECT_EQ(Publish({folder(), "../web"}).code, 2);
  EXPECT_EQ(Publish({folder(), "web", "none"}).code, 2);
  EXPECT_EQ(Publish({folder(), "web", "web", "web"}).code, 2);
}

// The keys of two people, and whom a host of the channel trusts.
TEST_F(ChannelCommandTest, TrustSaysWhoseHeadsAreTakenOver) {
  BuildSigned("web", "1");
  BuildSigned("web", "2");
  ASSERT_EQ(Publish({folder(), "web"}).code, 0);
  const images::TrustTexts trust = TrustIn({"alice", "bob"});
  Put("trust/signers", trust.signers);
  Put("trust/revoked", trust.revoked);
  Put("trust/policy.json", trust.policy);
  const auto as = [&](const std::string& who) {
    return Run({"channel", "--key", KeyFile(who), "--trust", At("trust"), "hold", folder(), "web"});
  };
  EXPECT_EQ(as("eve").code, 6);  // what she signs, nobody takes
  EXPECT_EQ(as("bob").code, 0) << as("bob").err;
  EXPECT_EQ(Change({"release", folder(), "web"}).code, 6);  // alice believes herself alone
}

// Both publishers were killed between the version and the head.
TEST_F(ChannelCommandTest, RollbackBeginsWithTheRepairedHead) {
  BuildSigned("web", "1");
  BuildSigned("db", "1");
  ASSERT_EQ(Publish({folder(), "web", "web"}).code, 0);
  const std::string old_head = Get("store/channels/web/head");
  ASSERT_EQ(Publish({folder(), "web", "db"}).code, 0);
  Put("store/channels/web/head", old_head);
  EXPECT_THAT(Change({"rollback", "--plan", folder(), "web"}).out,
              HasSubstr("would become channel web, version 3: urgent"));
  const Ran ran = Change({"rollback", folder(), "web"});
  EXPECT_THAT(ran.out, AllOf(HasSubstr("version 2 was published, and its head swapped now"),
                             HasSubstr("version 3: published, urgent")))
      << ran.err;
  EXPECT_THAT(Run({"channel", "show", folder(), "web"}).out, Not(HasSubstr("db")));

  std::filesystem::remove(folder() + "/channels/web/head");
  EXPECT_THAT(Change({"rollback", "--plan", folder(), "web"}).out, HasSubstr("version 4"));
  EXPECT_THAT(Change({"rollback", folder(), "web"}).out, HasSubstr("version 4: published, urgent"));
  EXPECT_THAT(Run({"channel", "show", folder(), "web"}).out, HasSubstr("db"));
}

TEST_F(ChannelCommandTest, ThePlanOfAPublishCountsDeltas) {
  BuildSigned("web", "1");
  ASSERT_EQ(Publish({folder(), "web", "web"}).code, 0);
  BuildSigned("web", "2");
  EXPECT_THAT(Publish({"--plan", folder(), "web", "web"}).out,
              HasSubstr("1 delta to make, 0 there already"));
  EXPECT_THAT(Publish({"--plan", "--deltas", "0", folder(), "web", "web"}).out,
              Not(HasSubstr("delta")));
  EXPECT_THAT(Publish({folder(), "web", "web"}).out, HasSubstr("1 delta, "));
  store::FolderStore store(folder());
  EXPECT_EQ(store.List(images::kDeltasPrefix).size(), 1U);
}

TEST_F(ChannelCommandTest, StatusShowsWhatHostsReport) {
  images::StateDocument document;
  document.host = "web1";
  document.time = tests::kCreated;
  document.sequence = 1;
  document.agent = "1.0";
  images::ChannelReport& report = document.channels["web"];
  report.result = images::ChannelResult::kRolledBack;
  report.seen = {42, tests::kCreated};
  report.error = "web.service is not healthy";
  Put("store/state/web1.json", document.Serialize());
  Put("store/state/web2.json", "{}");
  const Ran ran = Run({"channel", "status", folder()});
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.out, AllOf(HasSubstr("web1  web      rolled-back"), HasSubstr("42"),
                             HasSubstr("web.service is not healthy"), HasSubstr("unreadable")));
  EXPECT_THAT(Run({"channel", "status", folder(), "db"}).out, Not(HasSubstr("web1")));
  const auto json = nlohmann::json::parse(Run({"channel", "status", "--json", folder()}).out);
  EXPECT_EQ(json[0]["channels"]["web"]["result"], "rolled-back");
  EXPECT_TRUE(json[1].contains("error"));
}

TEST_F(ChannelCommandTest, PruneRemovesWhatWasDoomedForADay) {
  BuildSigned("web", "1");
  ASSERT_EQ(Publish({folder(), "web"}).code, 0);
  const std::string orphan = "images/web/0123456789abcdef/image.erofs";
  Put("store/" + orphan, "left by a publisher that was killed");
  EXPECT_THAT(Run({"channel", "prune", folder()}).out,
              HasSubstr("removed 0 objects, 0 B; 1 unnamed"));
  store::FolderStore store(folder());
  ChannelObjects objects(store, JudgeNothing());
  StoredRecord there = objects.ReadPruneRecord();
  ASSERT_TRUE(there.record.doomed.contains(orphan));
  there.record.doomed[orphan] -= std::chrono::hours(25);
  ASSERT_TRUE(objects.SwapPruneRecord(objects.ReadPruneRecord(), there.record));
  EXPECT_THAT(Run({"channel", "prune", "--plan", folder()}).out,
              HasSubstr("would remove 1 object"));
  EXPECT_TRUE(store.Exists(orphan));
  EXPECT_THAT(Run({"channel", "prune", folder()}).out, HasSubstr("removed 1 object"));
  EXPECT_FALSE(store.Exists(orphan));
  EXPECT_EQ(objects.ReadPruneRecord().record, images::PruneRecord());
  WholeHead(store);

  Put("store/channels/web/00000009", "damaged");
  Put("store/" + orphan, "again");
  EXPECT_EQ(Run({"channel", "prune", folder()}).code, 6);  // who knows what it names
}

TEST_F(ChannelCommandTest, PruneBelievesHeadsByThoseWhoAreTrusted) {
  BuildSigned("web", "1");
  ASSERT_EQ(Publish({folder(), "web"}).code, 0);
  EXPECT_THAT(Run({"channel", "prune", folder()}).out, HasSubstr("not checked"));
  EXPECT_THAT(Change({"prune", folder()}).out, Not(HasSubstr("not checked")));
  const Ran eve = Run({"channel", "--key", KeyFile("eve"), "prune", folder()});
  EXPECT_EQ(eve.code, 6);
  EXPECT_THAT(eve.err, HasSubstr("not signed by your key"));
  EXPECT_FALSE(std::filesystem::exists(folder() + "/prune.json"));
}

}  // namespace
}  // namespace pusher

// The programs that a head names.
#include "activator/pull/programs.h"

#include "tests/activator/pull/pull_fixture.h"

namespace activator {
namespace {

using testing::HasSubstr;

class ProgramsTest : public PullTest {
 protected:
  ProgramsTest() { head_ = Head(1, {{"web", Build("web", "1")}}); }

  static std::string Agent(const std::string& version) {
    return "#!/bin/sh\necho activate " + version + "\n";
  }
  static std::string Fetch(const std::string& version) {
    return "#!/bin/sh\necho fetch " + version + "\n";
  }
  images::ProgramFile Put(const std::string& kind, const std::string& content) {
    const base::Sha256 digest = base::Sha256Of(content);
    fetch_.objects["agents/" + kind + "-" + digest.ToHex()] = content;
    return {digest, content.size()};
  }
  void NameAgent(const std::string& content) {
    head_.agent[images::MachineArchitecture()] = Put("activate", content);
  }
  void NameFetch(const std::string& content) {
    head_.fetch[images::MachineArchitecture()] = Put("fetch", content);
  }
  size_t CountGets(const std::string& kind) const {
    return static_cast<size_t>(std::ranges::count_if(fetch_.asked, [&](const std::string& what) {
      return what.starts_with("get agents/" + kind + "-");
    }));
  }
  void PublishNext() {
    ++head_.version;
    Publish(head_);
  }
  std::string Installed(const std::string& name) const {
    return base::ReadFileIfThere(layout_.Bin() + "/" + name).value_or("");
  }

  images::ChannelHead head_;
};

TEST_F(ProgramsTest, AreFetchedVerifiedAndTakeOverUnlessOlder) {
  NameAgent(Agent("0.2.0"));
  NameFetch(Fetch("0.2.0"));
  head_.agent["another-machine"] = {base::Sha256Of("x"), 1};
  PublishNext();
  const PullResult result = Pull();
  EXPECT_EQ(result.exit_code, 0) << Report(result).error;
  EXPECT_EQ(Installed("activate"), Agent("0.2.0"));
  EXPECT_EQ(Installed("fetch"), Fetch("0.2.0"));
  ASSERT_TRUE(base::Exists(FetchLink(layout_)));
  EXPECT_EQ(base::StatIfThere(FetchLink(layout_))->st_mode & 07777U, 0755U);
  EXPECT_EQ(Pull().exit_code, 0);
  EXPECT_EQ(fetch_.asked.size(), 1U);  // the head
  NameAgent(Agent("0.1.0"));
  NameFetch(Fetch("0.1.0"));
  PublishNext();
  EXPECT_EQ(Pull().exit_code, 0);
  EXPECT_EQ(Installed("activate"), Agent("0.2.0"));
  EXPECT_EQ(Installed("fetch"), Fetch("0.2.0"));
  NameAgent(Agent("0.10.0"));
  NameFetch(Fetch("0.10.0"));
  PublishNext();
  EXPECT_EQ(Pull().exit_code, 0);
  EXPECT_EQ(Installed("activate"), Agent("0.10.0"));
  EXPECT_EQ(Installed("fetch"), Fetch("0.10.0"));
}

TEST_F(ProgramsTest, AnythingElseIsNotInstalledAndTheSetRunsAllTheSame) {
  const auto fails = [&](const std::string& why, int exit_code) {
    PublishNext();
    const PullResult result = Pull();
    EXPECT_EQ(result.exit_code, exit_code);
    EXPECT_THAT(Report(result).error, HasSubstr(why));
    EXPECT_EQ(Report(result).result, images::ChannelResult::kActive);
    EXPECT_EQ(Installed("activate"), "");
  };
  NameAgent(Agent("0.2.0"));
  for (auto& [key, content] : fetch_.objects) {
    if (key.starts_with("agents/")) {
      content.back() = ' ';
    }
  }
  fails("is not what the channel's head names", 6);
  fetch_.objects.clear();
  fails("has no agents/activate-", 1);
  NameAgent("#!/bin/sh\nexit 1\n");
  fails("does not run on this host", 1);
}

// One that does not run would end all polls for good.
TEST_F(ProgramsTest, OneThatDoesNotRunIsNotLinkedAndFetchedOnce) {
  NameFetch(Fetch("0.1.0"));
  NameAgent(Agent("0.1.0"));
  PublishNext();
  EXPECT_EQ(Pull().exit_code, 0);
  NameFetch("#!/bin/sh\nexit 1\n");
  NameAgent("#!/bin/sh\nexit 2\n");
  PublishNext();
  for (const size_t gets : {1U, 0U}) {
    PullResult result = Pull();
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_THAT(Report(result).error,
                HasSubstr("fetch that the channel's head names does not run"));
    EXPECT_EQ(CountGets("fetch"), gets);
  }
  EXPECT_EQ(Installed("fetch"), Fetch("0.1.0"));
  NameFetch(Fetch("0.3.0"));
  PublishNext();
  for (const size_t gets : {1U, 0U}) {
    PullResult result = Pull();
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_THAT(Report(result).error,
                HasSubstr("activate that the channel's head names does not run"));
    EXPECT_EQ(CountGets("activate"), gets);
    EXPECT_EQ(CountGets("fetch"), gets);
  }
  EXPECT_EQ(Installed("fetch"), Fetch("0.3.0"));
  NameAgent(Agent("0.3.0"));
  PublishNext();
  EXPECT_EQ(Pull().exit_code, 0);
  EXPECT_EQ(Installed("activate"), Agent("0.3.0"));
}

TEST_F(ProgramsTest, WaitForTheHostsTurn) {
  NameAgent(Agent("0.2.0"));
  head_.rollout.hold = true;
  PublishNext();
  EXPECT_EQ(Pull().exit_code, 0);
  EXPECT_EQ(Installed("activate"), "");
  head_.rollout.hold = false;
  PublishNext();
  EXPECT_EQ(Pull().exit_code, 0);
  EXPECT_EQ(Installed("activate"), Agent("0.2.0"));
  // Also where they are all that is new.
  const auto waits = [&] {
    PublishNext();
    const PullResult result = Pull();
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_EQ(Report(result).result, images::ChannelResult::kActive);
    EXPECT_EQ(Installed("activate"), Agent("0.2.0"));
  };
  NameAgent(Agent("0.3.0"));
  head_.rollout.hold = true;
  waits();
  head_.rollout.hold = false;
  head_.rollout.waves = {{{"canary"}, 0, seconds(0)}, {{}, 100, hours(3)}};
  waits();
  clock_.now += hours(2) + minutes(1);
  EXPECT_EQ(Pull().exit_code, 0);
  EXPECT_EQ(Installed("activate"), Agent("0.3.0"));
  NameAgent(Agent("0.4.0"));
  head_.created = clock_.now;
  head_.rollout.urgent = true;
  PublishNext();
  EXPECT_EQ(Pull().exit_code, 0);
  EXPECT_EQ(Installed("activate"), Agent("0.4.0"));
}

TEST_F(ProgramsTest, AFetchThatIsNotWholeIsNotLinked) {
  const base::Sha256 digest = base::Sha256Of("fetch");
  base::WriteFileAtomically(layout_.Bin() + "/fetch-" + digest.ToHex(), "other", 0755);
  EXPECT_THAT(tests::MessageOf([&] { LinkFetch(layout_, digest); }), HasSubstr("not whole"));
  EXPECT_FALSE(base::LstatIfThere(FetchLink(layout_)));
}

}  // namespace
}  // namespace activator

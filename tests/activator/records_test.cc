#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "activator/command_line.h"
#include "activator/os/systemd.h"
#include "activator/report/report.h"
#include "activator/state/generation.h"
#include "activator/state/history.h"
#include "activator/state/outcome.h"
#include "activator/state/root.h"
#include "activator/state/switch_record.h"
#include "base/atomic_file.h"
#include "tests/activator/host_fixture.h"
#include "tests/activator/read_history.h"
#include "tests/support/errors.h"

namespace activator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

TEST(Generation, ReadsWhatItWrote) {
  Generation generation;
  generation.number = 7;
  generation.parent = 5;
  generation.created = "2026-01-31T23:59:59Z";
  generation.by = "root";
  generation.apps = {{"web", base::Sha256Of("web")}};
  generation.changes = {{"web", {std::nullopt, base::Sha256Of("web")}},
                        {"db", {base::Sha256Of("db"), std::nullopt}}};
  generation.state = GenerationState::kRolledBack;
  generation.reason = "why";
  generation.healthy_sequence = 3;
  EXPECT_EQ(Generation::Parse(generation.Serialize(), "x"), generation);
}

TEST(Generation, SurvivesTextThatIsNotUtf8) {
  Generation generation;
  generation.number = 1;
  generation.reason = "\xff";
  EXPECT_NO_THROW(Generation::Parse(generation.Serialize(), "x"));
}

class HistoryTest : public HostTest {};

TEST_F(HistoryTest, NumbersEvents) {
  EXPECT_EQ(AppendEvent(layout, {0, "", "staged", 1, 0, "", "", ""}), 1U);
  EXPECT_EQ(AppendEvent(layout, {0, "", "activated", 1, 0, "id", "", "line\nbreak"}), 2U);
  EXPECT_EQ(AppendEvent(layout, {0, "", "activated", 1, 0, "id", "", "again"}), 2U);
  ASSERT_THAT(ReadHistory(layout), SizeIs(2));
  EXPECT_EQ(ReadHistory(layout)[1].reason, "line\nbreak");
}

TEST_F(HistoryTest, PassesOverALineThatACrashCutShort) {
  AppendEvent(layout, {0, "", "staged", 1, 0, "", "", ""});
  Write(layout.History(), base::ReadFile(layout.History()) + "{\"sequence\":2,\"ti");
  ASSERT_THAT(ReadHistory(layout), SizeIs(1));
  EXPECT_EQ(AppendEvent(layout, {0, "", "staged", 2, 0, "", "", ""}), 2U);
  ASSERT_THAT(ReadHistory(layout), SizeIs(2));
}

TEST_F(HistoryTest, PassesOverALineThatCannotBeRead) {
  AppendEvent(layout, {0, "", "staged", 1, 0, "", "", ""});
  Write(layout.History(), base::ReadFile(layout.History()) + "\x01\n");
  EXPECT_EQ(AppendEvent(layout, {0, "", "staged", 2, 0, "", "", ""}), 3U);
  EXPECT_EQ(AppendEvent(layout, {0, "", "staged", 3, 0, "", "", ""}), 4U);
  ASSERT_THAT(ReadHistory(layout), SizeIs(3));
  EXPECT_EQ(ReadHistory(layout)[1].sequence, 3U);
}

class RootTest : public HostTest {
 protected:
  // What PrepareRoot says; empty: it agreed.
  static std::string Refusal(const std::string& path) {
    try {
      PrepareRoot(images::HostLayout(path));
      return "";
    } catch (const base::Error& error) {
      return error.what();
    }
  }
};

TEST_F(RootTest, IsMadeWithWhatBelongsThere) {
  // Not below /tmp, which everybody can write.
  if (::geteuid() != 0) {
    EXPECT_EQ(Refusal(root + "/new"), "");
    EXPECT_TRUE(base::Exists(root + "/new/generations"));
    return;
  }
  const base::TemporaryDirectory made("/run", "slipway-root-test-");
  EXPECT_EQ(Refusal(made.path() + "/new"), "");
  for (const char* name : {"generations", "incoming", "bin"}) {
    EXPECT_TRUE(base::Exists(made.path() + "/new/" + name));
  }
}

TEST_F(RootTest, IsRefusedWhereOthersCouldChangeIt) {
  if (::geteuid() != 0) {
    EXPECT_THAT(Refusal("/"), HasSubstr("absolute"));
    return;
  }
  EXPECT_THAT(Refusal("/tmp/slipway-root"), HasSubstr("chmod go-w /tmp"));
  const base::TemporaryDirectory made("/run", "slipway-root-test-");
  const std::string foreign = made.path() + "/theirs";
  base::MakeDirectories(foreign + "/root");
  ASSERT_EQ(::chown(foreign.c_str(), 12345, 0), 0);
  EXPECT_THAT(Refusal(foreign + "/root"), HasSubstr(foreign + " belongs to user 12345"));
  // A link does not hide where it leads.
  ASSERT_EQ(::symlink((foreign + "/root").c_str(), (made.path() + "/link").c_str()), 0);
  EXPECT_THAT(Refusal(made.path() + "/link"), HasSubstr("belongs to user 12345"));
  // Nor does one on the way, wherever it leads just now.
  base::MakeDirectories(made.path() + "/safe");
  ASSERT_EQ(::symlink((made.path() + "/safe").c_str(), (foreign + "/hop").c_str()), 0);
  ASSERT_EQ(::symlink((foreign + "/hop").c_str(), (made.path() + "/two-hops").c_str()), 0);
  EXPECT_THAT(Refusal(made.path() + "/two-hops"), HasSubstr("belongs to user 12345"));
  ASSERT_EQ(::symlink("loop", (made.path() + "/loop").c_str()), 0);
  EXPECT_THAT(Refusal(made.path() + "/loop"), HasSubstr("too many links"));
}

// Everything that a push or a switch walks through.
TEST_F(RootTest, IsRefusedWhereSomethingInItIsNotOursAlone) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "needs root";
  }
  const base::TemporaryDirectory made("/run", "slipway-root-test-");
  const std::string base_path = made.path() + "/images";
  const auto fill = [&] {
    base::RemoveTree(base_path);
    ASSERT_EQ(Refusal(base_path), "");
    for (const char* directory :
         {"/generations/1/units", "/incoming/0123", "/app/0123456789abcdef", "/trust"}) {
      base::MakeDirectories(base_path + directory);
    }
    for (const char* file : {"/generations/1/units/a.service", "/incoming/0123/lock",
                             "/app/0123456789abcdef/image.erofs", "/lock", "/.version-locks",
                             "/history.jsonl", "/healthy.json", "/switch.json", "/confirmed.json",
                             "/bin/activate-1", "/trust/signers"}) {
      Write(base_path + file, "");
    }
    base::ReplaceSymlink("activate-1", base_path + "/bin/activate");
    base::ReplaceSymlink("generations/1", base_path + "/current");
    ASSERT_EQ(Refusal(base_path), "");
  };
  for (const std::string name : {"generations",
                                 "generations/1",
                                 "generations/1/units",
                                 "generations/1/units/a.service",
                                 "incoming",
                                 "incoming/0123",
                                 "incoming/0123/lock",
                                 "app",
                                 "app/0123456789abcdef",
                                 "app/0123456789abcdef/image.erofs",
                                 "lock",
                                 ".version-locks",
                                 "history.jsonl",
                                 "healthy.json",
                                 "switch.json",
                                 "confirmed.json",
                                 "bin",
                                 "bin/activate-1",
                                 "trust",
                                 "trust/signers"}) {
    const std::string path = base_path + "/" + name;
    fill();
    ASSERT_EQ(::chown(path.c_str(), 12345, 0), 0);
    EXPECT_THAT(Refusal(base_path), HasSubstr(path + " belongs to user 12345"));
    EXPECT_THAT(Refusal(base_path), HasSubstr("(chown -R root: " + path + ")"));
    fill();
    ASSERT_EQ(::chmod(path.c_str(), 0775), 0);
    EXPECT_THAT(Refusal(base_path), HasSubstr("chmod -R go-w " + path));
    if (!name.starts_with("bin/")) {
      fill();
      base::RemoveTree(path);
      ASSERT_EQ(::symlink("/etc", path.c_str()), 0);
      const std::string why =
          path + " is a link, which is not followed: put what it leads to in its place";
      if (name == "app") {  // holds no version of ours; a first one is not put there
        EXPECT_EQ(tests::MessageOf([&] { CheckApplication(images::HostLayout(base_path), name); }),
                  why);
      } else {  // bin may be elsewhere, where nobody else can write either
        EXPECT_EQ(Refusal(base_path), name == "bin" ? "" : why);
      }
    }
    fill();
    base::RemoveTree(path);
    ASSERT_EQ(::mkfifo(path.c_str(), 0644), 0);
    if (name != "app") {  // what else stands there is not ours
      EXPECT_THAT(Refusal(base_path), HasSubstr(path + " is a FIFO where a file should be"));
    }
  }
}

// What an operator keeps beside the applications is not ours to judge.
TEST_F(RootTest, OtherFoldersInItMayBeAnybodys) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "needs root";
  }
  const base::TemporaryDirectory made("/run", "slipway-root-test-");
  const std::string backup = made.path() + "/backup";
  base::MakeDirectories(backup);
  ASSERT_EQ(::chown(backup.c_str(), 12345, 0), 0);
  EXPECT_EQ(Refusal(made.path()), "");
  EXPECT_THAT(
      tests::MessageOf([&] { CheckApplication(images::HostLayout(made.path()), "backup"); }),
      HasSubstr("belongs to user 12345"));
}

TEST(Systemctl, OutputIsParsed) {
  const auto states = ParseShow(
      "Type=exec\nMainPID=42\nNRestarts=1\nTimeoutStopUSec=1min "
      "30s\nId=a.service\n"
      "ActiveState=active\nSubState=running\nJob=17\n\n"
      "TimeoutStopUSec=infinity\nId=b.service\nLoadState=not-found\nActiveState=inactive\n");
  ASSERT_THAT(states, SizeIs(2));
  const UnitState& a = states.at("a.service");
  EXPECT_EQ(a.main_pid, 42U);
  EXPECT_EQ(a.restarts, 1U);
  EXPECT_TRUE(a.has_job);
  EXPECT_EQ(a.stop_timeout, std::chrono::seconds(90));
  const UnitState& b = states.at("b.service");
  EXPECT_EQ(b.stop_timeout.count(), 0);
  EXPECT_TRUE(b.IsDown());
}

class OutcomeTest : public HostTest {
 protected:
  void Append(const std::string& event, const std::string& id, uint64_t generation, uint64_t from,
              const std::string& reason) {
    AppendEvent(layout, {0, "", event, generation, from, id, "me", reason});
  }
  std::optional<std::string> Recorded(const std::string& id) {
    const std::optional<Outcome> outcome = RecordedOutcome(layout, id);
    return outcome ? std::optional(fmt::format("{} {}\n{}", outcome->exit_code, outcome->summary,
                                               base::DetailText(outcome->detail)))
                   : std::nullopt;
  }
};

// Nothing was changed, so whoever asks again is not told of it: it is checked again.
TEST_F(OutcomeTest, OfARefusalIsNotFinal) {
  Append("preflight-failed", "a", 2, 1, "port 80 is taken");
  EXPECT_TRUE(Recorded("a").has_value());
  EXPECT_FALSE(FinalOutcome(layout, "a").has_value());
  for (const char* why : {"port 81 is taken", "port 81 is taken", "port 80 is taken"}) {
    Append("preflight-failed", "a", 2, 1, why);
    EXPECT_THAT(*Recorded("a"), HasSubstr(why));
  }
  EXPECT_EQ(LastActivation(layout)->sequence, 3U);
  Append("rolled-back", "a", 2, 1, "it failed");
  EXPECT_EQ(FinalOutcome(layout, "a")->exit_code, 3);
}

// Whoever lost the connection asks again under the same id.
TEST_F(OutcomeTest, IsWhatTheLastEventOfAnActivationSays) {
  EXPECT_EQ(Recorded("a"), std::nullopt);
  Append("staged", "a", 2, 0, "");
  EXPECT_EQ(Recorded("a"), std::nullopt);
  Append("activated", "a", 2, 1, "");
  Append("rolled-back", "b", 3, 2, "it failed");
  Append("rolled-back", "c", 1, 0, "it failed");
  Append("failed", "d", 4, 2, "both failed");
  Append("preflight-failed", "e", 5, 2, "no such file");
  EXPECT_EQ(Recorded("a"), "0 generation 2 is active and healthy\n");
  EXPECT_EQ(Recorded("b"),
            "3 generation 3 was not activated: it failed\n  generation 2 runs again\n");
  EXPECT_EQ(Recorded("c"),
            "3 generation 1 was not activated: it failed\n"
            "  the host is as before, without applications\n");
  EXPECT_EQ(Recorded("d"),
            "4 generation 4 was not activated: both failed\n"
            "  and generation 2 did not come up again\n");
  EXPECT_EQ(Recorded("e"),
            "1 generation 5 was not activated: no such file\n  nothing was changed\n");
}

class ReportTest : public HostTest {};

TEST_F(ReportTest, TellsOfASwitchThatWasCutOff) {
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0);
  SwitchRecord record;
  record.activation_id = "id";
  record.from = 1;
  record.to = 2;
  WriteSwitchRecord(layout, record);
  const Status status = ReadStatus(host, true);
  EXPECT_EQ(status.active, 1U);
  EXPECT_EQ(status.switch_in_progress, false);
  EXPECT_THAT(StatusText(status), HasSubstr("CUT OFF"));
  EXPECT_THAT(StatusText(status), HasSubstr("web.service"));
  EXPECT_THAT(StatusJson(status), HasSubstr("\"in_progress\": false"));
  EXPECT_THAT(ListJson(ReadListing(layout)), HasSubstr("\"is_active\": true"));
}

TEST_F(ReportTest, ListsWhatCannotBeReadToo) {
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0);
  Stage("web", "two");
  Write(layout.Generation(2) + "/generation.json", "{");
  const Listing listing = ReadListing(layout);
  EXPECT_THAT(listing.generations, SizeIs(1));
  EXPECT_THAT(ListText(listing), HasSubstr("2  unreadable"));
  EXPECT_THAT(ListText(listing), HasSubstr(layout.Generation(2)));
  EXPECT_THAT(ListJson(listing), HasSubstr("\"state\": \"unreadable\""));
}

}  // namespace
}  // namespace activator

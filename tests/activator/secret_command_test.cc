// `activate secret`: what is kept, who is restarted for it, and what becomes of a bad value.
#include "activator/secret_command.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <array>
#include <ctime>

#include "activator/report/report.h"
#include "activator/state/history.h"
#include "activator/state/secrets.h"
#include "activator/switch/recovery.h"
#include "tests/activator/host_fixture.h"

namespace activator {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

const SecretChange kChange{"web", "key", "tester"};

class SecretTest : public HostTest {
 protected:
  SecretTest() {
    KeepSecretForm(layout, images::SecretForm::kPlain);
    host.ask = [this](const images::Health&, std::chrono::milliseconds) {
      const bool bad = ReadSecret(layout, "web", "key").value_or("").starts_with("bad");
      return bad ? ProbeResult{false, "status 500", ""} : ProbeResult{true, "", ""};
    };
  }
  // web.service reads the key, side.service of the same application does not.
  uint64_t StageReader(const std::string& program) {
    shape = [](images::Services& services) {
      services.at("web").secrets = {"key"};
      services.at("web").health.tcp = "127.0.0.1:8080";
    };
    const base::Sha256 digest = Push("web", program, {"web", "side"});
    shape = nullptr;
    return StageGeneration(layout, {{"web", digest}}, "tester").number;
  }
  void RunReader() {
    WriteSecret(layout, "web", "key", "first");
    ASSERT_EQ(ActivateNumber(StageReader("one")), 0) << error;
    const timespec long_ago{std::time(nullptr) - 3600, 0};
    const std::array<timespec, 2> times = {long_ago, long_ago};
    ASSERT_EQ(::utimensat(AT_FDCWD, Path().c_str(), times.data(), 0), 0);
    systemd.calls.clear();
  }
  int Set(const std::string& value, bool restarts = true) {
    SecretChange change = kChange;
    change.restarts = restarts;
    error.clear();
    try {
      SetSecret(host, change, value);
      return 0;
    } catch (const base::Error& thrown) {
      error = thrown.what() + ("\n" + base::DetailText(thrown.detail()));
      return static_cast<int>(thrown.code());
    }
  }
  std::string Value() { return ReadSecret(layout, "web", "key").value_or("(none)"); }
  std::string Path() const { return layout.Secret(images::SecretForm::kPlain, "web", "key"); }
  std::vector<std::string> Files() const { return base::ListDirectory(base::ParentOf(Path())); }
  // As systemd says of a process that began between the first value and the next.
  void ProcessesStarted() {
    const auto started = clock.Monotonic().time_since_epoch() - std::chrono::minutes(1);
    systemd.touch_up = [started](UnitState& state) {
      state.process_started = std::chrono::duration_cast<std::chrono::microseconds>(started);
    };
  }
};

TEST_F(SecretTest, IsKeptByteForByteForRootAlone) {
  const std::string value("a\0b\n", 4);
  ASSERT_EQ(Set(value), 0) << error;  // nothing was pushed yet
  EXPECT_EQ(Value(), value);
  struct stat found {};
  for (const auto& [path, mode] : std::map<std::string, mode_t>{
           {Path(), 0600},
           {base::ParentOf(Path()), 0700},
           {layout.Secrets(images::SecretForm::kPlain), 0700},
           {base::ParentOf(layout.Secrets(images::SecretForm::kPlain)), 0755}}) {
    ASSERT_EQ(::stat(path.c_str(), &found), 0) << path;
    EXPECT_EQ(found.st_mode & 07777U, mode) << path;
  }
  EXPECT_THAT(Files(), ElementsAre("key"));
}

TEST_F(SecretTest, TheUnitNamesTheFileAndTheSwitchNeedsIt) {
  const uint64_t number = StageReader("one");
  EXPECT_THAT(base::ReadFile(layout.Generation(number) + "/units/web.service"),
              HasSubstr("\nLoadCredential=key:" + Path() + "\n"));
  EXPECT_THAT(base::ReadFile(layout.Generation(number) + "/units/side.service"),
              Not(HasSubstr("LoadCredential")));
  EXPECT_EQ(ActivateNumber(number), 1);
  EXPECT_THAT(error,
              HasSubstr("web: service web needs the secret key: activate secret set web key\n"));
  WriteSecret(layout, "web", "key", "value");
  ASSERT_EQ(::chmod(Path().c_str(), 0644), 0);
  EXPECT_EQ(ActivateNumber(number), 1);
  EXPECT_THAT(error, HasSubstr("chmod 600 " + Path()));
  ASSERT_EQ(::chmod(Path().c_str(), 0600), 0);
  EXPECT_EQ(ActivateNumber(number), 0) << error;
}

TEST_F(SecretTest, ANewValueRestartsWhatReadsItAlone) {
  RunReader();
  ASSERT_EQ(Set("second"), 0) << error;
  EXPECT_EQ(Value(), "second");
  EXPECT_THAT(systemd.calls, Contains("restart web.service"));
  for (const std::string& call : systemd.calls) {
    EXPECT_THAT(call, Not(HasSubstr("side")));
  }
  EXPECT_THAT(Files(), ElementsAre("key"));
  const auto event = LastEvent(layout, [](const Event&) { return true; });
  EXPECT_EQ(event->event, "secret-set");
  EXPECT_EQ(event->what, "secret web key");
  EXPECT_THAT(base::ReadFile(layout.History()), Not(HasSubstr("second")));
}

TEST_F(SecretTest, TheSameValueChangesNothing) {
  RunReader();
  const uint64_t inode = base::LstatIfThere(Path())->st_ino;
  ASSERT_EQ(Set("first"), 0) << error;
  EXPECT_THAT(systemd.calls, IsEmpty());
  EXPECT_EQ(base::LstatIfThere(Path())->st_ino, inode);
}

TEST_F(SecretTest, ABadValueGoesBack) {
  RunReader();
  EXPECT_EQ(Set("bad-value"), 3);
  EXPECT_THAT(error, HasSubstr("the secret key of web was not set: web.service"));
  EXPECT_THAT(error, HasSubstr("web.service runs with the value before"));
  EXPECT_THAT(error, Not(HasSubstr("bad-value")));
  EXPECT_EQ(Value(), "first");
  EXPECT_TRUE(systemd.IsActive("web.service"));
  EXPECT_THAT(Files(), ElementsAre("key"));
  const std::string history = base::ReadFile(layout.History());
  EXPECT_THAT(history, HasSubstr("secret-put-back"));
  EXPECT_THAT(history, Not(HasSubstr("bad-value")));
}

TEST_F(SecretTest, WhereTheValueBeforeDoesNotHelpSomebodyMustLook) {
  RunReader();
  host.ask = [](const images::Health&, std::chrono::milliseconds) {
    return ProbeResult{false, "status 500", ""};
  };
  EXPECT_EQ(Set("second"), 4);
  EXPECT_THAT(error, HasSubstr("the value before was put back, which did not help"));
  EXPECT_EQ(Value(), "first");
}

// What systemd stops along with a reader runs again, whether or not the value is good.
TEST_F(SecretTest, WhatDependsOnAReaderRunsAgain) {
  RunReader();
  systemd.AddForeign("proxy.service", "/lib/systemd/system/proxy.service");
  systemd.stopped_with["web.service"] = {"proxy.service", "side.service"};
  EXPECT_EQ(Set("bad"), 3) << error;
  EXPECT_TRUE(systemd.IsActive("proxy.service"));
  EXPECT_TRUE(systemd.IsActive("side.service"));
  EXPECT_EQ(Set("second"), 0) << error;
  EXPECT_TRUE(systemd.IsActive("proxy.service"));
  EXPECT_TRUE(systemd.IsActive("side.service"));
}

TEST_F(SecretTest, TheSameValueRestartsWhatRunsWithAnother) {
  RunReader();
  ProcessesStarted();
  ASSERT_EQ(Set("second", false), 0) << error;
  EXPECT_THAT(systemd.calls, Not(Contains("restart web.service")));
  ASSERT_EQ(Set("second"), 0) << error;
  EXPECT_THAT(systemd.calls, Contains("restart web.service"));
}

// Nobody knows what reads it.
TEST_F(SecretTest, WithoutTheRecordOfWhatRunsNothingIsRemoved) {
  RunReader();
  Write(layout.Generation(1) + "/generation.json", "{");
  EXPECT_THROW(RemoveUnusedSecret(host, kChange), base::Error);
  EXPECT_EQ(Value(), "first");
}

TEST_F(SecretTest, AKillGoesBackToTheValueBefore) {
  RunReader();
  systemd.before_call = [](const std::string& call) {
    if (call == "restart web.service") {
      throw Killed();
    }
  };
  EXPECT_THROW(Set("second"), Killed);
  systemd.before_call = nullptr;
  EXPECT_EQ(Value(), "second");
  EXPECT_THAT(Files(), SizeIs(2));
  ProcessesStarted();
  RecoverOrFail(host);
  EXPECT_EQ(Value(), "first");
  EXPECT_THAT(Files(), ElementsAre("key"));
  EXPECT_THAT(base::ReadFile(layout.History()), HasSubstr("setting it had been cut off"));
  EXPECT_THAT(ReadStatus(host, true).drift, Contains(HasSubstr("the secret key is newer")));
}

TEST_F(SecretTest, StatusTellsOfWhatIsMissingOpenOrNewer) {
  RunReader();
  if (::geteuid() != 0) {
    GTEST_SKIP() << "only root can look";
  }
  ProcessesStarted();
  EXPECT_THAT(ReadStatus(host, true).drift, IsEmpty());
  ASSERT_EQ(Set("second", false), 0) << error;
  EXPECT_THAT(systemd.calls, IsEmpty());
  EXPECT_THAT(ReadStatus(host, true).drift,
              ElementsAre("web.service: the secret key is newer than what it runs with: systemctl "
                          "restart web.service"));
  ASSERT_EQ(::chmod(Path().c_str(), 0640), 0);
  EXPECT_THAT(ReadStatus(host, true).drift, ElementsAre(HasSubstr("others than root may read")));
  base::Unlink(Path());
  EXPECT_THAT(ReadStatus(host, true).drift,
              ElementsAre("web.service: it needs the secret key: activate secret set web key"));
}

TEST_F(SecretTest, AListHasNoValues) {
  RunReader();
  WriteSecret(layout, "other", "token", "hidden");
  base::Unlink(Path());
  const SecretListing listing = ListSecrets(layout, "");
  const std::string text = SecretsText(listing);
  EXPECT_THAT(text, HasSubstr("MISSING, read by web.service\n"));
  EXPECT_THAT(text, HasSubstr("plain, read by no service\n"));
  EXPECT_THAT(text + SecretsJson(listing), Not(HasSubstr("hidden")));
  EXPECT_THAT(SecretsJson(listing), HasSubstr("\"set_at\": null"));
  EXPECT_THAT(ListSecrets(layout, "other").secrets, SizeIs(1));
}

TEST_F(SecretTest, IsRemovedOnceTheActiveGenerationDoesNotNeedIt) {
  RunReader();
  EXPECT_THROW(RemoveUnusedSecret(host, kChange), base::Error);
  ASSERT_EQ(ActivateNumber(Stage("web", "plain")), 0) << error;
  RemoveUnusedSecret(host, kChange);
  EXPECT_EQ(Value(), "(none)");
  EXPECT_THROW(RemoveUnusedSecret(host, kChange), base::Error);
  EXPECT_EQ(Run(TargetKind::kRollback), 1);  // it is needed there
  EXPECT_THAT(error, HasSubstr("needs the secret key"));
}

TEST_F(SecretTest, WhatCannotBeWrittenChangesNothing) {
  RunReader();
  const std::string folder = base::ParentOf(Path());
  base::RemoveTree(folder + "/key");
  base::MakeDirectories(folder + "/key/in-the-way");
  EXPECT_EQ(Set("second"), 1);
  EXPECT_THAT(systemd.calls, IsEmpty());
}

TEST(SecretInput, IsAllThatIsPiped) {
  const auto ask = [](const std::string& text) {
    base::TemporaryDirectory place(::testing::TempDir(), "slipway-secret-");
    const std::string path = place.path() + "/in";
    const base::UniqueFd out = base::Open(path, O_WRONLY | O_CREAT, 0600);
    base::WriteAll(out.get(), base::AsBytes(text), path);
    const base::UniqueFd in = base::OpenForReading(path);
    base::Io io;
    io.in = in.get();
    return AskForSecret(io, kChange);
  };
  EXPECT_EQ(ask("a line\n"), "a line\n");
  EXPECT_EQ(ask(std::string(kMaxSecretBytes, 'x')).size(), kMaxSecretBytes);
  EXPECT_THROW(ask(std::string(kMaxSecretBytes + 1, 'x')), base::Error);
  EXPECT_THROW(ask(""), base::Error);
}

}  // namespace
}  // namespace activator

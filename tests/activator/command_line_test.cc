#include "activator/command_line.h"

#include <fcntl.h>
#include <gmock/gmock.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"

namespace activator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

CommandLine Parsed(const std::vector<std::string>& arguments) {
  return ParseCommandLine(arguments, {}).value();
}

std::string UsageError(const std::vector<std::string>& arguments) {
  try {
    Parsed(arguments);
    return "";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ExitCode::kUsage);
    const std::string text = error.what();
    EXPECT_EQ(text.find('\n'), std::string::npos) << text;
    return text;
  }
}

TEST(CommandLine, IsOneRequest) {
  EXPECT_EQ(Parsed({"--generation", "7"}).target->number, 7U);
  EXPECT_EQ(Parsed({"list", "--json", "--root", "/r"}).root, "/r");
  EXPECT_EQ(Parsed({"prune"}).prune.keep, 3U);
  EXPECT_EQ(Parsed({"receive", "--root", "/r", "--by", "me", "--dir"}).by, "me");
  EXPECT_THAT(UsageError({}), HasSubstr("say what to do"));
  EXPECT_THAT(UsageError({"--generation", "7", "--latest"}), HasSubstr("--latest"));
  EXPECT_THAT(UsageError({"--generation", "x"}), HasSubstr("--generation"));
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"--generation", "0"}, {"--generation=-1"}, {"prune", "--pin", "0"}, {"diff", "0"}}) {
    EXPECT_THAT(UsageError(arguments),
                HasSubstr("is not a generation: they are numbered 1, 2, ..."));
  }
  EXPECT_THAT(UsageError({"list", "--latest"}), HasSubstr("list"));
  EXPECT_EQ(Parsed({"--latest"}).lock_wait_seconds, std::nullopt);
  EXPECT_THAT(UsageError({"--latest", "--lock-wait", "soon"}), HasSubstr("--lock-wait"));
  EXPECT_THAT(UsageError({"--latest", "--id", "a/b"}), HasSubstr("letters and digits"));
  EXPECT_EQ(Parsed({"secret", "set", "web", "a.key"}).secret.key, "a.key");
  EXPECT_THAT(UsageError({"secret", "set", "web"}), HasSubstr("activate secret set NAME KEY"));
  EXPECT_THAT(UsageError({"secret", "set", "web", "../x"}), HasSubstr("'../x' is not possible"));
  EXPECT_THAT(UsageError({"secret", "set", "..", "x"}), HasSubstr("'..' is not possible"));
  EXPECT_THAT(UsageError({"secret", "show", "web"}), HasSubstr("use set, list or remove"));
  EXPECT_THAT(UsageError({"secret", "list", "--no-restart"}), HasSubstr("--no-restart"));
  EXPECT_THAT(UsageError({"frobnicate"}), HasSubstr("frobnicate"));
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"status", "--confirm-within", "1m"},
                                             {"--latest", "--dry-run", "--confirm-within", "1m"}}) {
    EXPECT_THAT(UsageError(arguments), HasSubstr("--confirm-within is for an activation"));
  }
  EXPECT_THAT(UsageError({"confirm", "--host", "web1"}), HasSubstr("new login on the host"));
}

TEST(CommandLine, GoesOnInAnotherProcess) {
  CommandLine line = Parsed({"--root", "/r", "--rollback", "--timeout", "9", "--lock-wait", "1m",
                             "--override", "--confirm-within", "2m"});
  line.activation_id = "id";
  line.by = "root from 10.0.0.1";
  const CommandLine again = Parsed(RunSwitchArguments(line));
  EXPECT_EQ(again.command, Command::kRunSwitch);
  EXPECT_EQ(again.target->kind, TargetKind::kRollback);
  EXPECT_EQ(again.timeout_seconds, 9U);
  EXPECT_EQ(again.lock_wait_seconds, 60U);
  EXPECT_EQ(again.activation_id, "id");
  EXPECT_EQ(again.by, line.by);
  EXPECT_EQ(again.root, "/r");
  EXPECT_TRUE(again.overrides);
  EXPECT_EQ(again.confirm_within_seconds, 120U);
}

TEST(CommandLine, TakesVersionsOfApplications) {
  const std::string id(16, 'a');
  EXPECT_EQ(Parsed({"--rollback"}).target->name, "");
  EXPECT_EQ(Parsed({"--rollback", "web"}).target->name, "web");
  EXPECT_EQ(Parsed({"--rollback=list"}).target->name, "list");
  EXPECT_EQ(Parsed({"--rollback", "--json"}).target->name, "");
  const ActivationTarget set = *Parsed({"--set", "web=" + id, "--set", "db=" + id}).target;
  EXPECT_EQ(set.kind, TargetKind::kVersions);
  EXPECT_EQ(set.versions.at("web")->text(), id);
  EXPECT_THAT(set.versions, SizeIs(2));
  const CommandLine removed = Parsed({"remove", "web", "db"});
  EXPECT_EQ(removed.command, Command::kActivate);
  EXPECT_EQ(removed.target->versions.at("web"), std::nullopt);
  EXPECT_THAT(UsageError({"--set", "web"}), HasSubstr("NAME=ID"));
  EXPECT_THAT(UsageError({"--set", "web=x"}), HasSubstr("'x' is not an image id"));
  EXPECT_THAT(UsageError({"--set", "../x=" + id}), HasSubstr("--set"));
  EXPECT_THAT(UsageError({"--latest", "--set", "web=" + id}), HasSubstr("--set"));
  EXPECT_THAT(UsageError({"remove", "web", "--latest"}), HasSubstr("remove"));
  EXPECT_THAT(UsageError({"remove"}), HasSubstr("NAME"));
}

TEST(CommandLine, TakesTheOptionsOfEachCommand) {
  const CommandLine prune = Parsed({"prune", "--keep", "2", "--older-than", "30d", "--max-bytes",
                                    "2GB", "--pin", "4", "--dry-run", "--json"});
  EXPECT_EQ(prune.prune.older_than_seconds, 30U * 24 * 60 * 60);
  EXPECT_EQ(prune.prune.max_bytes, 2000000000U);
  EXPECT_THAT(prune.prune.pin, ElementsAre(4));
  EXPECT_TRUE(prune.dry_run && prune.json);
  const CommandLine history = Parsed({"history", "--since", "0", "--follow", "--json"});
  EXPECT_EQ(history.history.since, 0U);
  EXPECT_TRUE(history.history.follow && history.history.json);
  EXPECT_EQ(Parsed({"history", "--since", "2026-11-24T12:00Z"}).history.from,
            base::FromIso8601("2026-11-24T12:00:00Z"));
  EXPECT_EQ(Parsed({"history", "--until", "2026-11-24Z"}).history.until,
            base::FromIso8601("2026-11-24T00:00:00Z"));
  EXPECT_EQ(Parsed({"at", "2026-11-24T12:00Z"}).at, base::FromIso8601("2026-11-24T12:00:00Z"));
  constexpr const char* kForms =
      "use 2026-11-24, 2026-11-24T12:00 or 2026-11-24T12:00:30 (with a Z";
  EXPECT_THAT(UsageError({"at", "tuesday"}), HasSubstr(kForms));
  EXPECT_THAT(UsageError({"at", "2199-01-01"}), HasSubstr("yet to come"));
  EXPECT_THAT(UsageError({"history", "--until", "7"}), HasSubstr(kForms));
  EXPECT_THAT(UsageError({"history", "--since", ""}), HasSubstr("'' is no number of an event and"));
  EXPECT_THAT(UsageError({"history", "--until", "today", "--follow"}), HasSubstr("--follow"));
  for (const std::vector<std::string>& wrong : std::vector<std::vector<std::string>>{
           {"history", "--since", "NONSENSE"}, {"history", "--until", "soon"}, {"at", "then"}}) {
    std::vector<std::string> there = {"--host", "web1"};  // before it is asked
    there.insert(there.end(), wrong.begin(), wrong.end());
    EXPECT_THAT(UsageError(there), HasSubstr("'" + wrong.back() + "' is no "));
  }
  EXPECT_THAT(UsageError({"history", "--since", "2026-11-24", "--until", "2026-11-23"}),
              HasSubstr("--since '2026-11-24' is later than --until '2026-11-23'"));
  EXPECT_TRUE(Parsed({"uninstall", "--dry-run", "--json"}).dry_run);
  EXPECT_THAT(Parsed({"diff", "3", "4"}).diff, ElementsAre(3, 4));
  EXPECT_TRUE(Parsed({"verify", "--repair", "web"}).verify.repair);
  EXPECT_TRUE(Parsed({"--latest", "--dry-run"}).dry_run);
  EXPECT_THAT(UsageError({"list", "--dry-run"}), HasSubstr("--dry-run"));
  EXPECT_EQ(Parsed({"--host", "root@web1", "status"}).host, "root@web1");
  EXPECT_THAT(UsageError({"--host", "web1", "--root", "x", "status"}), HasSubstr("absolute"));
}

// Options that stand before the command's name as well are not in CLI11's list of it.
TEST(CommandLine, TheHelpOfACommandNamesAllThatItTakes) {
  const base::TemporaryDirectory folder(testing::TempDir(), "slipway-help-");
  const auto help = [&](const std::string& command) {
    const std::string path = folder.path() + "/" + command;
    const base::UniqueFd out = base::Open(path, O_WRONLY | O_CREAT, 0600);
    base::Io io;
    io.out = out.get();
    EXPECT_FALSE(ParseCommandLine({command, "--help"}, io));
    return base::ReadFile(path);
  };
  for (const char* command : {"list", "status", "diff", "history", "at", "uninstall", "verify",
                              "prune", "remove", "render"}) {
    EXPECT_THAT(help(command), HasSubstr("--json, --root DIR, --host HOST"));
  }
  EXPECT_THAT(help("prune"), HasSubstr("--dry-run, --lock-wait S"));
  EXPECT_THAT(help("remove"), HasSubstr("--timeout S, --lock-wait S, --adopt"));
  EXPECT_THAT(help("render"), HasSubstr("--generation N"));
}

TEST(CommandLine, GoesOnInAnotherProcessWithVersions) {
  const std::string id(16, 'a');
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"--rollback", "web"}, {"--set", "web=" + id}, {"remove", "web"}}) {
    CommandLine line = Parsed(arguments);
    line.activation_id = "id";
    const CommandLine again = Parsed(RunSwitchArguments(line));
    EXPECT_EQ(again.command, Command::kRunSwitch);
    EXPECT_EQ(ToText(*again.target), ToText(*line.target));
  }
}

}  // namespace
}  // namespace activator

// `imgbuild try` on real programs: as root where the tests run as root, and as a plain user.
#include <csignal>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/builder/trial/trial_fixture.h"

namespace builder {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class TryTest : public TrialFixture, public testing::WithParamInterface<Who> {
 protected:
  void SetUp() override {
    TrialFixture::SetUp();
    if (GetParam() == Who::kNobody && !NobodyMakesNamespaces()) {
      GTEST_SKIP() << "this machine lets no plain user make namespaces";
    }
  }
  nlohmann::json Report(const std::string& name) {
    const Outcome outcome = Try(name, GetParam(), {"--json"});
    EXPECT_NE(outcome.out, "") << outcome.err;
    return outcome.out.empty() ? nlohmann::json() : nlohmann::json::parse(outcome.out).at(0);
  }
  // A service that is a script of busybox's shell.
  void DefineScript(const std::string& name, const std::string& script,
                    const std::string& more = "") {
    Put("images/run.sh", script);
    Put("images/" + name + ".json", R"({"name": ")" + name +
                                        R"(", "source": {"elf": ["/bin/busybox"]}, "target": "lz4",
            "contents": {"files": {"/run.d/run.sh": "run.sh"},
                         "symlinks": {"/bin/cat": "busybox", "/bin/mkdir": "busybox",
                                      "/bin/ls": "busybox", "/bin/id": "busybox",
                                      "/bin/touch": "busybox", "/bin/sleep": "busybox"}},
            "services": {")" + name + R"(": {"exec": ["/bin/busybox", "sh", "/run.d/run.sh"])" +
                                        more + "}}}");
  }
};

TEST_P(TryTest, AServiceStandsWhenItsCheckPasses) {
  Define("web", R"({"exec": ["/bin/actor", "serve", "8080", "1", "hello"],
                    "ports": [8080], "health": {"http": "/", "body": "hello"}})");
  const Outcome outcome = Try("web", GetParam());
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("web stands, and its check passed after "));
  EXPECT_THAT(outcome.out, HasSubstr("ports        127.0.0.1:8080\n"));
}

TEST_P(TryTest, ACheckThatDoesNotPassIsAFailure) {
  Define("web", R"({"exec": ["/bin/actor", "serve", "8080", "9999", "hello"],
                    "ports": [8080], "health": {"http": "/"}})");
  const Outcome outcome = Try("web", GetParam(), {}, "3");
  EXPECT_EQ(outcome.code, 1) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("web did not stand: its check did not pass within 3 s: "
                                     "status 500 instead of 200: no database yet"));
}

TEST_P(TryTest, WithoutACheckItStandsForTheTime) {
  Define("web", R"({"exec": ["/bin/actor", "serve", "80", "0", "hello"], "ports": [80]})");
  const Outcome outcome = Try("web", GetParam(), {}, "2");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("web stood for 2 s (it has no check)"));
  EXPECT_THAT(outcome.out, HasSubstr("127.0.0.1:80\n"));  // a low port: its one capability
}

TEST_P(TryTest, OneThatEndsAtOnceIsAFailureWithItsLastWords) {
  Define("web", R"({"exec": ["/bin/actor", "exit", "0", "3", "no way"]})");
  const nlohmann::json report = Report("web");
  EXPECT_EQ(report.at("stood"), false);
  EXPECT_EQ(report.at("exit_code"), 3);
  EXPECT_EQ(report.at("why"), "it ended with exit code 3");
  EXPECT_THAT(report.at("output"), HasSubstr("no way"));
}

TEST_P(TryTest, AFileThatIsNotThereIsNamed) {
  DefineScript("web", "exec cat /etc/app/settings.conf\n");
  const Outcome outcome = Try("web", GetParam());
  EXPECT_EQ(outcome.code, 1) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr(" /etc/app/settings.conf\n"));
  EXPECT_THAT(outcome.out, Not(HasSubstr("ld.so.preload")));
  EXPECT_THAT(outcome.out, HasSubstr("web did not stand: it ended with exit code 1"));
}

TEST_P(TryTest, WhatThisMachineHasIsSaid) {
  DefineScript("web", "exec cat /usr/share/none/x /etc/debian_version\n");
  EXPECT_THAT(
      Try("web", GetParam()).out,
      HasSubstr("not found    /etc/debian_version  (this machine has it: contents.add takes "
                "it)\n"));
}

TEST_P(TryTest, WhatItWroteAndCouldNot) {
  DefineScript("web",
               "echo one >/var/lib/web/data; mkdir -p /var/lib/web/deep && echo two >"
               "/var/lib/web/deep/er; echo x >/run/web.pid; echo y >/opt-x; mkdir /data; exit 0\n",
               R"(, "type": "oneshot", "state": true)");
  const nlohmann::json report = Report("web");
  EXPECT_EQ(report.at("stood"), true) << report;
  ASSERT_EQ(report.at("written").size(), 1U) << report;
  EXPECT_EQ(report["written"][0]["folder"], "/var/lib/web");
  EXPECT_THAT(report["written"][0]["files"],
              ElementsAre("/var/lib/web/data", "/var/lib/web/deep/er"));
  EXPECT_THAT(report.at("refused"), ElementsAre("/data/", "/opt-x", "/run/web.pid"));
  const std::string left = "/var/lib/web";
  EXPECT_FALSE(base::Exists(left));
}

TEST_P(TryTest, AProgramWhoseInterpreterIsMissingIsSaid) {
  Put("tree/bin/script", "#!/usr/bin/nothing\n");
  ::chmod(At("tree/bin/script").c_str(), 0755);
  Define("web", R"({"exec": ["/bin/script"]})");
  const Outcome outcome = Try("web", GetParam());
  EXPECT_EQ(outcome.code, 1) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("cannot run /bin/script: No such file or directory, the "
                                     "interpreter that it names"));
}

TEST_P(TryTest, HooksRunFirstAndCheckCommandsLast) {
  Define("web", R"({"exec": ["/bin/actor", "serve", "8080", "0", "x"], "state": true,
                    "hooks": {"before_start": [["/bin/actor", "note", "log", "before"]]},
                    "health": {"exec": ["/bin/actor", "expect", "log", "before"]}})");
  const Outcome outcome = Try("web", GetParam());
  EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("its check passed"));
  Define("bad", R"({"exec": ["/bin/actor", "serve", "8080", "0", "x"],
                    "hooks": {"before_start": [["/bin/actor", "exit", "0", "4", "no"]]}})");
  EXPECT_THAT(Try("bad", GetParam()).out, HasSubstr("/bin/actor (before the start): it ended with "
                                                    "exit code 4"));
}

TEST_P(TryTest, SocketsThatSystemdWouldOpenAreOpen) {
  DefineScript("web",
               "[ \"$LISTEN_PID\" = $$ ] && echo \"fds $LISTEN_FDS, mine\"\n"
               "touch /tmp/ready; test -S /dev/fd/3 && exec sleep 100\n",
               R"(, "listen": [8080],
                  "health": {"exec": ["/bin/busybox", "test", "-e", "/tmp/ready"]})");
  const Outcome outcome = Try("web", GetParam());
  EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("fds 1, mine"));
}

TEST_P(TryTest, SecretsAndBindsOfAnotherMachineHaveStandIns) {
  DefineScript("web",
               "cat $CREDENTIALS_DIRECTORY/key && echo x >/srv/data/new && ls /etc/extra && echo "
               "$MADE\n",
               R"(, "type": "oneshot", "credentials": {"key": "/etc/slipway/none"},
                  "environment": {"MADE": "all right"},
                  "binds": [{"host": "/srv/none", "image": "/srv/data", "writable": true},
                            {"host": "/etc/none", "image": "/etc/extra"}])");
  const Outcome outcome = Try("web", GetParam());
  EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
  for (const char* part : {"placeholder of a trial", "all right", "credential key: a placeholder",
                           "/etc/extra: empty here (/etc/none is not on this machine)",
                           "wrote        /srv/data/new\n"}) {
    EXPECT_THAT(outcome.out, HasSubstr(part));
  }
}

TEST_P(TryTest, NothingOfThisMachineIsSeen) {
  DefineScript("web", "echo $(ls / /proc); id -u\n", R"(, "type": "oneshot")");
  const nlohmann::json report = Report("web");
  EXPECT_EQ(report.at("stood"), true) << report;
  const std::string output = report.at("output");
  EXPECT_THAT(output, HasSubstr("64999"));
  EXPECT_THAT(output, Not(HasSubstr("root ")));
  EXPECT_THAT(output, Not(HasSubstr(" home ")));
}

TEST_P(TryTest, DirectivesDoNotReachThisMachinesFolders) {
  base::MakeDirectories(At("real"));
  ::chmod(At("real").c_str(), 0777);
  DefineScript("web", "echo x >/data/new\n",
               R"(, "type": "oneshot", "directives": {"Service": {"BindPaths": ")" + At("real") +
                   R"(:/data"}})");
  const Outcome outcome = Try("web", GetParam());
  EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("wrote        /data/new\n"));
  EXPECT_THAT(base::ListDirectory(At("real")), testing::IsEmpty());
}

TEST_P(TryTest, LinksOfTheImageStayInTheImage) {
  base::MakeDirectories(At("real"));
  ::chmod(At("real").c_str(), 0777);
  std::filesystem::create_symlink(At("real"), At("tree/data"));
  Define("web", R"({"exec": ["/bin/actor", "exit", "0", "0", "x"], "type": "oneshot",
                    "binds": [{"host": "/srv/none", "image": "/data/deep", "writable": true}]})");
  static_cast<void>(Try("web", GetParam()));
  EXPECT_THAT(base::ListDirectory(At("real")), testing::IsEmpty());
}

TEST_P(TryTest, TheKernelsSettingsCannotBeWritten) {
  DefineScript("web",
               "read -r is </proc/sys/kernel/core_pattern\n"
               "echo \"$is\" >/proc/sys/kernel/core_pattern && exit 0\nexit 7\n",
               R"(, "type": "oneshot", "user": "root", "hardening": "none")");
  EXPECT_EQ(Report("web").at("exit_code"), 7);
}

TEST_P(TryTest, ACheckOfAOneshotIsAsked) {
  Define("web", R"({"exec": ["/bin/actor", "exit", "0", "0", "x"], "type": "oneshot",
                    "health": {"exec": ["/bin/actor", "exit", "0", "5", "bad"]}})");
  const Outcome outcome = Try("web", GetParam(), {}, "1");
  EXPECT_EQ(outcome.code, 1) << outcome.out << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("its check did not pass within 1 s: /bin/actor: it ended with "
                                     "exit code 5"));
}

TEST_P(TryTest, HooksHaveTheirOwnTime) {
  Define("web", R"({"exec": ["/bin/actor", "exit", "0", "4", "x"],
                    "hooks": {"before_start": [["/bin/actor", "exit", "2", "0", "slow"]]}})");
  const Outcome outcome = Try("web", GetParam(), {}, "1");
  EXPECT_EQ(outcome.code, 1) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("web did not stand: it ended with exit code 4"));
}

TEST_P(TryTest, OnlyItsMainProcessSaysThatItIsReady) {
  Define("one", R"({"exec": ["/bin/actor", "ping"], "type": "notify"})");
  EXPECT_EQ(Try("one", GetParam(), {}, "1").code, 0);
  Put("images/two.json", R"({"name": "two", "target": "lz4",
      "source": {"elf": ["/bin/busybox"]}, "contents": {"files": {"/opt/actor": "../tree/bin/actor"}},
      "services": {"two": {"exec": ["/bin/busybox", "sh", "-c", "/opt/actor ping & wait"],
                           "type": "notify"}}})");
  EXPECT_THAT(Try("two", GetParam(), {}, "1").out,
              HasSubstr("two did not stand: it did not say that it is ready within 1 s"));
}

TEST_P(TryTest, WhatNobodyMayLookAtHereIsNotHere) {
  base::MakeDirectories(At("closed"), 0700);
  DefineScript("web", "exec cat " + At("closed/file") + "\n");
  const Outcome outcome = Try("web", GetParam());
  EXPECT_EQ(outcome.code, 1) << outcome.err;
  EXPECT_THAT(outcome.out,
              HasSubstr(" " + At("closed/file") + (GetParam() == Who::kUs ? "" : "\n")));
}

// Without waiting for either connection.
TEST_P(TryTest, WhatItReachedForIsNamedButNotWhatItIsItself) {
  Define("web", R"({"exec": ["/bin/actor", "dial", "8080"], "ports": [8080],
                    "health": {"tcp": "127.0.0.1:8080"}})");
  EXPECT_THAT(Report("web").at("reached"), ElementsAre("127.0.0.1:8081"));
}

TEST_P(TryTest, ReportsAreToldAlsoWhereALaterServiceCannotBeTried) {
  Put("images/two.json", R"({"name": "two", "source": {"root": "../tree"}, "target": "lz4",
      "services": {"app": {"exec": ["/bin/actor", "exit", "0", "3", "x"]},
                   "late": {"exec": ["/bin/actor", "stubborn"],
                            "directives": {"Service": {"EnvironmentFile": "/etc"}}}}})");
  const Outcome outcome = Try("two", GetParam(), {"--json"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("error: "));
  const nlohmann::json reports = nlohmann::json::parse(outcome.out);
  ASSERT_EQ(reports.size(), 1U);
  EXPECT_EQ(reports.at(0).at("service"), "app");
}

INSTANTIATE_TEST_SUITE_P(As, TryTest, testing::Values(Who::kUs, Who::kNobody),
                         [](const auto& one) { return one.param == Who::kUs ? "Us" : "Nobody"; });

class TryInterruptTest : public TrialFixture {
 protected:
  // Whether a process with this text among its arguments runs.
  static bool Runs(const std::string& text) {
    for (const std::string& pid : base::ListDirectory("/proc")) {
      try {
        const auto line = base::ReadFileIfThere("/proc/" + pid + "/cmdline");
        if (line && line->find("serve") != std::string::npos &&
            line->find(text) != std::string::npos) {
          return true;
        }
      } catch (const base::Error&) {  // it ended
      }
    }
    return false;
  }
  void StartAndSignal(int signal_number, Who who, Outcome& outcome) {
    Define("web", R"({"exec": ["/bin/actor", "serve", "8080", "0", ")" + scratch() + R"("]})");
    const pid_t pid = Start(
        {"try", "--definitions", At("images"), "--output",
         At(who == Who::kUs ? "built" : "tmp-built"), "--no-systemd", "--seconds", "600", "web"},
        who);
    while (!Runs(scratch()) && ::waitpid(pid, nullptr, WNOHANG | WNOWAIT) == 0) {
      std::this_thread::yield();
    }
    ::kill(pid, signal_number);
    outcome = Finish(pid);
  }
};

TEST_F(TryInterruptTest, NothingIsLeft) {
  for (const Who who : {Who::kUs, Who::kNobody}) {
    if (who == Who::kNobody && !NobodyMakesNamespaces()) {
      continue;
    }
    Outcome outcome;
    StartAndSignal(SIGINT, who, outcome);
    EXPECT_EQ(outcome.code, 130) << outcome.err;
    EXPECT_FALSE(Runs(scratch()));
    EXPECT_THAT(base::ListDirectory(At("tmp")), testing::IsEmpty());
  }
}

TEST_F(TryInterruptTest, KilledItTakesTheServiceAlong) {
  Outcome outcome;
  StartAndSignal(SIGKILL, Who::kUs, outcome);
  EXPECT_EQ(outcome.code, 137);
  while (Runs(scratch())) {
    std::this_thread::yield();
  }
}

TEST_F(TryInterruptTest, UsageErrors) {
  Define("web", R"({"exec": ["/bin/actor", "exit", "0", "0", "x"]})");
  EXPECT_EQ(Imgbuild({"try", "--definitions", At("images"), "nothing"}).code, 2);
  const Outcome outcome = Try("web", Who::kUs, {"--service", "other"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("web has no service other"));
}

}  // namespace
}  // namespace builder

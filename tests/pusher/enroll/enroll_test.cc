// imgpush channel enroll and poke: the sh program runs for real, as root in a mount namespace of
// its own. The agent, systemctl and journalctl are scripts that say what the real ones would.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/atomic_file.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "images/release/trust.h"
#include "pusher/enroll/enroll_verbs.h"
#include "pusher/protocol/last_words.h"
#include "pusher/publish/publish_command.h"
#include "tests/support/run.h"

namespace pusher {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kAgent = R"sh(#!/bin/sh
case $1 in
digest) sha256sum <"$0" | cut -c 1-64 ;;
enroll) echo "$@" >/srv/arguments; [ "$2" = --remove ] || cat >/srv/document; cat /srv/answer; exit "$(cat /srv/code)" ;;
*) exit 9 ;;
esac
)sh";

constexpr const char* kSystemctl = R"sh(#!/bin/sh
case "$*" in
*LoadState*) echo LoadState=$(cat /srv/load) ;;
*ActiveState*) echo ActiveState=$(cat /srv/state); echo inactive >/srv/state ;;
*ExecMainStatus*) echo ExecMainStatus=$(cat /srv/status) ;;
*InvocationID*) echo InvocationID=$(cat /srv/id 2>/dev/null) ;;
"is-active slipway-pull.timer") cat /srv/timer ;;
"start slipway-pull.service")
  [ ! -e /srv/refused ] || { cat /srv/refused >&2; exit 1; }
  [ ! -e /srv/beats ] || while [ $(wc -l </srv/beats) -lt 1200 ]; do /bin/sleep 0.1; done
  echo started >>/srv/started
  echo "run$(wc -l </srv/started)" >/srv/id.$$ && mv /srv/id.$$ /srv/id
  [ "$(cat /srv/status)" = 0 ] ;;
*) exit 9 ;;
esac
)sh";

constexpr const char* kJournalctl = R"sh(#!/bin/sh
case "$*" in *--since*_SYSTEMD_UNIT=slipway-pull.service*) cat /srv/said ;; esac
)sh";

// The command is also kept: nothing secret may stand in it.
constexpr const char* kSsh = R"sh(#!/bin/sh
for command; do :; done
echo "$@" >>@/commands
exec unshare -m @/inside "$command"
)sh";

constexpr const char* kInside = R"sh(#!/bin/sh
mount --make-rprivate / && mount --bind @/srv /srv && mount -t tmpfs -o mode=755 none /run &&
  mkdir -p /run/systemd/system
export PATH=/srv/bb:$PATH
exec sh -c "$1"
)sh";

struct Ran {
  int code = 0;
  std::string out;
  std::string err;
};

class EnrollTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) {
      GTEST_SKIP() << "needs root";
    }
    std::signal(SIGPIPE, SIG_IGN);  // as base::RunTool does
    base::MakeDirectories(At("srv/images/trust"));
    base::MakeDirectories(At("srv/bb"));
    Put("srv/images/trust/signers", "alice@x ssh-ed25519 AAAA\n");
    PutProgram("agent", kAgent);
    PutProgram("fetch", "the program fetch");
    PutProgram("ssh", kSsh);
    PutProgram("inside", kInside);
    PutProgram("srv/bb/systemctl", kSystemctl);
    PutProgram("srv/bb/journalctl", kJournalctl);
    Put("srv/answer", "");
    for (const auto& [file, text] : {std::pair{"code", "0"},
                                     {"load", "loaded"},
                                     {"status", "0"},
                                     {"state", "inactive"},
                                     {"timer", "active"},
                                     {"said", "web: version 1 is active"}}) {
      Put(std::string("srv/") + file, std::string(text) + "\n");
    }
    Put("hosts.json", R"({"hosts":{"web1":{"ssh":"root@10.0.0.5","groups":["web","canary"]},
                          "web2":{"groups":["web"]},"gate1":{"gate":true}}})");
    Put("key",
        "[default]\naws_access_key_id = HOSTKEY\naws_secret_access_key = s3cr3t\n"
        "[admin]\naws_access_key_id = ADMIN\naws_secret_access_key = hidden\n");
    ASSERT_EQ(::chmod(At("key").c_str(), 0600), 0);
    ::setenv("SLIPWAY_AGENT", At("agent").c_str(), 1);
    ::setenv("SLIPWAY_FETCH", At("fetch").c_str(), 1);
    ::setenv("SLIPWAY_SSH", At("ssh").c_str(), 1);
  }
  void TearDown() override {
    for (const char* name : {"SLIPWAY_AGENT", "SLIPWAY_FETCH", "SLIPWAY_SSH"}) {
      ::unsetenv(name);
    }
  }

  std::string At(const std::string& path) const { return directory_.path() + "/" + path; }
  void Put(const std::string& path, const std::string& text) const {
    base::WriteFileAtomically(At(path), text);
  }
  void PutProgram(const std::string& path, std::string text) const {
    for (size_t at = text.find("@/"); at != std::string::npos; at = text.find("@/")) {
      text.replace(at, 1, directory_.path());
    }
    base::WriteFileAtomically(At(path), text, 0755);
  }
  std::string Get(const std::string& path) const {
    return base::ReadFileIfThere(At(path)).value_or("");
  }

  Ran Run(std::vector<std::string> words) const {
    words.insert(words.begin() + 1,
                 {"--root", "/srv/images", "--retries", "0", "--hosts", At("hosts.json")});
    return RunWith(words);
  }
  Ran RunWith(const std::vector<std::string>& words) const {
    Ran ran;
    {
      const base::UniqueFd out = base::Open(At("out"), O_RDWR | O_CREAT | O_TRUNC, 0644);
      const base::UniqueFd err = base::Open(At("err"), O_RDWR | O_CREAT | O_TRUNC, 0644);
      base::Io io;
      io.out = out.get();
      io.err = err.get();
      EnrollVerbs verbs;
      try {
        ran.code = RunChannel(words, io, verbs);
      } catch (const base::Error& error) {
        ran.code = static_cast<int>(error.code());
        io.Err("{}\n", error.what());
      }
    }
    ran.out = Get("out");
    ran.err = Get("err");
    return ran;
  }
  Ran Enroll(std::vector<std::string> words) const {
    words.insert(words.begin(), "enroll");
    return Run(words);
  }

  base::TemporaryDirectory directory_{"/tmp", "enroll-"};
};

TEST_F(EnrollTest, TheHostGetsTheProgramsAndWhatToPull) {
  const Ran ran = Enroll({"--credentials", At("key"), "--endpoint", "https://s3.example.org",
                          "--region", "here", "--ca-file", "/etc/ssl/ca.pem", "--every", "*:0/15",
                          "--random-delay", "2m", "s3://apps/prod", "web,db", "web1"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.out, "web1: pulls web, db, it looked: web: version 1 is active\n");
  EXPECT_EQ(Get("srv/arguments"), "enroll --root /srv/images\n");
  const std::string digest = base::Sha256OfFile(At("fetch")).ToHex();
  EXPECT_EQ(Get("srv/images/bin/fetch-" + digest), Get("fetch"));
  const auto document = nlohmann::json::parse(Get("srv/document"));
  EXPECT_EQ(document, nlohmann::json::parse(R"({"format":1,"store":"s3://apps/prod",
    "endpoint":"https://s3.example.org","region":"here","ca_file":"/etc/ssl/ca.pem","host":"web1",
    "groups":["web","canary"],"channels":["web","db"],"every":"*:0/15","random_delay_seconds":120,
    "credentials":"[default]\naws_access_key_id = HOSTKEY\naws_secret_access_key = s3cr3t\n",
    "fetch_sha256":")" + digest + "\"}"));
  EXPECT_EQ(Get("srv/started"), "started\n");
  EXPECT_THAT(Get("commands"), AllOf(HasSubstr("root@10.0.0.5"), Not(HasSubstr("s3cr3t"))));

  Put("fetch", "what is there is not sent again");
  ::setenv("SLIPWAY_FETCH", At("srv/images/bin/fetch-" + digest).c_str(), 1);
  const Ran again = Enroll({"--no-poll", "https://apps.example.org", "web", "root@web3"});
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(again.out, "root@web3: pulls web\n");
  EXPECT_EQ(Get("srv/started"), "started\n");
  const auto second = nlohmann::json::parse(Get("srv/document"));
  EXPECT_EQ(second["host"], "web3");
  EXPECT_EQ(second["every"], "*:0/5");
  EXPECT_FALSE(second.contains("credentials"));
}

TEST_F(EnrollTest, SeveralHostsAtOnceAndAsJson) {
  Put("srv/status", "3\n");
  Put("srv/said", "activate: error: web: generation 2 was not activated\n");
  const Ran ran = Enroll({"--json", "https://apps.example.org", "web", "@web"});
  EXPECT_EQ(ran.code, 3);
  const auto hosts = nlohmann::json::parse(ran.out);
  ASSERT_EQ(hosts.size(), 2U);
  EXPECT_EQ(hosts[1]["name"], "web2");
  EXPECT_EQ(hosts[1]["error"], nullptr);
  EXPECT_EQ(hosts[1]["poll"]["exit_code"], 3);
  EXPECT_EQ(hosts[1]["poll"]["said"], "web: generation 2 was not activated");
}

TEST_F(EnrollTest, WhatTheHostRefusesIsSaidWithItsCode) {
  Put("srv/code", "2\n");
  Put("srv/answer", "activate: error: no time of systemd's: 'x'\n");
  const Ran refused = Enroll({"--every", "x", "https://apps.example.org", "web", "web1"});
  EXPECT_EQ(refused.code, 2);
  EXPECT_EQ(refused.err, "imgpush: error: web1: no time of systemd's: 'x'\n");
  EXPECT_EQ(Get("srv/started"), "");

  Put("srv/code", "0\n");
  Put("srv/timer", "inactive\n");
  const Ran inactive = Enroll({"https://apps.example.org", "web", "web1"});
  EXPECT_EQ(inactive.code, 1);
  EXPECT_THAT(inactive.err, HasSubstr("its timer is not active (inactive)"));

  ASSERT_EQ(::unlink(At("srv/images/trust/signers").c_str()), 0);
  const Ran anybody = Enroll({"https://apps.example.org", "web", "web1"});
  EXPECT_EQ(anybody.code, 1);
  EXPECT_THAT(anybody.err, HasSubstr("must know whose: add --trust DIR"));
}

// That one host's agent was stopped is no reason to leave the others with the old trust.
TEST_F(EnrollTest, AnAgentThatIsInterruptedKeepsNoOtherHostFromTheNewTrust) {
  {
    const base::UniqueFd out = base::Open(At("frame"), O_WRONLY | O_CREAT, 0644);
    Stream stream(-1, out.get(), {.peer = "a host"});
    Wire wire(stream);
    TellFailure(wire, base::Error(base::ExitCode::kInterrupted, "stopped by hand"));
  }
  PutProgram("agent",
             "#!/bin/sh\ncase $1 in\ndigest) sha256sum <\"$0\" | cut -c 1-64 ;;\n"
             "enroll) echo enrolled >/srv/document ;;\n*) cat @/frame ;;\nesac\n");
  tests::MustRun({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", At("alice")});
  base::MakeDirectories(At("trust"));
  Put("trust/signers", "alice@x " + Get("alice.pub"));
  Put("trust/policy.json", images::Policy{{"production"}, 1}.Serialize());
  Put("trust/revoked", "");
  const Ran ran =
      Enroll({"--trust", At("trust"), "--yes", "https://apps.example.org", "web", "web1", "web2"});
  EXPECT_EQ(ran.code, 130);
  EXPECT_THAT(ran.err, AllOf(HasSubstr("web1: stopped by hand\n"),
                             HasSubstr("web2: stopped by hand\n"), Not(HasSubstr("began"))));
  EXPECT_EQ(Get("srv/document"), "");
}

TEST_F(EnrollTest, AFetchForAnotherMachineIsNotSent) {
  std::string arm =
      "\x7f"
      "ELF\x02\x01";
  arm.resize(18, '\0');
  arm += std::string(1, static_cast<char>(183)) + '\0' + "arm";
  Put("fetch", arm);
  const Ran ran = Enroll({"https://apps.example.org", "web", "web1"});
  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.err, HasSubstr("imgpush has fetch for aarch64 alone: set SLIPWAY_FETCH"));
  ::setenv("SLIPWAY_FETCH", At("none").c_str(), 1);
  EXPECT_THAT(Enroll({"https://apps.example.org", "web", "web1"}).err,
              HasSubstr("SLIPWAY_FETCH names"));
}

TEST_F(EnrollTest, RemoveUndoesItAndKeepsWhatRuns) {
  const Ran ran = Enroll({"--remove", "web1", "web2"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(ran.out, AllOf(HasSubstr("web1: pulls nothing; what runs there runs on\n"),
                             HasSubstr("web2: pulls nothing")));
  EXPECT_EQ(Get("srv/arguments"), "enroll --remove --root /srv/images\n");
  EXPECT_EQ(Get("srv/document"), "");
}

TEST_F(EnrollTest, PokeHasHostsLookAndTellsWhatCameOfIt) {
  Put("hosts.json", R"({"hosts":{"web1":{},"web2":{}}})");
  const Ran all = Run({"poke"});
  EXPECT_EQ(all.code, 0) << all.err;
  EXPECT_THAT(all.out, AllOf(HasSubstr("web1: it looked: web: version 1 is active\n"),
                             HasSubstr("web2: it looked")));
  EXPECT_EQ(Get("srv/started"), "started\nstarted\n");

  // One that is in progress may have read the store too early.
  Put("srv/state", "activating\n");
  EXPECT_EQ(Run({"poke", "web1"}).code, 0);
  EXPECT_EQ(Get("srv/started"), "started\nstarted\nstarted\nstarted\n");

  Put("srv/status", "7\n");
  Put("srv/said", "activate: error: the store does not answer\n");
  const Ran failed = Run({"poke", "web1"});
  EXPECT_EQ(failed.code, 7);
  EXPECT_EQ(failed.out, "web1: its poll ended with 7: the store does not answer\n");

  Put("srv/load", "not-found\n");
  const Ran none = Run({"poke", "web1"});
  EXPECT_EQ(none.code, 1);
  EXPECT_EQ(
      none.err,
      "imgpush: error: web1: it is not enrolled: imgpush channel enroll STORE CHANNEL web1\n");
}

// The last run has nothing to do with it.
TEST_F(EnrollTest, APollThatCouldNotBeStartedIsSaid) {
  EXPECT_EQ(Run({"poke", "web1"}).code, 0);
  Put("srv/refused", "A dependency job for slipway-pull.service failed.\n");
  const Ran ran = Run({"poke", "web1"});
  EXPECT_EQ(ran.code, 1);
  EXPECT_EQ(ran.out,
            "web1: its poll ended with 1: A dependency job for slipway-pull.service failed.\n");
}

TEST_F(EnrollTest, APollMayTakeAsLongAsItsHostIsAlive) {
  Put("srv/beats", "");
  PutProgram("srv/bb/sleep", "#!/bin/sh\necho beat >>/srv/beats\n");
  const Ran ran = Run({"poke", "web1"});
  EXPECT_EQ(ran.code, 0) << ran.err;
}

TEST_F(EnrollTest, WrongCommandLines) {
  const auto fails = [&](std::vector<std::string> words, const std::string& why) {
    const Ran ran = Run(std::move(words));
    EXPECT_EQ(ran.code, 2) << ran.err;
    EXPECT_THAT(ran.err, HasSubstr(why));
  };
  fails({"enroll", "s3://apps", "web"}, "enroll takes more words");
  fails({"enroll", "s3://apps", "We b", "web1"}, "channel");
  fails({"enroll", "./store", "web", "web1"}, "no folder that hosts know");
  fails({"enroll", "--credentials", At("key"), "https://x.example.org", "web", "web1"},
        "--credentials is for buckets");
  fails({"enroll", "--ca-file", "ca.pem", "s3://apps", "web", "web1"}, "--ca-file");
  fails({"enroll", "--waves", "1%", "s3://apps", "web", "web1"}, "enroll has no --waves");
  fails({"enroll", "s3://apps", "web", "gate1"}, "gate1 is a gate");
  fails({"enroll", "s3://apps", "web", "dir:/srv/x"}, "nothing runs from the folder");
  fails({"enroll", "s3://apps", "web", "root@web1,anna@web1"}, "would both report as web1");
  fails({"enroll", "--trust", At("trust"), "s3://apps", "web", "web1"}, "add --yes");
  fails({"poke", "--credentials", At("key"), "web1"}, "poke has no --credentials");
  EXPECT_THAT(RunWith({"show"}).err, HasSubstr("show takes a store"));
  EXPECT_THAT(RunWith({"show", "--every", "x", "s3://apps", "web"}).err,
              HasSubstr("show has no --every"));
  ASSERT_EQ(::chmod(At("key").c_str(), 0644), 0);
  fails({"enroll", "--credentials", At("key"), "s3://apps", "web", "web1"}, "chmod 600");
  EXPECT_EQ(Get("commands"), "");
}

}  // namespace
}  // namespace pusher

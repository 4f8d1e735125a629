// The sh program that runs on hosts, run here as root in a mount namespace of its own whose /run
// says that systemd runs.
#ifndef TESTS_PUSHER_SSH_BOOTSTRAP_SCENE_H_
#define TESTS_PUSHER_SSH_BOOTSTRAP_SCENE_H_

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <string>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "pusher/ssh/bootstrap.h"

namespace pusher {

class BootstrapTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) {
      GTEST_SKIP() << "needs root";
    }
    std::signal(SIGPIPE, SIG_IGN);  // as base::RunTool does
    // /tmp is everybody's: a root below it is refused, so the tests mount over /srv.
    MakeAgent("echo started \"$@\"");
  }

  // The agent is a script that does `action`.
  void MakeAgent(const std::string& action) {
    UseAgent(
        "#!/bin/sh\n[ \"$1\" = digest ] && touch \"$0\" && sha256sum <\"$0\" | cut -c 1-64 && "
        "exit\n" +
        action + "\n");
  }
  void UseAgent(const std::string& content) {
    agent_.path = scratch_.path() + "/agent";
    base::WriteFileAtomically(agent_.path, content, 0755);
    agent_.size_bytes = base::FileSize(agent_.path);
    agent_.sha256 = base::Sha256OfFile(agent_.path);
  }

  struct Result {
    uint64_t sent = 0;
    std::string error;
    base::ExitCode code = base::ExitCode{0};
    std::string then;   // the first line after
    std::string agent;  // that was chosen
  };

  // `before` is shell that runs first in the namespace, `input` nothing but the agent.
  Result Start(const std::string& before = "", const std::string& greeting = "") {
    Agents agents = {agent_};
    agents.insert(agents.end(), more_agents_.begin(), more_agents_.end());
    const std::string command = BootstrapCommand(agents, host_);
    const std::string script =
        "unset SSH_CONNECTION; mount --make-rprivate / && mount --bind " + scratch_.path() +
        " /srv && "
        "chmod 755 /srv && mount -t tmpfs none /run && mkdir -p /run/systemd/system; " +
        before + "\n" + greeting + "\nexec " + shell_ + " -c \"$1\"";
    base::Child child({"unshare", "-m", "sh", "-c", script, "sh", command},
                      base::ChildError::kPiped);
    StreamOptions options;
    options.peer = "web1";
    options.read_while_writing = true;
    options.diagnostics = child.error();
    options.idle_limit = std::chrono::seconds(10);
    Stream stream(child.from(), child.to(), options);
    Result result;
    login_ = Login();
    login_.talk.password = host_.sudo_password;
    try {
      const ChosenAgent chosen = RunBootstrap(stream, agents, login_);
      result.sent = chosen.sent_bytes;
      result.agent = chosen.agent->path;
      result.then = stream.ReadLine(1000).value_or("");
    } catch (const base::Error& error) {
      result.error = error.what();
      result.code = error.code();
    }
    return result;
  }
  std::string Bin() const { return scratch_.path() + "/images/bin"; }
  std::string Link() const { return base::ReadLinkIfThere(Bin() + "/activate").value_or(""); }

  base::TemporaryDirectory scratch_{"/tmp", "bootstrap-"};
  AgentBinary agent_;
  Agents more_agents_;
  Login login_;
  AgentOptions host_{"/srv/images", "anna@laptop", "", {}, true};
  std::string shell_ = "sh";  // the login's
};

}  // namespace pusher

#endif  // TESTS_PUSHER_SSH_BOOTSTRAP_SCENE_H_

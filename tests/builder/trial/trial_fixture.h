// Runs imgbuild's commands in a process of their own, as root or as nobody, with a folder for what
// they build and one for what they must not leave behind.
#ifndef SLIPWAY_TESTS_BUILDER_TRIAL_TRIAL_FIXTURE_H_
#define SLIPWAY_TESTS_BUILDER_TRIAL_TRIAL_FIXTURE_H_

#include <fcntl.h>
#include <gmock/gmock.h>
#include <grp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "base/interrupt.h"
#include "base/tool.h"
#include "builder/imgbuild.h"
#include "tests/support/as_nobody.h"
#include "tests/support/scratch.h"

namespace builder {

enum class Who { kUs, kNobody };

class TrialFixture : public tests::ScratchTest {
 protected:
  struct Outcome {
    int code = -1;
    std::string out;
    std::string err;
  };

  void SetUp() override {
    ::chmod(scratch().c_str(), 0777);
    for (const char* folder : {"images", "built", "tmp", "home", "tree", "tree/bin"}) {
      base::MakeDirectories(At(folder));
      ::chmod(At(folder).c_str(), 0777);
    }
    std::filesystem::copy_file(SLIPWAY_ACTOR, At("tree/bin/actor"));
  }

  // An image of the actor with this service.
  void Define(const std::string& name, const std::string& service) {
    Put("images/" + name + ".json", R"({"name": ")" + name + R"(", "source": {"root": "../tree"},
        "target": "lz4", "services": {")" +
                                        name + R"(": )" + service + "}}");
  }

  static bool NobodyMakesNamespaces() {
    const pid_t pid = ::fork();
    if (pid == 0) {
      BecomeNobody();
      ::_exit(::unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 ? 0 : 1);
    }
    int status = 0;
    ::waitpid(pid, &status, 0);
    return status == 0;
  }

  pid_t Start(const std::vector<std::string>& arguments, Who who) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      ::setenv("TMPDIR", At("tmp").c_str(), 1);
      ::setenv("HOME", At("home").c_str(), 1);
      const int out = ::open(At("out").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
      const int err = ::open(At("err").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
      ::dup2(out, 1);
      ::dup2(err, 2);
      if (::chdir(scratch().c_str()) != 0) {
        ::_exit(99);
      }
      if (who == Who::kNobody) {
        BecomeNobody();
      }
      std::vector<std::string> words = arguments;
      words.insert(words.begin(), "imgbuild");
      std::vector<char*> argv;
      for (std::string& word : words) {
        argv.push_back(word.data());
      }
      ::_exit(base::RunTool("imgbuild", static_cast<int>(argv.size()), argv.data(), &RunImgbuild));
    }
    return pid;
  }

  Outcome Finish(pid_t pid) {
    int status = 0;
    ::waitpid(pid, &status, 0);
    return {WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status), Get("out"),
            Get("err")};
  }

  Outcome Imgbuild(const std::vector<std::string>& arguments, Who who = Who::kUs) {
    return Finish(Start(arguments, who));
  }

  // `imgbuild try` without systemd, so that every machine does the same.
  Outcome Try(const std::string& name, Who who = Who::kUs,
              const std::vector<std::string>& more = {}, const std::string& seconds = "60") {
    std::vector<std::string> arguments = {"try",       "--definitions", At("images"),
                                          "--output",  At("built"),     "--no-systemd",
                                          "--seconds", seconds,         name};
    arguments.insert(arguments.end(), more.begin(), more.end());
    Outcome out = Imgbuild(arguments, who);
    EXPECT_THAT(base::ListDirectory(At("tmp")), testing::IsEmpty());
    return out;
  }

 private:
  static void BecomeNobody() {
    if (::geteuid() == 0 && (::setgroups(0, nullptr) != 0 || ::setgid(tests::kNobody) != 0 ||
                             ::setuid(tests::kNobody) != 0)) {
      ::_exit(98);
    }
    ::prctl(PR_SET_DUMPABLE, 1);  // as after a login: its own /proc files are its own
  }
};

}  // namespace builder

#endif  // SLIPWAY_TESTS_BUILDER_TRIAL_TRIAL_FIXTURE_H_

// A push that is stopped in the middle, for end-to-end tests.
#ifndef SLIPWAY_TESTS_E2E_STOPPED_PUSH_H_
#define SLIPWAY_TESTS_E2E_STOPPED_PUSH_H_

#include <unistd.h>

#include <future>
#include <string>
#include <vector>

#include "base/atomic_file.h"
#include "base/file.h"
#include "tests/e2e/scene.h"

namespace tests {

// A push whose link stops after that many bytes of what is sent, until Open(). Where less is sent,
// it ends but for its connection.
class StoppedPush {
 public:
  StoppedPush(const Workshop& workshop, const TestHost& host, const std::string& image,
              uint64_t bytes = 3'000'000, const std::vector<std::string>& options = {})
      : folder_(workshop.folder()) {
    base::WriteFileAtomically(
        folder_ + "/slow-ssh",
        "#!/bin/sh\n(dd bs=4096 iflag=count_bytes count=" + std::to_string(bytes) +
            " status=none; "
            ": >" +
            folder_ + "/stopped; while [ ! -e " + folder_ +
            "/open ]; do sleep 0.05; done; exec cat) | ssh -F " + host.SshConfig() + " \"$@\"\n",
        0755);
    result_ = std::async(std::launch::async, [this, options, name = host.Name(), image] {
      std::vector<std::string> argv = {SLIPWAY_BIN "/imgpush", "--ssh", folder_ + "/slow-ssh"};
      argv.insert(argv.end(), options.begin(), options.end());
      argv.insert(argv.end(), {name, image});
      return RunCommand(argv, {.timeout = std::chrono::seconds(120)});
    });
    while (!base::Exists(folder_ + "/stopped") && !HasEnded()) {
      ::usleep(20'000);
    }
  }
  bool HasEnded() const {
    return result_.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  }
  void Open() const { base::WriteFileAtomically(folder_ + "/open", ""); }
  RunResult Result() { return result_.get(); }

 private:
  const std::string folder_;
  std::future<RunResult> result_;
};

}  // namespace tests

#endif  // SLIPWAY_TESTS_E2E_STOPPED_PUSH_H_

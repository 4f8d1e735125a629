// `activate --host` with an ssh that is a script, and hosts whose `activate` is one.
#ifndef SLIPWAY_TESTS_ACTIVATOR_REMOTE_FIXTURE_H_
#define SLIPWAY_TESTS_ACTIVATOR_REMOTE_FIXTURE_H_

#include <fcntl.h>
#include <gmock/gmock.h>

#include <chrono>
#include <string>
#include <vector>

#include "activator/command_line.h"
#include "activator/many_hosts.h"
#include "base/atomic_file.h"
#include "base/error.h"
#include "base/file.h"
#include "tests/support/scratch.h"

namespace activator {

class RemoteFixture : public tests::ScratchTest {
 protected:
  RemoteFixture() { base::MakeDirectories(At("root/bin")); }
  void Script(const std::string& name, const std::string& text) const {
    base::WriteFileAtomically(At(name), "#!/bin/sh\n" + text, 0755);
  }
  void Activate(const std::string& text) const { Script("root/bin/activate", text); }

  // The exit code, or that of the error; what it printed is in `out_` and `err_`.
  int RunHere(const std::vector<std::string>& arguments,
              std::chrono::milliseconds patience = std::chrono::seconds(60)) {
    const base::UniqueFd out = base::Open(At("out"), O_RDWR | O_CREAT | O_TRUNC, 0644);
    const base::UniqueFd err = base::Open(At("err"), O_RDWR | O_CREAT | O_TRUNC, 0644);
    base::Io io{0, out.get(), err.get()};
    base::UniqueFd answer;
    if (!answer_.empty()) {
      answer = base::OpenForReading(Put("answer", answer_));
      io.in = answer.get();
      io.in_is_terminal = io.err_is_terminal = true;
    }
    error_.clear();
    int code = 0;
    try {
      code = RunOnHosts(ParseCommandLine(arguments, io).value(), arguments, io, patience);
    } catch (const base::Error& thrown) {
      error_ = thrown.what();
      code = static_cast<int>(thrown.code());
    }
    out_ = Get("out");
    err_ = Get("err");
    return code;
  }

  std::string answer_;  // what the user types; not empty: there is a terminal
  std::string out_;
  std::string err_;
  std::string error_;
};

}  // namespace activator

#endif  // SLIPWAY_TESTS_ACTIVATOR_REMOTE_FIXTURE_H_

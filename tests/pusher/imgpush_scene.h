// The whole of imgpush in the test's process, with real agent processes behind dir: and behind
// stand-ins for ssh.
#ifndef TESTS_PUSHER_IMGPUSH_SCENE_H_
#define TESTS_PUSHER_IMGPUSH_SCENE_H_

#include <fcntl.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/file.h"
#include "pusher/imgpush.h"
#include "tests/support/synthetic_image.h"

namespace pusher {

struct Result {
  int code = 0;
  std::string out;
  std::string err;
};

class ImgpushTest : public testing::Test {
 protected:
  void SetUp() override {
    std::signal(SIGPIPE, SIG_IGN);  // as base::RunTool does
    ::setenv("SLIPWAY_AGENT", TEST_AGENT, 1);
    ::setenv("SLIPWAY_TEST_FEATURES", "erofs-lz4", 1);
  }
  void TearDown() override {
    for (const char* name : {"SLIPWAY_AGENT", "SLIPWAY_TEST_FEATURES", "SLIPWAY_SSH",
                             "SLIPWAY_TEST_CUT_AT", "SLIPWAY_TEST_STUCK"}) {
      ::unsetenv(name);
    }
  }

  Result Run(std::vector<std::string> arguments) {
    const bool doctor = !arguments.empty() && arguments.front() == "doctor";
    arguments.insert(arguments.begin() + (doctor ? 1 : 0), {"--images", images()});
    const std::string out = directory_.path() + "/out";
    const std::string err = directory_.path() + "/err";
    Result result;
    base::UniqueFd answer_fd;
    {
      const base::UniqueFd out_fd = base::Open(out, O_RDWR | O_CREAT | O_TRUNC, 0644);
      const base::UniqueFd err_fd = base::Open(err, O_RDWR | O_CREAT | O_TRUNC, 0644);
      base::Io io;
      if (!answer_.empty()) {
        base::WriteFileAtomically(directory_.path() + "/answer", answer_);
        answer_fd = base::OpenForReading(directory_.path() + "/answer");
        io.in = answer_fd.get();
        io.in_is_terminal = io.err_is_terminal = true;
      }
      if (asked_.valid()) {
        io.in = asked_.get();
        io.in_is_terminal = io.err_is_terminal = true;
      }
      io.out = out_fd.get();
      io.err = err_fd.get();
      try {
        result.code = RunImgpush(arguments, io);
      } catch (const base::Error& error) {
        result.code = static_cast<int>(error.code());
        io.Err("{}\n", error.what());
      }
    }
    result.out = base::ReadFile(out);
    result.err = base::ReadFile(err);
    return result;
  }

  // An image of `count` chunks of about 40 KB; `changed` of them are this version's own.
  std::string Build(const std::string& name, size_t count, size_t changed,
                    const std::string& version) {
    tests::SyntheticImage image;
    image.name = name;
    image.version = version;
    for (size_t i = 0; i < count; ++i) {
      const uint64_t seed = i < changed ? std::hash<std::string>()(version + name) + i : i;
      image.chunks.push_back(tests::NoiseBytes(seed, 40'000 + 7 * i));
    }
    image.required_features = {"erofs-lz4"};
    return tests::WriteImage(images(), image);
  }

  // An image of noise where `changed` chunks differ by a few bytes from version to version.
  std::string BuildEdited(const std::string& version, size_t changed) {
    tests::SyntheticImage image;
    image.version = version;
    for (size_t i = 0; i < 60; ++i) {
      image.chunks.push_back(tests::NoiseBytes(i, 60'000));
      if (i < changed) {
        image.chunks.back().replace(30'000, 20, "another text of " + version);
        image.chunks.back().resize(60'000, 'x');
      }
    }
    return tests::WriteImage(images(), image);
  }

  // A program in place of ssh that does `action`; $command is the remote command.
  void UseSsh(const std::string& action) {
    const std::string path = directory_.path() + "/ssh";
    base::WriteFileAtomically(path, "#!/bin/sh\nfor command; do :; done\n" + action + "\n", 0755);
    ::setenv("SLIPWAY_SSH", path.c_str(), 1);
  }

  std::string images() const { return directory_.path() + "/images"; }
  std::string folder() const { return directory_.path() + "/host"; }
  std::string host() const { return "dir:" + folder(); }

  base::TemporaryDirectory directory_{"/tmp", "imgpush-"};
  std::string answer_;    // what the user types; not empty: there is a terminal
  base::UniqueFd asked_;  // where it comes from instead, while the test goes on
};

inline nlohmann::json OnlyHost(const Result& result) {
  return nlohmann::json::parse(result.out).at(0);
}

}  // namespace pusher

#endif  // TESTS_PUSHER_IMGPUSH_SCENE_H_

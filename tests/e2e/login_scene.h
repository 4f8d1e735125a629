// An image to push, and users and configurations to log in with.
#ifndef SLIPWAY_TESTS_E2E_LOGIN_SCENE_H_
#define SLIPWAY_TESTS_E2E_LOGIN_SCENE_H_

#include <gtest/gtest.h>

#include <string>

#include "base/atomic_file.h"
#include "tests/e2e/scene.h"

namespace tests {

class LoginScene : public testing::Test {
 protected:
  void SetUp() override { image_ = workshop_.Build("hello", "hello"); }

  static void AddUser(const TestHost& host) {
    host.MustRun(
        "useradd --create-home anna && install -d -o anna /home/anna/.ssh && "
        "install -o anna ~/.ssh/authorized_keys /home/anna/.ssh/");
  }
  static void PutSudo(const TestHost& host, const std::string& text) {
    host.MustRun("cat >/usr/bin/sudo && chmod 755 /usr/bin/sudo", {.input = text});
  }
  // A config of ssh beside the host's own.
  std::string Config(const TestHost& host, const std::string& first) const {
    const std::string path = workshop_.folder() + "/ssh_config";
    base::WriteFileAtomically(path, first + "\n" + base::ReadFile(host.SshConfig()));
    return path;
  }

  Workshop workshop_;
  std::string image_;
};

}  // namespace tests

#endif  // SLIPWAY_TESTS_E2E_LOGIN_SCENE_H_

// Keys, and the files that say whose images a host takes.
#ifndef SLIPWAY_TESTS_E2E_SIGNED_SCENE_H_
#define SLIPWAY_TESTS_E2E_SIGNED_SCENE_H_

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/e2e/scene.h"
#include "tests/support/run.h"

namespace tests {

class SignedScene : public testing::Test {
 protected:
  SignedScene() {
    for (const char* name : {"alice", "bob"}) {
      MustRun({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", At(name)});
    }
    std::filesystem::create_directory(At("trust"));
    Write("trust/signers", "alice@x " + PublicKey("alice") + "bob@x " + PublicKey("bob"));
    Write("trust/revoked", "");
    Write("trust/policy.json", R"({"format":1,"channels":["production"],"threshold":1})");
  }

  std::string At(const std::string& name) const { return workshop_.folder() + "/" + name; }
  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(At(name), std::ios::binary) << text;
  }
  std::string PublicKey(const std::string& name) const { return base::ReadFile(At(name + ".pub")); }
  void Sign(const std::string& image, const std::string& key) const {
    MustRun({SLIPWAY_BIN "/imgbuild", "sign", "--key", At(key), image});
  }
  RunResult SetTrust(const TestHost& host) const {
    return Imgpush(host.SshConfig(), {"--trust", At("trust"), "--yes", host.Name()});
  }
  std::string BuildHello(const std::string& value) {
    return workshop_.Build("hello", "hello",
                           {{"services", {{"hello", {{"environment", {{"X", value}}}}}}}});
  }

  Workshop workshop_;
};

}  // namespace tests

#endif  // SLIPWAY_TESTS_E2E_SIGNED_SCENE_H_

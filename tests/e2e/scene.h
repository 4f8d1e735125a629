// What the end-to-end tests share: the real nginx closures as images, and the programs run as a
// user runs them.
#ifndef SLIPWAY_TESTS_E2E_SCENE_H_
#define SLIPWAY_TESTS_E2E_SCENE_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/file.h"
#include "tests/support/run.h"
#include "tests/support/test_host.h"

namespace tests {

// "zstd", or "lz4" where the running kernel cannot mount EROFS zstd; says so once.
const std::string& Target();

// A folder of image definitions and one of built images, gone with the object.
class Workshop {
 public:
  Workshop();

  // Builds the fixture's image `name` ("nginx", "hello") from attribute `attr` ("v1") and returns
  // its directory.
  std::string Build(const std::string& name, const std::string& attr);
  // The same, with the definition changed first.
  std::string Build(const std::string& name, const std::string& attr, const nlohmann::json& patch);
  // imgbuild with these arguments in this workshop.
  RunResult Imgbuild(const std::vector<std::string>& arguments) const;
  // A nix command on the fixture's store.
  RunResult Nix(const std::vector<std::string>& argv) const;
  void WriteDefinition(const std::string& name, const std::string& text) const;
  // The fixture's definition of `name` with its source at `attr`.
  static nlohmann::json Definition(const std::string& name, const std::string& attr);

  // A path in its folder, and a file there, with the folders that it is in.
  std::string At(const std::string& name) const { return folder() + "/" + name; }
  void Put(const std::string& name, const std::string& content) const;

  const std::string& folder() const { return folder_.path(); }
  std::string images() const { return folder() + "/built"; }

 private:
  base::TemporaryDirectory folder_;
};

struct Push {
  RunResult result;
  uint64_t generation = 0;
  uint64_t sent_bytes = 0;
  uint64_t image_bytes = 0;
  uint64_t agent_bytes = 0;
};

// A root directory with packages of Debian's ("nginx", "python3,ruby") and all that they depend on,
// unpacked and not configured. `options` as tests/fixtures/debian-root has them.
std::string DebianRoot(const std::string& packages, std::vector<std::string> options = {});

// imgpush of image directories to a test host, by ssh. `agent`: another agent than the built one.
Push PushTo(const TestHost& host, const std::vector<std::string>& images,
            const std::string& agent = "");
// The same, and throws where it failed.
Push MustPushTo(const TestHost& host, const std::vector<std::string>& images,
                const std::string& agent = "");

// imgpush with free arguments; `ssh_config` empty: the user's own.
RunResult Imgpush(const std::string& ssh_config, const std::vector<std::string>& arguments,
                  const std::string& agent = "");

// `activate` on the host, over ssh.
RunResult Activate(const TestHost& host, const std::string& arguments);
void MustActivate(const TestHost& host, const std::string& arguments);

// The page that the host serves on port 80; waits a little for one.
std::string Page(const TestHost& host, const std::string& url = "/");

// The image that the main process of `unit` has as its root: its backing file's path on the host.
std::string RootImageOf(const TestHost& host, const std::string& unit);

// When the unit's main process started, as systemd counts: another value is another process.
std::string StartOf(const TestHost& host, const std::string& unit);

}  // namespace tests

#endif  // SLIPWAY_TESTS_E2E_SCENE_H_

#include "tests/e2e/scene.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <map>
#include <stdexcept>
#include <thread>

#include "base/atomic_file.h"

namespace tests {
namespace {

using std::chrono::seconds;

constexpr const char* kFixture = SLIPWAY_NIX_FIXTURE_SOURCE;

// The environment in which nix commands find the fixture's store.
const std::vector<std::string>& NixEnvironment() {
  static const std::vector<std::string> kEnvironment = [] {
    std::vector<std::string> out;
    const std::string script =
        std::string("eval \"$(") + kFixture +
        "/build --env)\"; for name in SLIPWAY_NIX_FIXTURE NIX_CONF_DIR NIX_REMOTE NIX_CONFIG; do "
        "[ -z \"${!name:-}\" ] || echo \"$name=${!name}\"; done";
    std::string text = MustRun({"bash", "-c", script});
    for (size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n')) {
      out.push_back(text.substr(0, end));
      text.erase(0, end + 1);
    }
    return out;
  }();
  return kEnvironment;
}

std::vector<std::string> With(std::vector<std::string> first,
                              const std::vector<std::string>& rest) {
  first.insert(first.end(), rest.begin(), rest.end());
  return first;
}

bool KernelMountsZstd() {
  const base::TemporaryDirectory folder(testing::TempDir(), "slipway-target-");
  base::MakeDirectories(folder.path() + "/tree");
  base::MakeDirectories(folder.path() + "/mount");
  base::WriteFileAtomically(folder.path() + "/tree/file", std::string(100000, 'x'));
  const std::string image = folder.path() + "/image";
  MustRun({SLIPWAY_DEPS_BIN "/mkfs.erofs", "-zzstd", image, folder.path() + "/tree"});
  const std::string mount = folder.path() + "/mount";
  if (RunCommand({"mount", "-t", "erofs", "-o", "loop,ro", image, mount}).exit_code != 0) {
    return false;
  }
  MustRun({"umount", mount});
  return true;
}

}  // namespace

const std::string& Target() {
  static const std::string kTarget = [] {
    if (KernelMountsZstd()) {
      return "zstd";
    }
    std::fprintf(stderr,
                 "This kernel cannot mount EROFS zstd; the images here have the target lz4.\n");
    return "lz4";
  }();
  return kTarget;
}

Workshop::Workshop() : folder_(testing::TempDir(), "slipway-workshop-") {
  base::MakeDirectories(folder() + "/images");
}

nlohmann::json Workshop::Definition(const std::string& name, const std::string& attr) {
  nlohmann::json out =
      nlohmann::json::parse(base::ReadFile(std::string(kFixture) + "/images/" + name + ".json"));
  out["source"]["nix"] = {{"file", std::string(kFixture) + "/default.nix"}, {"attr", attr}};
  out["target"] = Target();
  return out;
}

void Workshop::Put(const std::string& name, const std::string& content) const {
  base::MakeDirectories(base::ParentOf(At(name)));
  base::WriteFileAtomically(At(name), content);
}

void Workshop::WriteDefinition(const std::string& name, const std::string& text) const {
  Put("images/" + name + ".json", text);
}

RunResult Workshop::Imgbuild(const std::vector<std::string>& arguments) const {
  return RunCommand(
      With({SLIPWAY_BIN "/imgbuild", "--definitions", folder() + "/images", "--output", images()},
           arguments),
      {.env = NixEnvironment(), .timeout = seconds(300)});
}

RunResult Workshop::Nix(const std::vector<std::string>& argv) const {
  return RunCommand(argv, {.env = NixEnvironment(), .timeout = seconds(300)});
}

std::string Workshop::Build(const std::string& name, const std::string& attr) {
  return Build(name, attr, nlohmann::json::object());
}

std::string Workshop::Build(const std::string& name, const std::string& attr,
                            const nlohmann::json& patch) {
  MustRun({std::string(kFixture) + "/build", attr},
          {.timeout = seconds(300)});  // its packages are fetched, too
  nlohmann::json definition = Definition(name, attr);
  definition.merge_patch(patch);
  WriteDefinition(name, definition.dump(2));
  const RunResult built = Imgbuild({name});
  if (built.exit_code != 0) {
    throw std::runtime_error("imgbuild failed: " + built.err);
  }
  return built.out.substr(0, built.out.find('\n'));
}

std::string DebianRoot(const std::string& packages, std::vector<std::string> options) {
  options.insert(options.begin(), SLIPWAY_DEBIAN_ROOT);
  options.push_back(packages);
  const std::string path = MustRun(options, {.timeout = std::chrono::minutes(5)});
  return path.substr(0, path.find('\n'));
}

RunResult Imgpush(const std::string& ssh_config, const std::vector<std::string>& arguments,
                  const std::string& agent) {
  RunOptions options{.timeout = seconds(120)};
  if (!ssh_config.empty()) {
    options.env.push_back("SLIPWAY_SSH=ssh -F " + ssh_config);
  }
  if (!agent.empty()) {
    options.env.push_back("SLIPWAY_AGENT=" + agent);
  }
  return RunCommand(With({SLIPWAY_BIN "/imgpush"}, arguments), options);
}

Push PushTo(const TestHost& host, const std::vector<std::string>& images,
            const std::string& agent) {
  Push out;
  out.result = Imgpush(host.SshConfig(), With({"--json", host.Name()}, images), agent);
  if (out.result.exit_code == 0) {
    const nlohmann::json report = nlohmann::json::parse(out.result.out).at(0);
    out.generation = report.at("generation").get<uint64_t>();
    out.sent_bytes = report.at("sent_bytes").get<uint64_t>();
    out.image_bytes = report.at("image_bytes").get<uint64_t>();
    out.agent_bytes = report.at("agent_bytes").get<uint64_t>();
  }
  return out;
}

Push MustPushTo(const TestHost& host, const std::vector<std::string>& images,
                const std::string& agent) {
  Push out = PushTo(host, images, agent);
  if (out.result.exit_code != 0) {
    throw std::runtime_error("imgpush failed: " + out.result.err);
  }
  return out;
}

RunResult Activate(const TestHost& host, const std::string& arguments) {
  return host.Run("/var/lib/images/bin/activate " + arguments, {.timeout = seconds(120)});
}

void MustActivate(const TestHost& host, const std::string& arguments) {
  const RunResult result = Activate(host, arguments);
  if (result.exit_code != 0) {
    throw std::runtime_error("activate " + arguments + " exited with " +
                             std::to_string(result.exit_code) + ": " + result.out + result.err);
  }
}

std::string Page(const TestHost& host, const std::string& url) {
  HttpAnswer answer;
  for (int i = 0; i < 50 && answer.status == 0; ++i) {
    answer = host.Get(url);
    if (answer.status == 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  }
  return answer.body;
}

std::string RootImageOf(const TestHost& host, const std::string& unit) {
  std::string out = host.MustRun("pid=$(systemctl show -p MainPID --value " + unit +
                                 ") && device=$(stat -L -c %Hd:%Ld /proc/$pid/root/) && "
                                 "cat /sys/dev/block/$device/loop/backing_file");
  return out.substr(0, out.find('\n'));
}

std::string StartOf(const TestHost& host, const std::string& unit) {
  return host.MustRun("systemctl show -p MainPID,ExecMainStartTimestampMonotonic " + unit);
}

}  // namespace tests

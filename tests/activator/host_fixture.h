// A host in a temporary directory, with a fake systemd, for tests of the activator.
#ifndef SLIPWAY_TESTS_ACTIVATOR_HOST_FIXTURE_H_
#define SLIPWAY_TESTS_ACTIVATOR_HOST_FIXTURE_H_

#include <fcntl.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "activator/host/host.h"
#include "activator/stage/stage.h"
#include "activator/state/generations.h"
#include "activator/switch/activation.h"
#include "base/error.h"
#include "base/file.h"
#include "images/version/image_directory.h"
#include "tests/support/fake_accounts.h"
#include "tests/support/fake_systemd.h"

namespace activator {

// What an observer throws to end a switch as a kill does: nobody catches it.
struct Killed {};

class HostTest : public ::testing::Test {
 protected:
  HostTest() {
    host.configured_directory = units;
    host.accounts = &accounts;
    host.os_root = root + "/os";
    host.task_directory = systemd.task_directory = root + "/run";
    host.ask = [this](const images::Health&, std::chrono::milliseconds) {
      const size_t now = std::min(asked++, answers.size() - 1);
      return answers[now];
    };
    for (const std::string& directory :
         {layout.Generations(), layout.Incoming(), layout.Bin(), units}) {
      base::MakeDirectories(directory);
    }
    base::MakeDirectories(root + "/images");
  }

  // A version of application `name` whose services (default: one of its name) run `program`.
  base::Sha256 Push(const std::string& name, const std::string& program,
                    std::vector<std::string> services = {}) {
    images::Manifest manifest;
    manifest.name = name;
    manifest.version = "1";
    manifest.architecture = images::MachineArchitecture();
    manifest.image.size_bytes = 4;
    manifest.image.sha256 = base::Sha256Of("data");
    manifest.image.block_size = 4096;
    manifest.image.layout = "aligned";
    manifest.image.codec.name = "zstd";
    manifest.image.codec.library_version = "1.5.7";
    if (services.empty()) {
      services = {name};
    }
    for (const std::string& service : services) {
      manifest.services[service].exec = {"/bin/" + program};
      manifest.services[service].hardening = "none";
      if (edit_service) {
        edit_service(manifest.services[service]);
      }
    }
    if (shape) {
      shape(manifest.services);
    }
    if (verity_root) {
      manifest.image.size_bytes = images::kVerityBlockBytes;
      manifest.image.sha256 = base::Sha256Of(std::string(images::kVerityBlockBytes, 'x'));
      manifest.image.verity_root = verity_root;
    }
    const std::string text = manifest.Serialize();
    const base::Sha256 digest = base::Sha256Of(text);
    const std::string path = layout.Version(name, images::ImageId::Of(digest));
    base::MakeDirectories(path);
    Write(path + "/manifest.json", text);
    Write(path + "/image.erofs",
          verity_root ? std::string(images::kVerityBlockBytes, 'x') : "data");
    return digest;
  }

  uint64_t Stage(const std::string& name, const std::string& program) {
    return StageGeneration(layout, {{name, Push(name, program)}}, "tester").number;
  }

  static void Write(const std::string& path, const std::string& text) {
    const base::UniqueFd fd = base::Open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    base::WriteAll(fd.get(), base::AsBytes(text), path);
  }

  // The exit code; `error` holds what it said.
  int Run(TargetKind wanted, uint64_t number = 0) {
    ActivationRequest request;
    request.kind = wanted;
    request.number = number;
    request.by = "tester";
    request.activation_id = "id-" + std::to_string(++activations_);
    request.foreign = on_foreign;
    request.confirm_within = confirm_within;
    error.clear();
    try {
      Activate(host, request);
      return 0;
    } catch (const base::Error& thrown) {
      error = thrown.what() + ("\n" + base::DetailText(thrown.detail()));
      return static_cast<int>(thrown.code());
    }
  }
  int ActivateNumber(uint64_t number) { return Run(TargetKind::kNumber, number); }

  GenerationState StateOf(uint64_t number) { return LoadGeneration(layout, number).state; }
  std::string RunningProgram(const std::string& unit) {
    const std::string text = systemd.RunningText(unit);
    return text.empty() ? ""
                        : text.substr(std::string("ExecStart=/bin/").size(),
                                      text.size() - std::string("ExecStart=/bin/").size() - 1);
  }

  base::TemporaryDirectory place{::testing::TempDir(), "slipway-host-"};
  const std::string root = place.path();
  const images::HostLayout layout{root + "/images"};
  const std::string units = root + "/units";
  tests::FakeSystemd systemd{units};
  tests::FakeClock clock;
  tests::FakeAccounts accounts;
  Host host{layout, systemd, clock, {}, units, [](const images::ImageDirectory&) {}};
  std::string error;
  // What Push changes in each service.
  std::function<void(images::Service&)> edit_service;
  // What checks over the network are answered, one after the other; the last one again and again.
  std::vector<ProbeResult> answers = {{true, "", ""}};
  size_t asked = 0;
  std::chrono::seconds confirm_within{0};
  UnitConflictPolicy on_foreign = UnitConflictPolicy::kRefuse;
  std::function<void(images::Services&)> shape;  // of what is pushed next
  std::optional<base::Sha256> verity_root;       // likewise

 private:
  int activations_ = 0;
};

}  // namespace activator

#endif  // SLIPWAY_TESTS_ACTIVATOR_HOST_FIXTURE_H_

// OCI images made by tar, each in a directory of its own.
#ifndef TESTS_BUILDER_SOURCE_OCI_FIXTURE_H_
#define TESTS_BUILDER_SOURCE_OCI_FIXTURE_H_

#include <fcntl.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/digest.h"
#include "builder/source/root_source.h"
#include "tests/support/errors.h"
#include "tests/support/run.h"
#include "tests/support/scratch.h"

namespace tests {

class OciFixture : public ScratchTest {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(At("tmp"));
    ::setenv("TMPDIR", At("tmp").c_str(), 1);
    config_ = {{"architecture", "amd64"},
               {"os", "linux"},
               {"config",
                {{"Entrypoint", {"/bin/app"}},
                 {"Cmd", {"-v"}},
                 {"Env", {"PATH=/bin", "A=b=c", "BAD-NAME=x"}},
                 {"User", "redis"},
                 {"WorkingDir", "/srv"}}},
               {"rootfs", {{"type", "layers"}, {"diff_ids", nlohmann::json::array()}}}};
  }
  void TearDown() override {
    ::unsetenv("TMPDIR");
    EXPECT_TRUE(base::ListDirectory(At("tmp")).empty()) << "something was left";
  }

  // Of the directory `from` of the scratch one; `flags` of tar.
  void AddLayer(const std::string& from, const std::vector<std::string>& flags = {"-c"}) {
    const std::string file = At("layer.tar" + std::to_string(layers_.size()));
    std::vector<std::string> argv = {"tar", "-C", At(from), "-f", file, "-P", "--owner=3"};
    argv.insert(argv.end(), flags.begin(), flags.end());
    argv.insert(argv.end(), {"."});
    MustRun(argv);
    layers_.push_back(file);
    config_["rootfs"]["diff_ids"].push_back("sha256:" + base::Sha256OfFile(file).ToHex());
  }
  // The same of the files `names` alone, without the directories that they are in.
  void AddFiles(const std::string& from, const std::vector<std::string>& names) {
    const std::string file = At("layer.tar" + std::to_string(layers_.size()));
    std::vector<std::string> argv = {"tar", "-C", At(from), "-cf", file};
    argv.insert(argv.end(), names.begin(), names.end());
    MustRun(argv);
    layers_.push_back(file);
    config_["rootfs"]["diff_ids"].push_back("sha256:" + base::Sha256OfFile(file).ToHex());
  }
  nlohmann::json Blob(const std::string& content) {
    const std::string hex = base::Sha256Of(content).ToHex();
    Put("layout/blobs/sha256/" + hex, content);
    return {{"digest", "sha256:" + hex}, {"size", content.size()}};
  }
  nlohmann::json Manifest() {
    nlohmann::json manifest = {{"schemaVersion", 2}, {"config", Blob(config_.dump())}};
    for (const std::string& layer : layers_) {
      manifest["layers"].push_back(Blob(base::ReadFile(layer)));
    }
    return Blob(manifest.dump());
  }
  std::string Layout() {
    nlohmann::json manifest = Manifest();
    manifest["annotations"] = {{"io.containerd.image.name", "docker.io/library/app:1.2"}};
    Put("layout/index.json", nlohmann::json{{"manifests", {manifest}}}.dump());
    return At("layout");
  }
  std::string DockerSave() {
    Put("docker/config.json", config_.dump());
    nlohmann::json names = nlohmann::json::array();
    for (const std::string& layer : layers_) {
      names.push_back(std::to_string(names.size()) + "/layer.tar");
      Put("docker/" + names.back().get<std::string>(), base::ReadFile(layer));
    }
    const nlohmann::json one = {
        {"Config", "config.json"}, {"RepoTags", {"app:1.2"}}, {"Layers", names}};
    Put("docker/manifest.json", nlohmann::json::array({one}).dump());
    return At("docker");
  }
  std::string Tar(const std::string& folder, const std::string& flags, const std::string& name) {
    MustRun({"tar", "-C", folder, flags, "-cf", At(name), "."});
    return At(name);
  }
  static builder::Closure Resolve(const std::string& path, const base::Io& io = {}) {
    return builder::ResolveOci({path}, io);
  }
  static builder::Tree TreeOf(const std::string& path) {
    builder::Tree tree;
    Resolve(path).fill(tree);
    return tree;
  }
  std::string ErrorOf(const std::string& path) {
    return MessageOf([&] { Resolve(path); });
  }
  static std::string ContentOf(const builder::Tree& tree, const std::string& path) {
    const builder::Node* node = tree.Resolve(path);
    if (node == nullptr) {
      return "(nothing)";
    }
    const std::vector<uint8_t> content = node->Read(0, node->size_bytes);
    return {content.begin(), content.end()};
  }
  // What is said on standard error meanwhile.
  std::string SaidOf(const std::string& path) {
    const base::UniqueFd fd = base::Open(At("said"), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    Resolve(path, base::Io{0, 1, fd.get(), false});
    return Get("said");
  }
  // An archive with one more entry than a file, of another name than tar would give it.
  std::string ErrorOfEntry(const std::string& transform) {
    Put("trick/entry", "x");
    layers_.clear();
    config_["rootfs"]["diff_ids"].clear();
    std::filesystem::remove_all(At("base"));
    std::filesystem::create_directories(At("base"));
    std::filesystem::create_symlink("/etc", At("base/link"));
    AddLayer("base");
    AddLayer("trick", {"-c", "--transform", transform});
    return ErrorOf(Layout());
  }

  nlohmann::json config_;
  std::vector<std::string> layers_;
};

}  // namespace tests

#endif  // TESTS_BUILDER_SOURCE_OCI_FIXTURE_H_

// Makes OCI image layouts of root directories, as a build tool would.
#ifndef SLIPWAY_TESTS_E2E_OCI_LAYOUT_H_
#define SLIPWAY_TESTS_E2E_OCI_LAYOUT_H_

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "base/atomic_file.h"
#include "base/digest.h"
#include "base/file.h"
#include "tests/support/run.h"

namespace tests {

// In `folder`, which it makes; with one image for each Add().
class OciLayout {
 public:
  explicit OciLayout(std::string folder) : folder_(std::move(folder)) {
    base::MakeDirectories(folder_ + "/blobs/sha256");
    base::WriteFileAtomically(folder_ + "/oci-layout", R"({"imageLayoutVersion": "1.0.0"})");
  }

  // An image whose one layer is the directory `root`; `architecture` as Go names it.
  void Add(const std::string& root, const nlohmann::json& config,
           const std::string& architecture = "amd64") {
    const std::string layer = folder_ + "/layer";
    MustRun({"tar", "-C", root, "--numeric-owner", "-cf", layer, "."},
            {.timeout = std::chrono::minutes(2)});
    const nlohmann::json platform = {{"architecture", architecture}, {"os", "linux"}};
    nlohmann::json image = platform;
    image["config"] = config;
    const nlohmann::json manifest = {{"schemaVersion", 2},
                                     {"config", {{"digest", Blob(image.dump())}}},
                                     {"layers", {{{"digest", Blob(base::ReadFile(layer))}}}}};
    base::Unlink(layer);
    index_["manifests"].push_back({{"digest", Blob(manifest.dump())}, {"platform", platform}});
    base::WriteFileAtomically(folder_ + "/index.json", index_.dump());
  }
  // An archive of it beside the folder.
  std::string Archive() const {
    MustRun({"tar", "-C", folder_, "-cf", folder_ + ".tar", "."},
            {.timeout = std::chrono::minutes(2)});
    return folder_ + ".tar";
  }
  const std::string& folder() const { return folder_; }

 private:
  std::string Blob(const std::string& content) const {
    const std::string hex = base::Sha256Of(content).ToHex();
    base::WriteFileAtomically(folder_ + "/blobs/sha256/" + hex, content);
    return "sha256:" + hex;
  }

  std::string folder_;
  nlohmann::json index_ = {{"manifests", nlohmann::json::array()}};
};

}  // namespace tests

#endif  // SLIPWAY_TESTS_E2E_OCI_LAYOUT_H_

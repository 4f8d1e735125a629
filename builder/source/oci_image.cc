#include "builder/source/oci_image.h"

#include <fmt/ranges.h>

#include <array>
#include <utility>

#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json_fields.h"
#include "base/machine.h"
#include "builder/source/oci_blobs.h"

namespace builder {
namespace {

using base::Json;

constexpr int kMaxIndexDepth = 4;

std::string ArchitectureOf(const std::string& go_name) {
  for (const base::Machine& machine : base::Machines()) {
    if (go_name == machine.go_name) {
      return machine.name;
    }
  }
  return go_name;
}

class OciReader {
 public:
  OciReader(const OciBlobs& blobs, const std::string& architecture)
      : blobs_(blobs), architecture_(architecture) {}

  OciImage Read() {
    if (const auto index = blobs_.Find("index.json")) {
      FindManifests(Parse(*index, "index.json"), 0);
      ReadManifest(TheOnlyOne());
    } else if (const auto docker = blobs_.Find("manifest.json")) {
      ReadDocker(Parse(*docker, "manifest.json"));
    } else {
      base::Fail(base::ExitCode::kFailed,
                 "{} is no OCI image: it has neither index.json nor manifest.json", blobs_.path());
    }
    if (out_.architecture != architecture_) {
      base::Fail(base::ExitCode::kFailed, "{} is for {}, this machine is {}", blobs_.path(),
                 out_.architecture, architecture_);
    }
    return std::move(out_);
  }

 private:
  Json Parse(const std::string& file, const std::string& name) const {
    return base::ParseJson(base::ReadFile(file), blobs_.path() + ": " + name,
                           base::ExitCode::kFailed);
  }

  // Those for this architecture, also of indexes inside the index.
  void FindManifests(const Json& index, int depth) {
    if (depth > kMaxIndexDepth) {
      base::Fail(base::ExitCode::kFailed, "{} has indexes in indexes without an end",
                 blobs_.path());
    }
    for (const Json& one : index.at("manifests")) {
      const std::string type = one.value("mediaType", "");
      const std::string digest = one.at("digest").get<std::string>();
      if (one.contains("annotations")) {
        SetReference(one["annotations"]);
      }
      if (type.find("index") != std::string::npos || type.find("list") != std::string::npos) {
        FindManifests(Parse(blobs_.GetByDigest(digest), digest), depth + 1);
        continue;
      }
      const std::string architecture =
          one.contains("platform") ? ArchitectureOf(one["platform"].value("architecture", ""))
                                   : architecture_;
      others_.push_back(architecture);
      if (architecture == architecture_) {
        manifests_.push_back(digest);
      }
    }
  }

  std::string TheOnlyOne() const {
    if (manifests_.empty()) {
      base::Fail(base::ExitCode::kFailed, "{} has no image for {}; it has: {}", blobs_.path(),
                 architecture_, fmt::join(others_, ", "));
    }
    if (manifests_.size() > 1) {
      base::Fail(base::ExitCode::kFailed, "{} has {} images; save the one that you mean alone",
                 blobs_.path(), manifests_.size());
    }
    return manifests_.front();
  }

  void ReadManifest(const std::string& digest) {
    const Json manifest = Parse(blobs_.GetByDigest(digest), digest);
    out_.id = manifest.at("config").at("digest").get<std::string>();
    ReadConfig(Parse(blobs_.GetByDigest(out_.id), out_.id));
    for (const Json& layer : manifest.at("layers")) {
      out_.layers.push_back(blobs_.GetByDigest(layer.at("digest").get<std::string>()));
    }
  }

  // `docker save` before version 25, and others that write its form.
  void ReadDocker(const Json& list) {
    if (!list.is_array() || list.size() != 1) {
      base::Fail(base::ExitCode::kFailed, "{} has {} images; save the one that you mean alone",
                 blobs_.path(), list.size());
    }
    const Json& one = list[0];
    if (one.contains("RepoTags") && one["RepoTags"].is_array() && !one["RepoTags"].empty()) {
      SetReference(one["RepoTags"][0].get<std::string>());
    }
    const std::string file = blobs_.Get(one.at("Config").get<std::string>());
    out_.id = "sha256:" + base::Sha256OfFile(file).ToHex();
    const Json config = Parse(file, one["Config"].get<std::string>());
    ReadConfig(config);
    for (const Json& layer : one.at("Layers")) {
      out_.layers.push_back(blobs_.Get(layer.get<std::string>()));
      const std::string found = "sha256:" + base::Sha256OfFile(out_.layers.back()).ToHex();
      const Json& wanted = config.at("rootfs").at("diff_ids").at(out_.layers.size() - 1);
      if (wanted.get<std::string>() != found) {
        base::Fail(base::ExitCode::kVerification, "{} is damaged: its layer {} has the digest {}",
                   blobs_.path(), layer.get<std::string>(), found);
      }
    }
  }

  void ReadConfig(const Json& json) {
    out_.architecture = ArchitectureOf(json.at("architecture").get<std::string>());
    if (json.value("os", "linux") != "linux") {
      base::Fail(base::ExitCode::kFailed, "{} is for {}, not for Linux", blobs_.path(),
                 json.value("os", ""));
    }
    if (!json.contains("config") || !json["config"].is_object()) {
      return;
    }
    const Json& config = json["config"];
    out_.command = Strings(config, "Entrypoint");
    const std::vector<std::string> arguments = Strings(config, "Cmd");
    out_.command.insert(out_.command.end(), arguments.begin(), arguments.end());
    out_.environment = Strings(config, "Env");
    out_.working_directory = config.value("WorkingDir", "");
    out_.user = config.value("User", "");
  }

  static std::vector<std::string> Strings(const Json& object, const char* field) {
    const auto found = object.find(field);
    return found == object.end() || found->is_null() ? std::vector<std::string>()
                                                     : found->get<std::vector<std::string>>();
  }

  void SetReference(const Json& annotations) {
    const std::string full = annotations.value("io.containerd.image.name", "");
    const std::string tag = annotations.value("org.opencontainers.image.ref.name", "");
    if (!full.empty()) {
      SetReference(full);
    } else if (tag.find_first_of("/:") != std::string::npos) {
      SetReference(tag);
    } else if (!tag.empty()) {
      out_.tag = tag;
    }
  }

  // "docker.io/library/nginx:1.27".
  void SetReference(const std::string& reference) {
    const std::string last = reference.substr(reference.rfind('/') + 1);
    const size_t colon = last.find(':');
    out_.name = last.substr(0, colon);
    out_.tag = colon == std::string::npos ? "" : last.substr(colon + 1);
  }

  const OciBlobs& blobs_;
  const std::string& architecture_;
  std::vector<std::string> manifests_;  // digests
  std::vector<std::string> others_;     // architectures of all
  OciImage out_;
};

}  // namespace

OciImage OpenOciImage(const std::string& path, const std::string& architecture,
                      const std::string& folder) {
  const OciBlobs blobs(path, folder);
  try {
    return OciReader(blobs, architecture).Read();
  } catch (const Json::exception& error) {  // a field is missing or of another type
    const std::string what = error.what();
    base::Fail(base::ExitCode::kFailed, "{} is no OCI image that can be read: {}", path,
               what.substr(what.find("] ") + 2));
  }
}

}  // namespace builder

#include "builder/source/oci_image.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json_fields.h"
#include "base/machine.h"
#include "builder/source/oci_blobs.h"
#include "builder/tree/archive_reader.h"

namespace builder {
namespace {

using base::Json;

constexpr int kMaxIndexDepth = 4;
constexpr size_t kMaxManifests = 10000;          // indexes may name one another again and again
constexpr uint64_t kMaxJsonBytes = 16ULL << 20;  // registries take 4 MiB

// Media types of what is an image; an artifact (a signature, a chart) has others. None is given by
// older tools, and is no sign of an artifact.
bool IsImageConfig(const std::string& type) {
  return type.empty() || type.find("image.config") != std::string::npos ||
         type.find("container.image") != std::string::npos;
}
bool IsLayer(const std::string& type) {
  return type.empty() || type.find("tar") != std::string::npos;
}

std::string MediaTypeOf(const Json& descriptor) { return descriptor.value("mediaType", ""); }

bool IsImage(const Json& manifest) {
  const Json& layers = manifest.at("layers");
  return !manifest.contains("artifactType") && IsImageConfig(MediaTypeOf(manifest.at("config"))) &&
         std::all_of(layers.begin(), layers.end(),
                     [](const Json& layer) { return IsLayer(MediaTypeOf(layer)); });
}

OciPlatform PlatformOf(const Json& json) {
  return MakeOciPlatform(json.value("os", "linux"), json.value("architecture", ""),
                         json.value("variant", ""));
}

std::vector<std::string> Strings(const Json& object, const char* field) {
  const auto found = object.find(field);
  return found == object.end() || found->is_null() ? std::vector<std::string>()
                                                   : found->get<std::vector<std::string>>();
}

// The names in an object, whose values say nothing.
std::vector<std::string> Keys(const Json& object, const char* field) {
  std::vector<std::string> out;
  const auto found = object.find(field);
  if (found != object.end() && !found->is_null()) {
    for (const auto& [key, value] : found->items()) {
      out.push_back(key);
    }
  }
  return out;
}

// Nanoseconds; 0 where that is not said.
int64_t DurationAt(const Json& object, const char* field) {
  const auto found = object.find(field);
  return found == object.end() || !found->is_number_integer() ? 0 : found->get<int64_t>();
}

OciHealthcheck HealthcheckOf(const Json& config) {
  OciHealthcheck out;
  const auto check = config.find("Healthcheck");
  if (check != config.end() && !check->is_null()) {
    out.test = Strings(*check, "Test");
    out.shell = Strings(config, "Shell");
    out.interval_ns = DurationAt(*check, "Interval");
    out.timeout_ns = DurationAt(*check, "Timeout");
    out.start_period_ns = DurationAt(*check, "StartPeriod");
    out.retries = DurationAt(*check, "Retries");
    out.start_interval_ns = DurationAt(*check, "StartInterval");
  }
  return out;
}

class OciReader {
 public:
  OciReader(const OciBlobs& blobs, const OciReference& reference, const OciPlatform& platform)
      : blobs_(blobs), reference_(reference), platform_(platform) {}

  OciImage Read() {
    if (const auto index = blobs_.Find("index.json")) {
      FindManifests(Parse(*index, "index.json"), {}, 0);
      ReadManifest(Choose());
    } else if (const auto docker = blobs_.Find("manifest.json")) {
      ReadDocker(Parse(*docker, "manifest.json"));
    } else {
      base::Fail(base::ExitCode::kFailed,
                 "{} is no OCI image: it has neither index.json nor manifest.json", blobs_.path());
    }
    return std::move(out_);
  }

 private:
  Json Parse(const std::string& file, const std::string& name) const {
    if (base::FileSize(file) > kMaxJsonBytes) {
      base::Fail(base::ExitCode::kFailed, "{}: {} is larger than what describes an image",
                 blobs_.path(), name);
    }
    return base::ParseJson(base::ReadFile(file), blobs_.path() + ": " + name,
                           base::ExitCode::kFailed);
  }
  Json ParseBlob(const std::string& digest) const {
    return Parse(blobs_.GetByDigest(digest), digest);
  }

  // Also those of indexes inside the index. `outer`: what the index itself is called.
  void FindManifests(const Json& index, const OciCandidate& outer, int depth) {
    if (depth > kMaxIndexDepth) {
      base::Fail(base::ExitCode::kFailed, "{} has indexes in indexes without an end",
                 blobs_.path());
    }
    for (const Json& one : index.at("manifests")) {
      if (++manifests_ > kMaxManifests) {
        base::Fail(base::ExitCode::kFailed, "{} lists more than {} images", blobs_.path(),
                   kMaxManifests);
      }
      const std::string type = MediaTypeOf(one);
      OciCandidate candidate = outer;
      candidate.digest = one.at("digest").get<std::string>();
      candidate.digests.insert(candidate.digest);
      if (one.contains("annotations")) {
        AddNames(one["annotations"], candidate.names);
      }
      if (type.find("index") != std::string::npos || type.find("list") != std::string::npos) {
        if (blobs_.HasDigest(candidate.digest)) {
          FindManifests(ParseBlob(candidate.digest), candidate, depth + 1);
        } else {
          lacking_ = candidate.digest;
        }
      } else if (!one.contains("artifactType")) {
        AddCandidate(one, std::move(candidate));
      }
    }
  }

  // Of the images of other machines, only their manifests' names may be there.
  void AddCandidate(const Json& descriptor, OciCandidate candidate) {
    if (descriptor.contains("platform")) {
      candidate.platform = PlatformOf(descriptor["platform"]);
    }
    if (candidate.platform.os == "unknown") {  // buildkit's attestations
      return;
    }
    const bool says = !candidate.platform.os.empty();
    const bool other = says && (candidate.platform.os != platform_.os ||
                                candidate.platform.architecture != platform_.architecture);
    if (!says || (!other && blobs_.HasDigest(candidate.digest))) {
      const Json manifest = ParseBlob(candidate.digest);
      if (!IsImage(manifest)) {
        return;
      }
      const std::string config = manifest.at("config").at("digest").get<std::string>();
      candidate.digests.insert(config);
      candidate.platform = says ? candidate.platform : PlatformOf(ParseBlob(config));
    }
    candidates_.push_back(std::move(candidate));
  }

  OciCandidate Choose() {
    // One that lies here goes before one that is only named.
    if (std::any_of(candidates_.begin(), candidates_.end(), [&](const OciCandidate& one) {
          return one.platform == platform_ && blobs_.HasDigest(one.digest);
        })) {
      std::erase_if(candidates_, [&](const OciCandidate& one) {
        return one.platform == platform_ && !blobs_.HasDigest(one.digest);
      });
    }
    if (candidates_.empty() && !lacking_.empty()) {
      blobs_.GetByDigest(lacking_);
    }
    OciCandidate chosen = ChooseOciImage(std::move(candidates_), reference_, platform_);
    for (auto name = chosen.names.rbegin(); name != chosen.names.rend(); ++name) {
      SetReference(*name);  // the first counts; another may say what it leaves out
    }
    return chosen;
  }

  void ReadManifest(const OciCandidate& chosen) {
    const Json manifest = ParseBlob(chosen.digest);
    out_.id = manifest.at("config").at("digest").get<std::string>();
    ReadConfig(ParseBlob(out_.id));
    for (const Json& layer : manifest.at("layers")) {
      out_.layers.push_back(blobs_.GetByDigest(layer.at("digest").get<std::string>()));
    }
  }

  // `docker save` before version 25, and others that write its form.
  void ReadDocker(const Json& list) {
    if (!list.is_array()) {
      base::Fail(base::ExitCode::kFailed, "{} is no OCI image: manifest.json is no list",
                 blobs_.path());
    }
    for (size_t i = 0; i < list.size(); ++i) {
      const std::string name = list[i].at("Config").get<std::string>();
      const std::string file = blobs_.Get(name);
      OciCandidate candidate;
      candidate.place = i;
      candidate.digest = "sha256:" + base::Sha256OfFile(file).ToHex();
      candidate.digests = {candidate.digest};
      candidate.names = Strings(list[i], "RepoTags");
      candidate.platform = PlatformOf(Parse(file, name));
      candidates_.push_back(std::move(candidate));
    }
    const OciCandidate chosen = Choose();
    const Json& one = list[chosen.place];
    out_.id = chosen.digest;
    const Json config = Parse(blobs_.Get(one["Config"]), one["Config"]);
    ReadConfig(config);
    for (const Json& layer : one.at("Layers")) {
      AddDockerLayer(layer.get<std::string>(),
                     config.at("rootfs").at("diff_ids").at(out_.layers.size()));
    }
  }

  // The digest is that of the layer without its compression, which some tools add.
  void AddDockerLayer(const std::string& name, const std::string& digest) {
    out_.layers.push_back(blobs_.Get(name));
    const std::string& file = out_.layers.back();
    if (digest == "sha256:" + base::Sha256OfFile(file).ToHex()) {
      return;
    }
    const std::string label = fmt::format("{}: layer {}", blobs_.path(), name);
    const std::string found = "sha256:" + Sha256OfPlain(file, label).ToHex();
    if (digest != found) {
      base::Fail(base::ExitCode::kVerification, "{} is damaged: its layer {} has the digest {}",
                 blobs_.path(), name, found);
    }
  }

  void ReadConfig(const Json& json) {
    out_.architecture = MachineOf(PlatformOf(json));
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
    out_.stop_signal = config.value("StopSignal", "");
    out_.exposed_ports = Keys(config, "ExposedPorts");
    out_.healthcheck = HealthcheckOf(config);
    out_.volumes = Keys(config, "Volumes");
  }

  static void AddNames(const Json& annotations, std::vector<std::string>& names) {
    for (const char* field : {"io.containerd.image.name", "org.opencontainers.image.ref.name"}) {
      if (const std::string name = annotations.value(field, ""); !name.empty()) {
        names.push_back(name);
      }
    }
  }

  // "docker.io/library/nginx:1.27", or a tag alone.
  void SetReference(const std::string& reference) {
    if (reference.find_first_of("/:") == std::string::npos) {
      out_.tag = reference;
      return;
    }
    const std::string plain = reference.substr(0, reference.find('@'));
    const std::string last = plain.substr(plain.rfind('/') + 1);
    const size_t colon = last.find(':');
    out_.name = last.substr(0, colon);
    out_.tag = colon == std::string::npos ? "" : last.substr(colon + 1);
  }

  const OciBlobs& blobs_;
  const OciReference& reference_;
  const OciPlatform& platform_;
  std::vector<OciCandidate> candidates_;
  size_t manifests_ = 0;  // that were met
  std::string lacking_;   // the digest of an index that is named and not there
  OciImage out_;
};

}  // namespace

OciImage OpenOciImage(const OciReference& reference, const OciPlatform& platform,
                      const std::string& folder) {
  const OciBlobs blobs(reference.path, folder);
  try {
    return OciReader(blobs, reference, platform).Read();
  } catch (const Json::exception& error) {  // a field is missing or of another type
    const std::string what = error.what();
    base::Fail(base::ExitCode::kFailed, "{} is no OCI image that can be read: {}", reference.path,
               what.substr(what.find("] ") + 2));
  }
}

}  // namespace builder

// A manifest and its files for the tests of images/.
#ifndef TESTS_IMAGES_SAMPLE_H_
#define TESTS_IMAGES_SAMPLE_H_

#include <string>

#include "chunker/index.h"
#include "images/version/manifest.h"

namespace images {

// The image of the sample: two chunks.
inline std::string SampleImage() { return "hello, world"; }

inline chunker::ChunkIndex SampleIndex() {
  chunker::ChunkIndex index;
  index.Append({base::Sha256Of("hello, ")}, 7);
  index.Append({base::Sha256Of("world")}, 5);
  return index;
}

inline Manifest SampleManifest() {
  Manifest manifest;
  manifest.name = "nginx";
  manifest.version = "1.26.0";
  manifest.architecture = "x86_64";
  manifest.image.size_bytes = SampleImage().size();
  manifest.image.sha256 = base::Sha256Of(SampleImage());
  manifest.image.block_size = 4096;
  manifest.image.layout = "aligned";
  manifest.image.codec = {"zstd", "1.5.7", 19, {{"window_log", 20}}};
  manifest.image.required_features = {"erofs-zstd"};
  manifest.index_sha256 = base::Sha256Of(SampleIndex().Serialize());
  const std::string path = "/nix/store/00000000000000000000000000000000-nginx-1.26.0";
  manifest.closure = {{path, "sha256:1abc", 12, {path}, "nginx", "1.26.0"}};
  Service service;
  service.exec = {"/usr/bin/nginx", "-g", "daemon off; # Grüße"};
  service.exec_start_pre = {{"/usr/bin/nginx", "-t"}};
  service.state = true;
  service.binds = {{"/etc/sites", "/etc/nginx/sites", false}};
  service.credentials = {{"tls.key", "/etc/tls.key"}};
  service.environment = {{"TZ", "UTC"}};
  service.environment_file = "/etc/nginx.env";
  service.ports = {80, 443};
  service.directives = {{"Service", {{"LimitNOFILE", "65536"}}}};
  manifest.services = {{"nginx", service}};
  return manifest;
}

}  // namespace images

#endif  // TESTS_IMAGES_SAMPLE_H_

#include "builder/imgbuild.h"

#include <fcntl.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>

#include "base/atomic_file.h"
#include "base/cli.h"
#include "base/error.h"
#include "base/file.h"
#include "base/progress.h"
#include "base/version.h"
#include "builder/chunk_cache.h"
#include "builder/closure_tree.h"
#include "builder/compressor.h"
#include "builder/erofs_format.h"
#include "builder/erofs_writer.h"
#include "builder/image_publisher.h"
#include "builder/nix_source.h"
#include "builder/provenance.h"
#include "builder/read_back.h"
#include "images/definition.h"
#include "images/image_directory.h"

namespace builder {
namespace {

constexpr const char* kExamples = R"(
Examples:
  imgbuild nginx                  build images/nginx.json; prints build/images/nginx/ID
  imgbuild --target lz4 nginx     for hosts whose kernel has no EROFS zstd (before 6.10, Flatcar)
  imgbuild --output /srv/images --level 15 nginx
)";

unsigned ThreadsFor(const BuildOptions& options) {
  return options.threads != 0 ? options.threads : std::max(1U, std::thread::hardware_concurrency());
}

// Null: none is wanted, or there is no place for one.
std::unique_ptr<ChunkCache> CacheFor(const BuildOptions& options, const base::Io& io) {
  const std::optional<std::string> folder = DefaultCacheFolder();
  if (!options.use_cache || !folder) {
    return nullptr;
  }
  return std::make_unique<ChunkCache>(*folder, options.cache_bytes, io);
}

images::Manifest MakeManifest(const images::Definition& definition, const NixClosure& closure,
                              const images::Codec& codec, const WrittenImage& image) {
  images::Manifest out;
  out.name = definition.name;
  out.version = PackageNameOf(closure.main_path).version;
  out.architecture = images::MachineArchitecture();
  out.image.size_bytes = image.size_bytes;
  out.image.sha256 = image.sha256;
  out.image.block_size = erofs::kBlockBytes;
  out.image.layout = "aligned";
  out.image.codec = codec;
  out.image.required_features = {definition.target == images::Target::kZstd ? "erofs-zstd"
                                                                            : "erofs-lz4"};
  out.index_sha256 = base::Sha256Of(image.index.Serialize());
  out.closure = closure.paths;
  out.services = definition.services;
  return out;
}

}  // namespace

std::string Build(const BuildOptions& options, const base::Io& io) {
  const auto start = std::chrono::steady_clock::now();
  images::Definition definition = images::LoadDefinition(options.definitions, options.name);
  if (options.target) {
    definition.target = images::ParseTarget(*options.target);
  }
  const images::Codec codec = CodecFor(definition.target, options.level);
  NixClosure closure = ResolveNix(definition.source, definition.contents.add);
  const Tree tree = MakeTree(definition, closure);

  ImagePublisher publisher(base::AbsolutePath(options.output), definition.name);
  const std::string image_path = publisher.folder() + "/" + images::kImageFile;
  base::UniqueFd fd = base::Open(image_path, O_RDWR | O_CREAT | O_EXCL, 0644);
  const std::unique_ptr<ChunkCache> cache = CacheFor(options, io);
  const WrittenImage image = WriteErofs(
      tree, fd.get(), image_path, {codec, definition.name, ThreadsFor(options), cache.get()}, io);
  base::Close(std::move(fd), image_path);
  ReadBack(image_path, tree, io);
  base::WriteFileAtomically(publisher.folder() + "/" + images::kIndexFile, image.index.Serialize());
  base::WriteFileAtomically(publisher.folder() + "/" + images::kProvenanceFile,
                            MakeProvenance(definition, closure));
  std::string path = publisher.Publish(MakeManifest(definition, closure, codec, image));
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  io.Err("{}: {} of {} store paths packed into {} in {:.1f} s\n", definition.name,
         base::HumanBytes(tree.root().ContentBytes()), closure.paths.size(),
         base::HumanBytes(image.size_bytes), seconds.count());
  return path;
}

int RunImgbuild(const std::vector<std::string>& arguments, const base::Io& io) {
  BuildOptions options;
  CLI::App app("Packs an application's closure into a compressed EROFS image.", "imgbuild");
  app.set_version_flag("--version", base::kVersion);
  app.footer(kExamples);
  app.add_option("NAME", options.name, "image to build: DIR/NAME.json of --definitions")
      ->required();
  app.add_option("--definitions", options.definitions, "folder of the image definitions")
      ->capture_default_str();
  app.add_option("--output", options.output, "folder that NAME/ID is made in")
      ->capture_default_str();
  app.add_option("--level", options.level, "compression level")->capture_default_str();
  app.add_option("--target", options.target,
                 "zstd (Linux 6.10 with EROFS zstd) or lz4 (any Linux from 6.1)");
  app.add_option("--threads", options.threads,
                 "compressing threads; the image does not depend on it; 0: one a core")
      ->capture_default_str()
      ->check(CLI::Range(0, 256));
  app.add_option("--cache-size", options.cache_bytes,
                 "most bytes that the cache of compressed chunks may take (2G, 500M)")
      ->capture_default_str()
      ->transform(CLI::AsSizeValue(/*kb_is_1000=*/false));
  bool no_cache = false;
  app.add_flag("--no-cache", no_cache,
               "neither use nor fill ~/.cache/slipway/chunks; the image does not depend on it");
  if (!base::ParseArguments(app, arguments, io)) {
    return 0;
  }
  options.use_cache = !no_cache;
  io.Out("{}\n", Build(options, io));
  return 0;
}

}  // namespace builder

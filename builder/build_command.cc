#include "builder/build_command.h"

#include <fcntl.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>
#include <utility>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/problems.h"
#include "base/progress.h"
#include "builder/contents/closure_tree.h"
#include "builder/erofs/erofs_format.h"
#include "builder/image_publisher.h"
#include "builder/provenance.h"
#include "builder/read/read_back.h"
#include "builder/source/resolve_source.h"
#include "builder/version_label.h"
#include "builder/write/erofs_writer.h"
#include "chunker/codec_table.h"
#include "images/definition/definition.h"
#include "images/label.h"
#include "images/service/service_checks.h"
#include "images/version/host_layout.h"
#include "images/version/image_directory.h"
#include "images/version/verity_tree.h"
#include "units/auxiliary_units.h"
#include "units/render.h"
#include "units/unit_paths.h"

namespace builder {
namespace {

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

// What no host could run is said before the image is written.
void CheckServices(const images::Definition& definition, images::UserCheck user,
                   base::Problems& problems) {
  for (const images::FieldProblem& problem : images::FindProblems(definition.services, user)) {
    problems.Add(base::ExitCode::kUsage, "{}: {}", problem.field, problem.why);
  }
  for (const auto& [name, service] : definition.services) {
    if (service.exec.empty()) {
      continue;  // which is known
    }
    // An ELF program stands where it stood on this machine, perhaps in somebody's home.
    const std::string why = units::WhyHidden(service.exec.front(), name, service);
    if (!why.empty()) {
      problems.Add(base::ExitCode::kUsage,
                   "services.{}.exec: the service would not see {} ({}); put the program elsewhere "
                   "in the image",
                   name, service.exec.front(), why);
    }
    images::Manifest manifest;
    manifest.name = definition.name;
    manifest.services = {{name, service}};
    const images::StoredManifest stored{manifest, "", {}, images::ImageId::Of({})};
    const std::string path =
        images::HostLayout(images::kDefaultRoot).Version(definition.name, stored.id);
    problems.Try([&] { units::Render(stored, path); });
    problems.Try([&] { units::RenderAuxiliaryUnits(stored, path); });
  }
}

// The tree and the closure of `definition`, whose services are complete afterwards. All that is
// wrong with it is said at once; without a tree there is less to look at.
std::pair<Closure, Tree> Assemble(images::Definition& definition, base::PhaseLog& phases,
                                  const base::Io& io) {
  std::pair<Closure, Tree> out;
  base::Problems problems;
  bool is_made = problems.Try([&] { out.first = ResolveSource(definition, io); });
  phases.Done("closure found");
  if (is_made) {
    is_made = problems.Try([&] { out.second = MakeTree(definition, out.first, io); });
  } else {
    CheckFiles(definition.contents, problems);
  }
  phases.Done("tree made");
  // Only the source knows who the services of an OCI image run as.
  CheckServices(definition, is_made ? images::UserCheck::kNow : images::UserCheck::kLater,
                problems);
  images::ThrowIfAny(definition, problems);
  return out;
}

images::Manifest MakeManifest(const images::Definition& definition, const Closure& closure,
                              const images::Codec& codec, const WrittenImage& image,
                              const base::Sha256& digest) {
  images::Manifest out;
  out.name = definition.name;
  out.version = closure.version;
  out.architecture = closure.architecture;
  out.image.size_bytes = image.size_bytes;
  out.image.sha256 = digest;
  out.image.block_size = erofs::kBlockBytes;
  out.image.layout = "aligned";
  out.image.codec = codec;
  out.image.required_features = {chunker::CodecNamed(codec.name).feature};
  out.index_sha256 = base::Sha256Of(image.index.Serialize());
  for (const Package& package : closure.packages) {
    out.closure.push_back(package.entry);
  }
  out.services = definition.services;
  return out;
}

std::string LabelOf(const BuildOptions& options, const images::Definition& definition) {
  const std::string folder = definition.file.empty() ? "." : options.definitions;
  if (options.version_label) {
    if (options.version_label->empty()) {
      base::Fail(base::ExitCode::kUsage, "--version-label: {}", images::LabelProblem(""));
    }
    return ResolveLabel(*options.version_label, folder, "--version-label");
  }
  return ResolveLabel(definition.version, folder, definition.file + ": version");
}

}  // namespace

std::string Build(const BuildOptions& options, const base::Io& io) {
  images::Definition definition = DefinitionOf(options);
  if (images::IsFromCatalog(definition)) {
    io.Err("note: there is no {}/{}.json: this is the catalog's {}, with imgbuild's own settings\n",
           options.definitions, definition.name, definition.name);
  }
  return BuildDefinition(std::move(definition), options, io);
}

std::string BuildDefinition(images::Definition definition, const BuildOptions& options,
                            const base::Io& io) {
  const auto start = std::chrono::steady_clock::now();
  const std::string label = LabelOf(options, definition);
  const images::Codec codec = chunker::CodecFor(definition.target, options.level);
  base::PhaseLog phases(definition.name);
  const auto [closure, tree] = Assemble(definition, phases, io);

  ImagePublisher publisher(base::AbsolutePath(options.output), definition.name);
  const std::string image_path = publisher.folder() + "/" + images::kImageFile;
  base::UniqueFd fd = base::Open(image_path, O_RDWR | O_CREAT | O_EXCL, 0644);
  const std::unique_ptr<ChunkCache> cache = CacheFor(options, io);
  const WrittenImage image = WriteErofs(
      tree, fd.get(), image_path, {codec, definition.name, ThreadsFor(options), cache.get()}, io);
  base::Close(std::move(fd), image_path);
  phases.Done("image written");
  const base::Sha256 digest = ReadBack(image_path, tree, io);
  phases.Done("image read back");
  images::Manifest manifest = MakeManifest(definition, closure, codec, image, digest);
  if (definition.verity) {
    manifest.image.verity_root = images::VerityRootOfFile(image_path);
    phases.Done("verity root found");
  }
  base::WriteFileAtomically(publisher.folder() + "/" + images::kIndexFile, image.index.Serialize());
  base::WriteFileAtomically(publisher.folder() + "/" + images::kProvenanceFile,
                            MakeProvenance(definition, closure));
  std::string path = publisher.Publish(manifest);
  LabelVersion(path, definition.name, label, io);
  phases.Done("published");
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  io.Err("{}: {} of {} packed into {} in {:.1f} s\n", definition.name,
         base::HumanBytes(tree.root().ContentBytes()),
         base::Counted(closure.packages.size(), "package"), base::HumanBytes(image.size_bytes),
         seconds.count());
  return path;
}

}  // namespace builder

#include "builder/source/root_source.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "builder/source/oci_image.h"
#include "builder/source/oci_layer.h"
#include "builder/source/path_list.h"

namespace builder {
namespace {

bool IsSpecial(const Node& node) {
  return node.kind != Node::Kind::kDirectory && node.kind != Node::Kind::kFile &&
         node.kind != Node::Kind::kSymlink;
}

// `left_out`: the paths of what has no place in an image whose attributes are not kept.
void Normalise(int64_t time_seconds, const std::string& path, Node& node,
               std::vector<std::string>& left_out) {
  if (node.kind == Node::Kind::kDirectory) {
    node.permissions = 0755;
  } else if (node.kind == Node::Kind::kFile) {
    node.permissions = (node.permissions & 0111) != 0 ? 0555 : 0444;
  }
  node.uid = 0;
  node.gid = 0;
  node.mtime_seconds = time_seconds;
  node.mtime_nanoseconds = 0;
  node.xattrs.clear();
  std::erase_if(node.children, [&](const auto& child) {
    if (IsSpecial(*child.second)) {
      left_out.push_back(path + "/" + child.first);
      return true;
    }
    Normalise(time_seconds, path + "/" + child.first, *child.second, left_out);
    return false;
  });
}

// What systemd and our manifest can hold; the rest is left out with a note.
bool IsPlainVariable(const std::string& text) {
  const size_t equals = text.find('=');
  const std::string name = text.substr(0, equals);
  return equals != std::string::npos && !name.empty() && (name[0] < '0' || name[0] > '9') &&
         text.find('\n') == std::string::npos && std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '_';
         });
}

ServiceDefaults DefaultsOf(const OciImage& image, const base::Io& io) {
  ServiceDefaults out;
  out.exec = image.command;
  for (const std::string& variable : image.environment) {
    if (!IsPlainVariable(variable)) {
      io.Err("note: a unit cannot hold '{}' of the image's environment; it is left out\n",
             variable.substr(0, variable.find('=')));
      continue;
    }
    out.environment.emplace(variable.substr(0, variable.find('=')),
                            variable.substr(variable.find('=') + 1));
  }
  if (image.working_directory != "/") {
    out.working_directory = image.working_directory;
  }
  out.user = image.user;
  return out;
}

std::string TemporaryFolder() {
  const char* folder = std::getenv("TMPDIR");
  return folder == nullptr || *folder == '\0' ? "/var/tmp" : folder;
}

}  // namespace

Closure ResolveRoot(const images::RootSource& source, const base::Io& io) {
  const auto found = base::StatIfThere(source.directory);
  if (!found || !S_ISDIR(found->st_mode)) {
    base::Fail(base::ExitCode::kFailed, "the root directory {} {}", source.directory,
               found ? "is no directory" : "does not exist");
  }
  Closure out;
  out.packages = {{{"/", "", 0, {}, "root", ""}, {"/"}}};
  out.fill = [source, io](Tree& tree) {
    tree.AddFromDisk(base::RealPath(source.directory), "/", /*preserve=*/true);
    std::vector<std::string> left_out;
    if (!source.preserve) {
      Normalise(tree.time_seconds(), "", tree.root(), left_out);
    }
    if (!left_out.empty()) {
      io.Err(
          "note: {} devices, fifos and sockets are left out, the first {}; --preserve keeps them\n",
          left_out.size(), left_out.front());
    }
  };
  return out;
}

Closure ResolveOci(const images::OciSource& source, const base::Io& io) {
  // Shared by the closure, whose files are in it.
  const auto folder = std::make_shared<base::TemporaryDirectory>(TemporaryFolder(), "slipway-oci-");
  const std::string blobs = folder->path() + "/blobs";
  const std::string files = folder->path() + "/files";
  base::MakeDirectories(blobs);
  Closure out;
  const OciImage image = OpenOciImage(source.path, out.architecture, blobs);
  const auto tree = std::make_shared<Tree>();
  for (size_t i = 0; i < image.layers.size(); ++i) {
    const std::string own = fmt::format("{}/{}", files, i);
    base::MakeDirectories(own);
    ApplyLayer(image.layers[i], fmt::format("{}: layer {}", source.path, i + 1), own, *tree);
  }
  base::RemoveTree(blobs);
  out.version = image.tag;
  out.packages = {{{"/", image.id, 0, {}, image.name, image.tag}, {"/"}}};
  out.service = DefaultsOf(image, io);
  if (const auto path = out.service.environment.find("PATH");
      path != out.service.environment.end()) {
    out.program_folders = SplitPathList(path->second);
  }
  out.fill = [folder, tree](Tree& into) { into = std::move(*tree); };
  return out;
}

}  // namespace builder

#include "builder/contents/closure_tree.h"

#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "builder/contents/exclusions.h"
#include "builder/contents/service_commands.h"
#include "units/mount_points.h"

namespace builder {
namespace {

constexpr std::string_view kOut = "{out}";

std::string WithOut(std::string text, const std::string& main_path) {
  for (size_t at = text.find(kOut); at != std::string::npos;
       at = text.find(kOut, at + main_path.size())) {
    text.replace(at, kOut.size(), main_path);
  }
  return text;
}

// A target that climbs above the root, or a loop, is a mistake; one that leads to what is only
// there at run time (/run, a bind) is not.
void CheckLink(const std::string& path, const Tree& tree) {
  const Node* link = tree.Find(path);
  long depth = static_cast<long>(PathComponents(base::ParentOf(path)).size());
  depth = link->target.starts_with('/') ? 0 : depth;
  for (const std::string& name : PathComponents(link->target)) {
    depth += name == ".." ? -1 : (name == "." ? 0 : 1);
    if (depth < 0) {
      base::Fail(base::ExitCode::kUsage,
                 "contents.symlinks.{}: the target '{}' leads out of the image", path,
                 link->target);
    }
  }
  bool loop = false;
  tree.Resolve(path, &loop);
  if (loop) {
    base::Fail(base::ExitCode::kUsage, "contents.symlinks.{}: the links lead round in a circle",
               path);
  }
}

void AddContents(const images::Definition& definition, const std::string& main_path, Tree& tree) {
  for (const std::string& directory : definition.contents.directories) {
    tree.MakeDirectory(directory);
  }
  for (const auto& [path, target] : definition.contents.symlinks) {
    tree.AddSymlink(path, WithOut(target, main_path));
  }
  for (const auto& link : definition.contents.symlinks) {
    CheckLink(link.first, tree);
  }
  for (const auto& [path, file] : definition.contents.files) {
    if (!base::Exists(file)) {
      base::Fail(base::ExitCode::kUsage, "{}: contents.files: {} does not exist", definition.name,
                 file);
    }
    tree.AddFromDisk(base::RealPath(file), path);
  }
}

// Where a unit mounts something over, or where programs expect a name for the users that a unit may
// have.
void AddSystemFiles(const images::Definition& definition, const std::string& version, Tree& tree) {
  for (const units::MountPoint& point : units::MountPointsOf(definition.services)) {
    if (tree.Resolve(point.path) != nullptr) {
      continue;
    }
    if (tree.Find(point.path) != nullptr) {  // a link to what only a running system has
      tree.Find(base::ParentOf(point.path))->children.erase(base::BaseName(point.path));
    }
    if (point.is_directory) {
      tree.MakeDirectory(point.path);
    } else {
      tree.AddLiteral(point.path, "");
    }
  }
  const auto add = [&](const std::string& path, std::string content) {
    if (tree.Find(path) == nullptr) {
      tree.AddLiteral(path, std::move(content));
    }
  };
  add("/etc/passwd",
      "root:x:0:0:root:/:/nonexistent\nnobody:x:65534:65534:nobody:/:/nonexistent\n");
  add("/etc/group", "root:x:0:\nnogroup:x:65534:\n");
  add("/etc/os-release", fmt::format("ID={}\nNAME={}\nVERSION_ID=\"{}\"\n", definition.name,
                                     definition.name, version));
}

}  // namespace

Tree MakeTree(images::Definition& definition, Closure& closure) {
  Tree tree;
  closure.fill(tree);
  ApplyExclusions(definition.contents, tree);
  for (Package& package : closure.packages) {
    package.entry.size_bytes = 0;
    for (const std::string& path : package.paths) {
      const Node* node = tree.Find(path);
      package.entry.size_bytes += node == nullptr ? 0 : node->ContentBytes();
    }
  }
  AddContents(definition, closure.main_path, tree);
  AddSystemFiles(definition, closure.version, tree);
  ResolveServices(closure, tree, definition.services);
  return tree;
}

}  // namespace builder

#include "builder/closure_tree.h"

#include "base/error.h"
#include "base/file.h"
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

void AddContents(const images::Definition& definition, const std::string& main_path, Tree& tree) {
  for (const std::string& directory : definition.contents.directories) {
    tree.MakeDirectory(directory);
  }
  for (const auto& [path, target] : definition.contents.symlinks) {
    tree.AddSymlink(path, WithOut(target, main_path));
  }
  for (const auto& [path, file] : definition.contents.files) {
    if (!base::Exists(file)) {
      base::Fail(base::Code::kUsage, "{}: contents.files: {} does not exist", definition.name,
                 file);
    }
    tree.AddFromDisk(base::RealPath(file), path);
  }
}

// Where a unit mounts something over, or where programs expect a name for the users that a unit may
// have.
void AddSystemFiles(const images::Definition& definition, const std::string& version, Tree& tree) {
  for (const units::MountPoint& point : units::MountPointsOf(definition.services)) {
    if (tree.Find(point.path) != nullptr) {
      continue;
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

void CheckCommand(const Tree& tree, const std::string& service, const std::string& field,
                  const images::Command& command) {
  const Node* program = tree.Resolve(command.front());
  if (program == nullptr || program->kind != Node::Kind::kFile) {
    base::Fail(base::Code::kUsage,
               "services.{}.{}: {} is not in the image; use a path of the closure, or add it by "
               "contents.symlinks",
               service, field, command.front());
  }
  if ((program->permissions & 0111) == 0) {
    base::Fail(base::Code::kUsage, "services.{}.{}: {} is in the image but not executable", service,
               field, command.front());
  }
}

void CheckPrograms(const images::Services& services, const Tree& tree) {
  for (const auto& [name, service] : services) {
    CheckCommand(tree, name, "exec", service.exec);
    for (const images::Command& command : service.exec_start_pre) {
      CheckCommand(tree, name, "exec_start_pre", command);
    }
  }
}

}  // namespace

Tree MakeTree(const images::Definition& definition, NixClosure& closure) {
  Tree tree;
  for (images::ClosurePath& path : closure.paths) {
    tree.AddFromDisk(path.path, path.path);
    path.size_bytes = tree.Find(path.path)->ContentBytes();
  }
  AddContents(definition, closure.main_path, tree);
  AddSystemFiles(definition, PackageNameOf(closure.main_path).version, tree);
  CheckPrograms(definition.services, tree);
  return tree;
}

}  // namespace builder

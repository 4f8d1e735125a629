#include "builder/closure_tree.h"

#include <sstream>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "builder/exclusions.h"
#include "builder/oci_user.h"
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
      base::Fail(base::Code::kUsage, "contents.symlinks.{}: the target '{}' leads out of the image",
                 path, link->target);
    }
  }
  bool loop = false;
  tree.Resolve(path, &loop);
  if (loop) {
    base::Fail(base::Code::kUsage, "contents.symlinks.{}: the links lead round in a circle", path);
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

// A command's program without a slash is looked for as a shell would.
std::string FindProgram(const std::string& program, const ServiceDefaults& defaults,
                        const Tree& tree) {
  if (program.starts_with('/')) {
    return program;
  }
  if (program.find('/') != std::string::npos) {
    return defaults.working_directory + "/" + program;
  }
  const auto set = defaults.environment.find("PATH");
  std::istringstream folders(set == defaults.environment.end()
                                 ? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
                                 : set->second);
  for (std::string folder; std::getline(folders, folder, ':');) {
    std::string path = folder + "/" + program;
    const Node* found = folder.starts_with('/') ? tree.Resolve(path) : nullptr;
    if (found != nullptr && found->kind == Node::Kind::kFile && (found->permissions & 0111) != 0) {
      return path;
    }
  }
  base::Fail(base::Code::kUsage, "the source's command {} is nowhere in its PATH", program);
}

bool SaysWhoRuns(const images::Service& service) {
  const auto lines = service.directives.find("Service");
  return lines != service.directives.end() &&
         (lines->second.contains("User") || lines->second.contains("Group") ||
          lines->second.contains("DynamicUser"));
}

// systemd has no way to run a service as a number that the host has no name for, but one: with
// DynamicUser=yes it takes the number that User= is.
void ApplyUser(const std::string& user, const Tree& tree, images::Service& service) {
  if (SaysWhoRuns(service)) {
    return;
  }
  if (const std::optional<OciUser> found = ResolveOciUser(user, tree)) {
    std::map<std::string, std::string>& lines = service.directives["Service"];
    lines["User"] = std::to_string(found->uid);
    lines["Group"] = std::to_string(found->gid);
  }
}

void ApplyDefaults(const ServiceDefaults& defaults, const Tree& tree, images::Services& services) {
  for (auto& [name, service] : services) {
    if (service.exec.empty()) {
      if (defaults.exec.empty()) {
        base::Fail(base::Code::kUsage,
                   "services.{}.exec: the source names no command, so this must", name);
      }
      images::Command command = defaults.exec;
      command.front() = FindProgram(command.front(), defaults, tree);
      service.exec = std::move(command);
    }
    service.environment.insert(defaults.environment.begin(), defaults.environment.end());
    if (!defaults.working_directory.empty()) {
      service.directives["Service"].emplace("WorkingDirectory", defaults.working_directory);
    }
    ApplyUser(defaults.user, tree, service);
  }
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
  ApplyDefaults(closure.service, tree, definition.services);
  AddSystemFiles(definition, closure.version, tree);
  CheckPrograms(definition.services, tree);
  return tree;
}

}  // namespace builder
